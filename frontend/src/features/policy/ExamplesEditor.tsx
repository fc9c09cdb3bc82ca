/** The examples that are a set's tests, written as a case in words, its facts, and the rules that must refuse it. */
import { Button, Group, Paper, SegmentedControl, Stack, TagsInput, Text, Textarea, TextInput } from "@mantine/core";
import { useState } from "react";
import type { PolicyRule, TriedExample } from "@/api/types";
import { RowList } from "@/components/RowList";
import { ExampleResult } from "@/features/policy/ExampleResults";
import { fromLines, inLines, type Example } from "@/features/policy/examples";

interface ExamplesEditorProps {
  examples: readonly Example[];
  tried: readonly TriedExample[];
  rules: readonly PolicyRule[];
  onChange: (examples: Example[]) => void;
}

export function ExamplesEditor({ examples, tried, rules, onChange }: ExamplesEditorProps) {
  const [shown, setShown] = useState("all");
  const [open, setOpen] = useState<number | null>(null);
  const results = new Map(tried.map((one) => [one.name, one]));
  const failing = examples.filter(({ name }) => results.get(name)?.as_expected === false).length;
  const forbids = rules.filter(({ effect }) => effect === "forbid").map(({ id }) => id);

  function add() {
    onChange([...examples, { name: `A new case (${examples.length + 1})`, facts: {}, refused_by: [] }]);
    setShown("all");
    setOpen(examples.length);
  }

  return (
    <Stack>
      <Group justify="space-between" gap="xs">
        <SegmentedControl
          size="xs"
          aria-label="Which examples"
          value={shown}
          onChange={setShown}
          data={[
            { value: "all", label: `All ${examples.length}` },
            { value: "failing", label: `Failing ${failing}` },
          ]}
        />
        <Button size="xs" variant="default" onClick={add}>
          Add an example
        </Button>
      </Group>
      <RowList label="Examples">
        {examples.map((example, place) => {
          const result = results.get(example.name);
          if (shown === "failing" && result?.as_expected !== false && open !== place) return null;
          return (
            <li key={place}>
              {open === place ? (
                <ExampleFields
                  example={example}
                  forbids={forbids}
                  onChange={(changed) => onChange(examples.map((one, at) => (at === place ? changed : one)))}
                  onClose={() => setOpen(null)}
                  onRemove={() => {
                    onChange(examples.filter((_, at) => at !== place));
                    setOpen(null);
                  }}
                />
              ) : (
                <Group gap="xs" wrap="nowrap" align="flex-start" justify="space-between">
                  <div style={{ flex: 1, minWidth: 0 }}>
                    {result ? (
                      <ExampleResult tried={result} />
                    ) : (
                      <Text style={{ overflowWrap: "anywhere" }}>{example.name}</Text>
                    )}
                  </div>
                  <Button variant="default" size="compact-xs" aria-label={`Change the example: ${example.name}`} onClick={() => setOpen(place)}>
                    Change
                  </Button>
                </Group>
              )}
            </li>
          );
        })}
      </RowList>
      {shown === "failing" && failing === 0 && (
        <Text size="sm" c="dimmed">
          None fails.
        </Text>
      )}
    </Stack>
  );
}

interface ExampleFieldsProps {
  example: Example;
  forbids: readonly string[];
  onChange: (example: Example) => void;
  onClose: () => void;
  onRemove: () => void;
}

function ExampleFields({ example, forbids, onChange, onClose, onRemove }: ExampleFieldsProps) {
  const [lines, setLines] = useState(() => inLines(example.facts));
  return (
    <Paper withBorder p="sm" role="group" aria-label={`Example: ${example.name}`}>
      <Stack gap="sm">
        <TextInput
          label="The case in words"
          maxLength={200}
          value={example.name}
          onChange={(event) => onChange({ ...example, name: event.currentTarget.value })}
        />
        <Textarea
          label="What is unlike the plain case"
          description="A fact a line, such as subject.state = &quot;draft&quot; or commercial = true. Nothing: the plain case, which is allowed."
          autosize
          minRows={2}
          spellCheck={false}
          styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }}
          value={lines}
          onChange={(event) => {
            setLines(event.currentTarget.value);
            onChange({ ...example, facts: fromLines(event.currentTarget.value) });
          }}
        />
        <TagsInput
          label="Refused by"
          description="The rules that must refuse it. None: it must be allowed."
          data={[...forbids]}
          value={example.refused_by ?? []}
          onChange={(refused_by) => onChange({ ...example, refused_by })}
        />
        <Group justify="space-between">
          <Button size="xs" variant="default" onClick={onRemove}>
            Take it out
          </Button>
          <Button size="xs" onClick={onClose}>
            Done
          </Button>
        </Group>
      </Stack>
    </Paper>
  );
}
