/** Chooses one document and says what it speaks for. */
import { Button, Group } from "@mantine/core";
import { useRef, useState } from "react";
import type { EvidenceKind } from "@/api/types";
import { useVocabulary } from "@/api/vocabulary";
import { Choice } from "@/components/Choice";
import { Notice } from "@/components/Notice";
import { tooLarge, type ChosenDocument } from "@/features/evidence/documents";

interface DocumentPickerProps {
  busy?: boolean;
  onChosen: (chosen: ChosenDocument) => void;
}

export function DocumentPicker({ busy = false, onChosen }: DocumentPickerProps) {
  const kinds = useVocabulary().data?.evidence_kinds ?? [];
  const [kind, setKind] = useState<EvidenceKind>("consent");
  const [fault, setFault] = useState<string | null>(null);
  const input = useRef<HTMLInputElement>(null);

  function take() {
    const file = input.current?.files?.[0];
    if (input.current) input.current.value = ""; // the same file may be chosen again
    if (!file) return;
    const found = tooLarge(file);
    setFault(found);
    if (!found) onChosen({ kind, file });
  }

  return (
    <>
      <Group gap="sm" align="flex-end">
        <Choice
          label="What the document is"
          description="PDF, PNG, JPEG or plain text; at most 20 MiB"
          data={kinds.map(({ id, name }) => ({ value: id, label: name }))}
          value={kind}
          onChange={(chosen) => chosen && setKind(chosen as EvidenceKind)}
        />
        <Button variant="default" loading={busy} onClick={() => input.current?.click()}>
          Add a document
        </Button>
      </Group>
      <input ref={input} type="file" hidden aria-hidden tabIndex={-1} data-testid="document-file" onChange={take} />
      {fault && <Notice tone="bad" role="alert" title="This is too large">{fault}</Notice>}
    </>
  );
}
