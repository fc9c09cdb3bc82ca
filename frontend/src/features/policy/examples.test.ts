/** Examples as lines that a person writes, and places in a text. */
import { expect, test } from "vitest";
import { fromLines, inLines, offsetOf, wordAt } from "@/features/policy/examples";

const FACTS = { commercial: true, experts: 40, subject: { state: "draft", purposes: ["research"], valid_until: null } };
const LINES = `commercial = true
experts = 40
subject.state = "draft"
subject.purposes = ["research"]
subject.valid_until = null`;

test("facts are a line each, and lines are facts again", () => {
  expect(inLines(FACTS)).toBe(LINES);
  expect(fromLines(LINES)).toEqual(FACTS);
});

test("a word needs no quotes, an empty line says nothing, and half a line is half a fact", () => {
  expect(fromLines("subject.state = draft\n\n  \npurpose")).toEqual({ subject: { state: "draft" }, purpose: "" });
});

test("what is first said to be a word and then to have parts has parts", () => {
  expect(fromLines("subject = x\nsubject.state = draft")).toEqual({ subject: { state: "draft" } });
});

test("no facts are no lines", () => {
  expect([inLines(undefined), fromLines("")]).toEqual(["", {}]);
});

test("a line and a column are a place in the text, where a word is marked", () => {
  const text = 'permit (principal);\nforbid "a b" & x;';

  expect(offsetOf(text, 1, 1)).toBe(0);
  expect(wordAt(text, offsetOf(text, 2, 1))).toBe("forbid");
  expect(wordAt(text, offsetOf(text, 2, 8))).toBe('"a b"');
  expect(wordAt(text, offsetOf(text, 2, 14))).toBe("&");
});
