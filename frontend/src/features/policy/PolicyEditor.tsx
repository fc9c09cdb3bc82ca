/** Writing a set: faults where they are, its rules and examples as you type, the difference, and proposing it. */
import { Button, Group, Stack, Tabs, Text, Textarea } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { Suspense, useId, useRef, type SubmitEvent } from "react";
import type { PolicySetWhole } from "@/api/types";
import { late } from "@/components/late";
import { Loading } from "@/components/Loading";
import { RefusalNotice } from "@/components/RefusalNotice";
import { Section } from "@/components/Section";
import { LineDiff } from "@/components/TextDiff";
import { useCheckedPolicies, useProposePolicies } from "@/features/policy/api";
import { Faults } from "@/features/policy/Faults";
import classes from "@/features/policy/Policy.module.css";
import { Rules } from "@/features/policy/Rules";
import { TextEditor, type TextEditorHandle } from "@/features/policy/TextEditor";
import { usePolicyDraft } from "@/features/policy/usePolicyDraft";

// Stands beside the text, and behind a tab on a small screen.
const ExamplesEditor = late(async () => (await import("@/features/policy/ExamplesEditor")).ExamplesEditor);

const PAUSE_MS = 400;
const SHORTEST_REASON = 10;
const LONGEST_REASON = 2_000;

interface PolicyEditorProps {
  /** The set that it is begun from. */
  set: PolicySetWhole;
  onProposed: (number: number) => void;
}

export function PolicyEditor({ set, onProposed }: PolicyEditorProps) {
  const { draft, changed, change, startOver, forget } = usePolicyDraft(set);
  const [written] = useDebouncedValue({ text: draft.text, examples: draft.examples }, PAUSE_MS);
  const checked = useCheckedPolicies(written.text, written.examples);
  const propose = useProposePolicies();
  const editor = useRef<TextEditorHandle>(null);
  const status = useId();

  const faults = checked.data?.faults;
  const tried = checked.data?.examples ?? [];
  const failing = tried.filter((one) => !one.as_expected).length;
  const current = written.text === draft.text && written.examples === draft.examples && !checked.isPlaceholderData;
  const sound = current && faults?.length === 0 && failing === 0;
  const ready = sound && draft.text !== set.text && draft.reason.trim().length >= SHORTEST_REASON;

  function handleSubmit(event: SubmitEvent) {
    event.preventDefault();
    if (!ready) return;
    propose.mutate(
      { text: draft.text, examples: draft.examples, reason: draft.reason.trim() },
      {
        onSuccess: ({ number }) => {
          forget();
          onProposed(number);
        },
      },
    );
  }

  return (
    <form onSubmit={handleSubmit} aria-label="Write a policy set">
      <Stack gap="lg">
        <div className={classes["desk"]}>
          <Section
            title="The rules"
            about="Cedar: one broad permit, and rules that forbid, each with an @id, a @reason in one sentence and the @law it rests on."
            aside={
              changed && (
                <Button size="xs" variant="default" onClick={startOver}>
                  Start over from set {set.number}
                </Button>
              )
            }
          >
            <TextEditor
              ref={editor}
              label="Policies in Cedar"
              value={draft.text}
              faults={current ? (faults ?? []) : []}
              describedBy={status}
              onChange={(text) => change({ text })}
            />
          </Section>
          <div className={classes["beside"]}>
            <Section title="What it comes to">
              {checked.error ? (
                <RefusalNotice error={checked.error} onRetry={() => void checked.refetch()} />
              ) : (
                <Faults
                  id={status}
                  faults={faults}
                  failing={failing}
                  checking={!current}
                  onGoTo={(line, column) => editor.current?.goTo(line, column)}
                />
              )}
              <Tabs defaultValue="examples" keepMounted={false}>
                <Tabs.List>
                  <Tabs.Tab value="examples">Examples</Tabs.Tab>
                  <Tabs.Tab value="rules">In words</Tabs.Tab>
                  <Tabs.Tab value="difference">Difference</Tabs.Tab>
                </Tabs.List>
                <Tabs.Panel value="examples" pt="md">
                  <Suspense fallback={<Loading what="examples" />}>
                    <ExamplesEditor
                      examples={draft.examples}
                      tried={tried}
                      rules={checked.data?.rules ?? []}
                      onChange={(examples) => change({ examples })}
                    />
                  </Suspense>
                </Tabs.Panel>
                <Tabs.Panel value="rules" pt="md">
                  <Rules rules={checked.data?.rules ?? []} />
                </Tabs.Panel>
                <Tabs.Panel value="difference" pt="md">
                  <LineDiff before={set.text} after={draft.text} label={`Difference to policy set ${set.number}`} />
                </Tabs.Panel>
              </Tabs>
            </Section>
          </div>
        </div>
        <Section title="Propose it" about="It decides nothing until it was run in shadow and somebody else activates it.">
          <Textarea
            label="Reason"
            description={`At least ${SHORTEST_REASON} characters. Whoever activates it reads it.`}
            required
            maxLength={LONGEST_REASON}
            autosize
            minRows={2}
            value={draft.reason}
            onChange={(event) => change({ reason: event.currentTarget.value })}
          />
          {propose.error && <RefusalNotice error={propose.error} />}
          <Group justify="space-between">
            <Text size="sm" c="dimmed">
              {changed ? "What you wrote is kept in this browser." : "Nothing is changed yet."}
            </Text>
            <Button type="submit" loading={propose.isPending} disabled={!ready}>
              Propose it
            </Button>
          </Group>
        </Section>
      </Stack>
    </form>
  );
}
