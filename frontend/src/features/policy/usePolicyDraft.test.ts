/** A draft in the browser's store is taken up again only when it is one, and of the same set. */
import { expect, test } from "vitest";
import { readDraft } from "@/features/policy/usePolicyDraft";

const DRAFT = { from: 3, text: "permit (principal, action, resource);", examples: [{ name: "Plain" }], reason: "" };

test("a draft of the same set is taken up", () => {
  expect(readDraft(JSON.stringify(DRAFT), 3)).toEqual(DRAFT);
});

test.each([
  [null],
  ["not JSON"],
  ["null"],
  ["[]"],
  [JSON.stringify({ ...DRAFT, from: 2 })],
  [JSON.stringify({ ...DRAFT, text: 7 })],
  [JSON.stringify({ ...DRAFT, examples: [{}] })],
])("%s is none", (stored) => {
  expect(readDraft(stored, 3)).toBeNull();
});
