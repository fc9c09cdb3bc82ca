/** What a reviewer has to look at, kind of evidence by kind. What is required must hold before anything is approved. */
import { Fieldset, Group, Radio, Stack, TextInput } from "@mantine/core";
import type { ChecklistItem, EvidenceKind } from "@/api/types";
import { count } from "@/components/sizes";

type Said = "yes" | "no" | "not-applicable";
export type Answers = Readonly<Record<string, { answer: Said; note: string }>>;

const KINDS: Record<ChecklistItem["kind"], string> = {
  licence: "Licence",
  consent: "Consent",
  provenance: "Provenance",
  privacy: "Privacy",
  evaluation: "Evaluation",
};
const WORDS: readonly [Said, string][] = [
  ["yes", "Yes"],
  ["no", "No"],
  ["not-applicable", "Does not apply"],
];
const LONGEST_NOTE = 1_000;

export function isComplete(items: readonly ChecklistItem[], answers: Answers): boolean {
  return items.every((item) => {
    const said = answers[item.id];
    if (!said) return !item.required;
    if (said.answer === "not-applicable") return said.note.trim() !== "";
    return said.answer === "yes" || !item.required;
  });
}

export type DocumentCounts = Partial<Record<EvidenceKind, number>>;

/** The name of a kind, and how many documents speak for it where documents can. */
export function legendOf(kind: ChecklistItem["kind"], documents: DocumentCounts | undefined): string {
  const found = kind === "evaluation" ? undefined : documents?.[kind];
  if (found === undefined) return KINDS[kind];
  return `${KINDS[kind]} (${found === 0 ? "no document" : count(found, "document")})`;
}

interface ChecklistFieldsProps {
  items: readonly ChecklistItem[];
  documents?: DocumentCounts | undefined;
  answers: Answers;
  onChange: (answers: Answers) => void;
}

export function ChecklistFields({ items, documents, answers, onChange }: ChecklistFieldsProps) {
  const kinds = [...new Set(items.map((item) => item.kind))];
  return (
    <Stack>
      {kinds.map((kind) => (
        <Fieldset key={kind} legend={legendOf(kind, documents)}>
          <Stack>
            {items
              .filter((item) => item.kind === kind)
              .map((item) => (
                <ItemField
                  key={item.id}
                  item={item}
                  said={answers[item.id]}
                  onSay={(said) => onChange({ ...answers, [item.id]: said })}
                />
              ))}
          </Stack>
        </Fieldset>
      ))}
    </Stack>
  );
}

interface ItemFieldProps {
  item: ChecklistItem;
  said: Answers[string] | undefined;
  onSay: (said: Answers[string]) => void;
}

function ItemField({ item, said, onSay }: ItemFieldProps) {
  return (
    <Stack gap="xs">
      <Radio.Group
        label={item.text}
        withAsterisk={item.required}
        value={said?.answer ?? null}
        onChange={(value) => onSay({ answer: WORDS.find(([word]) => word === value)?.[0] ?? "no", note: said?.note ?? "" })}
      >
        <Group gap="md" mt={6}>
          {WORDS.map(([word, label]) => (
            <Radio key={word} value={word} label={label} />
          ))}
        </Group>
      </Radio.Group>
      {said && said.answer !== "yes" && (
        <TextInput
          label="Note"
          description={said.answer === "not-applicable" ? "Say why it does not apply." : undefined}
          required={said.answer === "not-applicable"}
          maxLength={LONGEST_NOTE}
          value={said.note}
          onChange={(event) => onSay({ ...said, note: event.currentTarget.value })}
        />
      )}
    </Stack>
  );
}
