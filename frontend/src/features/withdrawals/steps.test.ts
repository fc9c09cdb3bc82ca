/** The steps of a withdrawal in words, and how often it is looked at. */
import { expect, test } from "vitest";
import type { Withdrawal, WithdrawalStep } from "@/api/types";
import { didWhat, pollAfter, sentenceOf } from "@/features/withdrawals/steps";

function step(name: string, state: WithdrawalStep["state"], more: Partial<WithdrawalStep> = {}): WithdrawalStep {
  return { name, state, at: null, facts: {}, sentence: "", ...more };
}

const ASKED: Withdrawal = {
  id: "w1",
  batch: "b1",
  version: "stage/drama@1",
  cause: "owner",
  legal_basis: "other",
  reason: "It was not ours.",
  requested_at: "2026-11-22T12:00:00Z",
  propagated_at: null,
  destroy_after: null,
  destruction_confirmed_at: null,
  ended_at: null,
  models: [],
  steps: [],
};

test("the service's own sentence goes before ours", () => {
  expect(sentenceOf(step("destroy", "held", { sentence: "A legal hold keeps the bytes." }))).toBe("A legal hold keeps the bytes.");
});

test("a finished step says what it did, and one to come what it will do", () => {
  const facts = { objects: 3, bytes: 1_500, kept: [] };

  expect(sentenceOf(step("destroy", "done", { facts }))).toBe("3 objects deleted, 1.5 kB.");
  expect(sentenceOf(step("destroy", "waiting"))).toBe("Every copy that we store is deleted, in all its versions.");
});

test("bytes that others still use are said to be kept", () => {
  expect(didWhat("destroy", { objects: 0, bytes: 0, kept: ["shards/ab"] })).toContain("1 file kept");
});

test("a step that we do not know is shown under its own name", () => {
  expect(sentenceOf(step("polish", "waiting"))).toBe("");
});

test.each([
  ["nothing is known yet", undefined, false],
  ["it is certified", { ...ASKED, ended_at: "2026-11-22T12:10:00Z" }, false],
  ["a step is under way", { ...ASKED, steps: [step("block", "running")] }, 1_500],
  ["a step is tried again", { ...ASKED, steps: [step("check", "failed")] }, 1_500],
  ["it waits for a day or a person", { ...ASKED, steps: [step("destroy", "waiting")] }, 10_000],
  ["it is from before there were steps, and under way", ASKED, 1_500],
  ["it is from before there were steps, and done", { ...ASKED, propagated_at: "2026-11-22T12:00:09Z" }, false],
])("when %s, it is asked again accordingly", (_, withdrawal, after) => {
  expect(pollAfter(withdrawal)).toBe(after);
});
