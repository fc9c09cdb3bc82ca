/** The steps of a withdrawal in words, and how soon to ask again. */
import type { Withdrawal, WithdrawalStep } from "@/api/types";
import { moment } from "@/components/dates";
import { count, size } from "@/components/sizes";

interface Words {
  title: string;
  does: string;
  did: (facts: WithdrawalStep["facts"]) => string;
}

const WORDS: Record<string, Words> = {
  deny: {
    title: "Denied",
    does: "The policies refuse it.",
    did: () => "The policies refuse it: for every build, every download and every request from now on.",
  },
  block: {
    title: "Blocked",
    does: "Running builds with it are cancelled, and revisions that hold it are no longer served.",
    did: (facts) => {
      const until = facts["presigned_until"];
      const blocked = `${count(number(facts, "revisions"), "revision")} no longer served.`;
      return typeof until === "string" ? `${blocked} Addresses handed out before end at ${moment(until)}.` : blocked;
    },
  },
  announce: {
    title: "Announced",
    does: "Everybody whose models held it, or who fetched one, is told by webhook and mail, and asked to acknowledge.",
    did: (facts) =>
      number(facts, "organisations") === 0
        ? "No model held it, so nobody had to be told."
        : `${count(number(facts, "organisations"), "organisation")} told, with ${count(number(facts, "deliveries"), "message")}.`,
  },
  recompose: {
    title: "Composed again without it",
    does: "Each model that held it is composed again, and its main moves on.",
    did: (facts) => (number(facts, "models") === 0 ? "No model held it." : `${count(number(facts, "models"), "model")} seen to.`),
  },
  destroy: {
    title: "Stored weights destroyed",
    does: "Every copy that we store is deleted, in all its versions.",
    did: (facts) => {
      const kept = Array.isArray(facts["kept"]) ? facts["kept"].length : 0;
      const gone = `${count(number(facts, "objects"), "object")} deleted, ${size(number(facts, "bytes"))}.`;
      return kept ? `${gone} ${count(kept, "file")} kept: others in use hold the same bytes.` : gone;
    },
  },
  check: {
    title: "Checked",
    does: "The store is listed, reads and builds are tried, and a stock client with a warm cache asks for it.",
    did: (facts) =>
      `${count(number(facts, "listed"), "object")} looked for and none found; ${count(number(facts, "served"), "revision")} asked for and none served.`,
  },
  certify: {
    title: "Certified",
    does: "All of this is signed, and its digest goes into the log.",
    did: () => "Signed, with its digest in the log.",
  },
};

export const STEP_STATES: Record<WithdrawalStep["state"], [tone: string, words: string]> = {
  done: ["approved", "Done"],
  running: ["assembling", "Under way"],
  waiting: ["draft", "Waits"],
  held: ["withdrawn", "Held"],
  failed: ["failed", "Being tried again"],
};

export function titleOf(step: string): string {
  return WORDS[step]?.title ?? step;
}

/** What a finished step did, in the numbers that it left. */
export function didWhat(step: string, facts: WithdrawalStep["facts"]): string {
  return WORDS[step]?.did(facts) ?? "";
}

/** The service's own sentence where it has one; else what the step did or will do. */
export function sentenceOf({ name, state, sentence, facts }: WithdrawalStep): string {
  if (sentence) return sentence;
  return state === "done" ? didWhat(name, facts) : (WORDS[name]?.does ?? "");
}

const SOON_MS = 1_500;
const LATER_MS = 10_000;

/** Often while something is under way; now and then while it waits for a day or a person; never after the end. */
export function pollAfter(withdrawal: Withdrawal | undefined): number | false {
  if (!withdrawal || withdrawal.ended_at) return false;
  if (withdrawal.steps.length === 0) return withdrawal.propagated_at ? false : SOON_MS;
  return withdrawal.steps.some(({ state }) => state === "running" || state === "failed") ? SOON_MS : LATER_MS;
}

function number(facts: WithdrawalStep["facts"], name: string): number {
  const value = facts[name];
  return typeof value === "number" ? value : 0;
}
