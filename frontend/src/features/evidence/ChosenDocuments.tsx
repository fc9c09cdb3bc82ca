/** Documents that go up with the draft, once it is saved. */
import { Button, Group, Stack, Text } from "@mantine/core";
import { nameOf, useVocabulary } from "@/api/vocabulary";
import { RowList } from "@/components/RowList";
import { size } from "@/components/sizes";
import { DocumentPicker } from "@/features/evidence/DocumentPicker";
import type { ChosenDocument } from "@/features/evidence/documents";

interface ChosenDocumentsProps {
  chosen: readonly ChosenDocument[];
  onChange: (chosen: ChosenDocument[]) => void;
}

export function ChosenDocuments({ chosen, onChange }: ChosenDocumentsProps) {
  const kinds = useVocabulary().data?.evidence_kinds;
  return (
    <Stack gap="xs" role="group" aria-label="Documents">
      <Text fw={700} size="sm">
        Documents
      </Text>
      <Text c="dimmed" size="sm">
        A signed consent form, a licence agreement, a privacy report. Only your organisation, its reviewers and auditors
        read them.
      </Text>
      {chosen.length > 0 && (
        <RowList label="Documents to send">
          {chosen.map((one) => (
            <li key={`${one.kind} ${one.file.name}`}>
              <Group justify="space-between" gap="xs">
                <Text size="sm" style={{ overflowWrap: "anywhere" }}>
                  {`${nameOf(kinds, one.kind)}: ${one.file.name}, ${size(one.file.size)}`}
                </Text>
                <Button
                  variant="default"
                  size="xs"
                  aria-label={`Leave out ${one.file.name}`}
                  onClick={() => onChange(chosen.filter((other) => other !== one))}
                >
                  Leave out
                </Button>
              </Group>
            </li>
          ))}
        </RowList>
      )}
      <DocumentPicker
        onChosen={(next) =>
          onChange([...chosen.filter(({ kind, file }) => kind !== next.kind || file.name !== next.file.name), next])
        }
      />
    </Stack>
  );
}
