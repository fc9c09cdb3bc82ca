/** Where a composition stands, live while it is built, and what it means for those who use the model. */
import { Progress, Stack, Text } from "@mantine/core";
import type { Composition } from "@/api/types";
import { Notice } from "@/components/Notice";
import { When } from "@/components/When";
import { isRunning } from "@/features/compositions/api";
import { Refusals } from "@/features/compositions/Refusals";

const STEPS = ["requested", "decided", "assembling", "validating", "proving", "published"] as const;
const SAID: Record<string, string> = {
  requested: "The policies are asked about each expert.",
  decided: "Allowed. A worker takes it up next.",
  assembling: "The parts are put together in the object store.",
  validating: "The model is loaded and tried.",
  proving: "Its inclusions are written into the log; it is served once they are under a published checkpoint.",
};

export function CompositionState({ composition }: { composition: Composition }) {
  const { state, failure, refusals } = composition;
  if (isRunning(state)) return <Running composition={composition} />;
  if (state === "refused") return <Refusals refusals={refusals} />;
  if (state === "failed") {
    return (
      <Notice tone="bad" role="status" title="The composition failed">
        {failure || "No reason was given. The log may say more."}
      </Notice>
    );
  }
  if (state === "withdrawn") return <WithdrawnNotice composition={composition} />;
  if (state === "cancelled") return <Notice tone="info" role="status" title="Cancelled">{failure || "It was stopped before it was published."}</Notice>;
  if (state === "superseded") {
    return (
      <Notice tone="info" role="status" title="Superseded">
        The model's main has moved on. This revision is still served to those who ask for it by name.
      </Notice>
    );
  }
  return (
    <Notice tone="good" role="status" title="Published">
      <Text size="sm">
        Everybody in your organisation can load it
        {composition.published_at && (
          <>
            ; published <When at={composition.published_at} />
          </>
        )}
        .
      </Text>
    </Notice>
  );
}

function WithdrawnNotice({ composition }: { composition: Composition }) {
  return (
    <Notice tone="warning" role="status" title="An expert in this revision was withdrawn by its owner">
      <Text size="sm">
        {composition.failure} It is no longer served: who asks for it is told that there is no such revision. Load the model
        again without naming a revision, and delete copies of this one.
        {composition.blocked_at && (
          <>
            {" "}
            Blocked <When at={composition.blocked_at} />.
          </>
        )}
      </Text>
    </Notice>
  );
}

function Running({ composition }: { composition: Composition }) {
  const { step, done, total } = composition.progress;
  const at = STEPS.indexOf(composition.state as (typeof STEPS)[number]);
  const inStep = typeof done === "number" && typeof total === "number" && total > 0 ? done / total : 0;
  const share = ((at + inStep) / (STEPS.length - 1)) * 100;
  return (
    <Notice tone="info" role="status" title="Being composed">
      <Stack gap={6}>
        <Progress value={Math.max(4, share)} size="lg" animated aria-label="Composition" />
        <Text size="sm">
          {SAID[composition.state]} {step && `${step}${total ? `: ${done ?? 0} of ${total}` : ""}.`}
        </Text>
      </Stack>
    </Notice>
  );
}
