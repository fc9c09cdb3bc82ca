/** What a licence means once it is given, said before it is given, with the way to keep the last word. */
import { Button, Group, List, Text } from "@mantine/core";
import type { LicenceTerms } from "@/api/types";
import { Notice } from "@/components/Notice";
import { consequences } from "@/features/evidence/evidence";

interface LicenceConsequencesProps {
  licence: LicenceTerms | undefined;
  expression: string;
  /** Terms that can be taken back, to be offered beside those that cannot, where there is still a choice. */
  revocable?: LicenceTerms | undefined;
  onChoose?: (licence: string) => void;
}

export function LicenceConsequences({ licence, expression, revocable, onChoose }: LicenceConsequencesProps) {
  if (!expression) return null;
  if (!licence) {
    return (
      <Notice tone="info" title={`What ${expression} means`}>
        Guildhall has no plain summary of this expression. Compliance reads it and concludes what it allows.
      </Notice>
    );
  }
  return (
    <Notice tone={licence.revocable ? "info" : "warning"} title={`What ${licence.name} means`}>
      <Text size="sm">{licence.summary}</Text>
      <List size="sm" spacing={2}>
        {consequences(licence).map((sentence) => (
          <List.Item key={sentence}>{sentence}</List.Item>
        ))}
      </List>
      {!licence.revocable && revocable && onChoose && (
        <Group gap="sm" mt="xs">
          <Text size="sm">If you want to be able to end all use one day, give it under the {revocable.name} instead.</Text>
          <Button size="compact-sm" variant="light" onClick={() => onChoose(revocable.id)}>
            Use terms I can take back
          </Button>
        </Group>
      )}
    </Notice>
  );
}
