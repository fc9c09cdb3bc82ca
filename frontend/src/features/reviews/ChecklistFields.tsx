/** What a reviewer has to look at, kind of evidence by kind. What is required must hold before anything is approved. */
import { Fieldset, Group, Radio, Stack, Text, TextInput } from "@mantine/core";
import { useMemo } from "react";
import type { ChecklistItem, EvidenceKind } from "@/api/types";
import { useShortcuts } from "@/components/shortcuts";
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
const BY_KEY: readonly [key: string, said: Said, words: string][] = [
  ["y", "yes", "Yes, and on to the next"],
  ["n", "no", "No, and say why"],
  ["x", "not-applicable", "Does not apply, and say why"],
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
  onChange: (change: (now: Answers) => Answers) => void;
}

export function ChecklistFields({ items, documents, answers, onChange }: ChecklistFieldsProps) {
  const kinds = [...new Set(items.map((item) => item.kind))];
  const shortcuts = useMemo(() => {
    const ids = kinds.flatMap((kind) => items.filter((item) => item.kind === kind)).map(({ id }) => id);
    return [
      { key: "j", words: "The next item", act: () => goTo(neighbour(ids, 1)) },
      { key: "k", words: "The item before", act: () => goTo(neighbour(ids, -1)) },
      ...BY_KEY.map(([key, answer, words]) => ({
        key,
        words,
        act: () => {
          const id = current(ids) ?? ids[0];
          if (id === undefined) return;
          onChange((now) => ({ ...now, [id]: { answer, note: now[id]?.note ?? "" } }));
          if (answer === "yes") goTo(ids[ids.indexOf(id) + 1] ?? id);
          else setTimeout(() => goTo(id, "note")); // the note is there once the answer is
        },
      })),
    ];
    // `kinds` is made of `items`.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [items, onChange]);
  useShortcuts("Checklist", shortcuts);
  return (
    <Stack>
      <Text size="sm" c="dimmed">
        {items.filter(({ id }) => answers[id]).length} of {items.length} answered. By keyboard: j and k move, y, n and x answer, ? lists
        all keys.
      </Text>
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
                  onSay={(said) => onChange((now) => ({ ...now, [item.id]: said }))}
                />
              ))}
          </Stack>
        </Fieldset>
      ))}
    </Stack>
  );
}

/** The item that has the focus. */
function current(ids: readonly string[]): string | undefined {
  const id = document.activeElement?.closest<HTMLElement>("[data-item]")?.dataset["item"];
  return ids.find((one) => one === id);
}

function neighbour(ids: readonly string[], by: 1 | -1): string | undefined {
  const id = current(ids);
  return id === undefined ? ids[0] : ids[ids.indexOf(id) + by];
}

function goTo(id: string | undefined, where: "answer" | "note" = "answer") {
  const item = document.querySelector(`[data-item="${id}"]`);
  const answer = item?.querySelector<HTMLElement>("input:checked") ?? item?.querySelector<HTMLElement>("input");
  const note = item?.querySelector<HTMLElement>("[data-note]");
  const field = where === "note" ? (note ?? answer) : answer;
  field?.focus();
}

interface ItemFieldProps {
  item: ChecklistItem;
  said: Answers[string] | undefined;
  onSay: (said: Answers[string]) => void;
}

function ItemField({ item, said, onSay }: ItemFieldProps) {
  return (
    <Stack gap="xs" data-item={item.id}>
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
          data-note
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
