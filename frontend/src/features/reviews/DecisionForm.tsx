/** Approve or reject, with a reason, what was read: if it has changed since, the service refuses and this says so. */
import { Autocomplete, Button, Group, Radio, Stack, Textarea } from "@mantine/core";
import { useSessionStorage } from "@mantine/hooks";
import { useCallback, useMemo, useRef, type SubmitEvent } from "react";
import { Refusal } from "@/api/client";
import type { Version } from "@/api/types";
import { useVocabulary } from "@/api/vocabulary";
import { Notice } from "@/components/Notice";
import { RefusalNotice } from "@/components/RefusalNotice";
import { useShortcuts } from "@/components/shortcuts";
import { When } from "@/components/When";
import { useChecklist, useReviewVersion } from "@/features/reviews/api";
import { type Answers, ChecklistFields, type DocumentCounts, isComplete } from "@/features/reviews/ChecklistFields";

const SHORTEST_REASON = 10;
const LONGEST_REASON = 2_000;

interface DecisionFormProps {
  version: Version;
  /** How many documents of each kind lie with it. */
  documents?: DocumentCounts | undefined;
  onReload: () => void;
}

interface BegunDecision {
  verdict: "approve" | "reject" | null;
  reason: string;
  answers: Answers;
  licence: string;
  /** What the reviewer has read: the version as it was changed then. */
  seen: string;
}

/** What a reviewer has said so far, kept in this tab: also when they have to sign in again before they decide. */
function useBegunDecision(version: Version) {
  const [begun, setBegun, forget] = useSessionStorage<BegunDecision>({
    key: `decision-on-${version.id}`,
    defaultValue: {
      verdict: null,
      reason: "",
      answers: {},
      licence: version.licence.concluded || version.licence.declared,
      seen: version.changed_at,
    },
    getInitialValueInEffect: false,
  });
  return { begun, setBegun, change: (part: Partial<BegunDecision>) => setBegun((now) => ({ ...now, ...part })), forget };
}

export function DecisionForm({ version, documents, onReload }: DecisionFormProps) {
  const { begun, change, setBegun, forget } = useBegunDecision(version);
  const { verdict, reason, answers, licence, seen } = begun;
  const checklist = useChecklist().data;
  const licences = useVocabulary().data?.licences ?? [];
  const decide = useReviewVersion(version.id);
  const reasonField = useRef<HTMLTextAreaElement>(null);
  // What was answered is kept when the version changes meanwhile; whoever decides says that they have looked again.
  const changed = version.changed_at !== seen;
  const choose = useCallback(
    (verdict: "approve" | "reject") => {
      setBegun((now) => ({ ...now, verdict }));
      reasonField.current?.focus();
    },
    [setBegun],
  );
  const changeAnswers = useCallback(
    (next: (now: Answers) => Answers) => setBegun((now) => ({ ...now, answers: next(now.answers) })),
    [setBegun],
  );
  const shortcuts = useMemo(
    () => [
      { key: "a", words: "Approve, and on to the reason", act: () => choose("approve") },
      { key: "r", words: "Reject, and on to the reason", act: () => choose("reject") },
    ],
    [choose],
  );
  useShortcuts("Decision", shortcuts);
  const complete = verdict === "reject" || (checklist && isComplete(checklist.items, answers));
  const ready = !changed && verdict !== null && checklist !== undefined && complete && reason.trim().length >= SHORTEST_REASON;
  const stale = decide.error instanceof Refusal && decide.error.problem.status === 412;

  function handleSubmit(event: SubmitEvent) {
    event.preventDefault();
    if (!ready) return;
    const said = Object.entries(answers).map(([item, { answer, note }]) => ({ item, answer, note: note.trim() }));
    const body = { verdict, reason: reason.trim(), concluded_licence: licence.trim(), checklist: checklist.number, answers: said };
    decide.mutate({ body, etag: version.etag ?? null }, { onSuccess: forget });
  }

  return (
    <form onSubmit={handleSubmit} aria-label="Decide">
      <Stack>
        {checklist && <ChecklistFields items={checklist.items} documents={documents} answers={answers} onChange={changeAnswers} />}
        <Radio.Group
          label="Decision"
          required
          value={verdict}
          onChange={(value) => change({ verdict: value === "approve" ? "approve" : "reject" })}
        >
          <Stack gap="xs" mt="xs">
            <Radio value="approve" label="Approve" description="Consumers can ask for models with it." />
            <Radio value="reject" label="Reject" description="It is never used; its owner can upload a new version." />
          </Stack>
        </Radio.Group>
        <Autocomplete
          label="Concluded licence"
          description={`The owner declared ${version.licence.declared}; that stays as it is.`}
          data={licences.map(({ id }) => id)}
          value={licence}
          onChange={(concluded) => change({ licence: concluded })}
        />
        <Textarea
          ref={reasonField}
          label="Reason"
          description={`At least ${SHORTEST_REASON} characters. The owner reads it, and the log keeps it.`}
          required
          maxLength={LONGEST_REASON}
          autosize
          minRows={4}
          value={reason}
          onChange={(event) => change({ reason: event.currentTarget.value })}
        />
        {decide.error && !stale && <RefusalNotice error={decide.error} />}
        {stale && (
          <Notice tone="warning" role="alert" title="It has changed since you opened it">
            <span>{decide.error?.message}</span>
            <Button
              variant="default"
              size="xs"
              w="fit-content"
              onClick={() => {
                decide.reset();
                onReload();
              }}
            >
              Read it again
            </Button>
          </Notice>
        )}
        {changed && !stale && (
          <Notice tone="warning" role="alert" title="It has changed since you began">
            <span>
              The version was changed <When at={version.changed_at} />, and this page shows it as it is now. What you answered is kept.
            </span>
            <Button variant="default" size="xs" w="fit-content" onClick={() => change({ seen: version.changed_at })}>
              I have looked at it again
            </Button>
          </Notice>
        )}
        <Group justify="flex-end">
          <Button type="submit" loading={decide.isPending} disabled={!ready} color={verdict === "reject" ? "crimson" : undefined}>
            {verdict === "reject" ? "Reject" : "Approve"}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
