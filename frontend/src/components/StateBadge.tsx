/** The state of a version, a composition or an anchor, in words that say what it means. */
import classes from "@/components/StateBadge.module.css";

type Tone = "waiting" | "running" | "good" | "bad" | "past";

const STATES: Record<string, [tone: Tone, words: string]> = {
  draft: ["waiting", "Draft"],
  submitted: ["running", "Being verified"],
  verified: ["running", "Waits for review"],
  approved: ["good", "Approved"],
  paused: ["waiting", "Paused"],
  suspended: ["waiting", "Suspended"],
  rejected: ["bad", "Rejected"],
  failed: ["bad", "Failed"],
  withdrawn: ["past", "Withdrawn"],
  requested: ["running", "Requested"],
  decided: ["running", "Allowed"],
  assembling: ["running", "Assembling"],
  validating: ["running", "Validating"],
  proving: ["running", "Being proven"],
  published: ["good", "Published"],
  refused: ["bad", "Refused"],
  cancelled: ["waiting", "Cancelled"],
  superseded: ["waiting", "Superseded"],
};

export function wordsFor(state: string): string {
  return STATES[state]?.[1] ?? state;
}

export function StateBadge({ state, words }: { state: string; words?: string }) {
  const tone = STATES[state]?.[0] ?? "waiting";
  return (
    <span className={classes["badge"]} data-tone={tone}>
      {words ?? wordsFor(state)}
    </span>
  );
}
