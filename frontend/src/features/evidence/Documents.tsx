/** The documents beside a version, for those who may read them: to download, and to add to while it is not decided. */
import { Button, Group, Stack, Text } from "@mantine/core";
import { useState } from "react";
import type { EvidenceFile, EvidenceKind } from "@/api/types";
import { nameOf, useVocabulary } from "@/api/vocabulary";
import { Answered } from "@/components/Answered";
import { ConfirmButton } from "@/components/ConfirmButton";
import { Digest } from "@/components/Digest";
import { RefusalNotice } from "@/components/RefusalNotice";
import { RowList } from "@/components/RowList";
import { size } from "@/components/sizes";
import { When } from "@/components/When";
import { DocumentPicker } from "@/features/evidence/DocumentPicker";
import { typeName, useAddDocument, useDocuments, useRemoveDocument } from "@/features/evidence/documents";

export function Documents({ versionId }: { versionId: string }) {
  const documents = useDocuments(versionId);
  const add = useAddDocument(versionId);
  const [sent, setSent] = useState("");
  return (
    <Answered query={documents} what="documents">
      {(found) => (
        <Stack gap="md">
          {found.files.length === 0 ? (
            <Text c="dimmed" size="sm">
              No document lies with it.
            </Text>
          ) : (
            <RowList label="Documents">
              {found.files.map((file) => (
                <li key={file.id}>
                  <OneDocument file={file} versionId={versionId} mayRemove={found.may_remove} />
                </li>
              ))}
            </RowList>
          )}
          {found.may_add && (
            <DocumentPicker
              busy={add.isPending}
              onChosen={(chosen) => {
                setSent(chosen.file.name);
                add.mutate(chosen);
              }}
            />
          )}
          {add.error && (
            <Stack gap={4}>
              <Text size="sm">{sent} was not taken:</Text>
              <RefusalNotice error={add.error} />
            </Stack>
          )}
        </Stack>
      )}
    </Answered>
  );
}

interface OneDocumentProps {
  file: EvidenceFile;
  versionId: string;
  mayRemove: boolean;
}

function OneDocument({ file, versionId, mayRemove }: OneDocumentProps) {
  const kinds = useVocabulary().data?.evidence_kinds;
  const remove = useRemoveDocument(versionId);
  return (
    <Group justify="space-between" gap="xs" align="flex-start">
      <Stack gap={4} miw={0}>
        <Text fw={500} style={{ overflowWrap: "anywhere" }}>
          {file.name}
        </Text>
        <Text size="sm" c="dimmed" component="div">
          {`${nameOf(kinds, file.kind)}, ${typeName(file.media_type)}, ${size(file.size)}; ${file.added_by}, `}
          <When at={file.added_at} />
        </Text>
        <Digest value={file.sha256} what={`SHA-256 of ${file.name}`} />
        {remove.error && <RefusalNotice error={remove.error} />}
      </Stack>
      <Group gap="xs">
        <Button component="a" href={`/api/v1/evidence/${file.id}`} download variant="default" size="xs" aria-label={`Download ${file.name}`}>
          Download
        </Button>
        {mayRemove && (
          <ConfirmButton
            words="Remove"
            about={file.name}
            question="It is taken off the draft, and its bytes are deleted."
            loading={remove.isPending}
            onConfirm={() => remove.mutate(file.id)}
          />
        )}
      </Group>
    </Group>
  );
}

/** How many documents there are of each kind; nothing while it is not known. */
export function useDocumentCounts(versionId: string): Partial<Record<EvidenceKind, number>> | undefined {
  const found = useDocuments(versionId).data;
  return found && Object.fromEntries(found.kinds.map(({ id, files }) => [id, files]));
}
