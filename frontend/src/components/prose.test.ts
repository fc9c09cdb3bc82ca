/** Long texts are compared by paragraphs, however they are wrapped. */
import { expect, test } from "vitest";
import { likeness, passages } from "@/components/prose";

test("the same words wrapped otherwise are the same", () => {
  expect(passages("You may use it,\nand copy it.\n\nAs it is.", "You may use it, and\n  copy it.\n\n\nAs it is.\n")).toEqual([
    { kind: "same", text: "You may use it, and copy it." },
    { kind: "same", text: "As it is." },
  ]);
});

test("a paragraph that was rewritten stands beside what it was, others are new or gone", () => {
  expect(passages("A\n\nYou may sell it.\n\nZ", "A\n\nYou may not sell it.\n\nNor give it away.\n\nZ")).toEqual([
    { kind: "same", text: "A" },
    { kind: "rewritten", before: "You may sell it.", after: "You may not sell it." },
    { kind: "in", text: "Nor give it away." },
    { kind: "same", text: "Z" },
  ]);
});

test("a paragraph in the place of quite another is not mixed with it", () => {
  expect(passages("Name the author of it.", "Whoever sells it owes us half.")).toEqual([
    { kind: "out", text: "Name the author of it." },
    { kind: "in", text: "Whoever sells it owes us half." },
  ]);
});

test("likeness is whole for the same text, none for another, and half for half", () => {
  expect([likeness("a b\n\nc d", "a b c d"), likeness("a b c d", "a b c d")]).toEqual([expect.any(Number), 1]);
  expect(likeness("a b", "c d")).toBe(0);
  expect(likeness("a b", "a c")).toBe(0.5);
  expect(likeness("", "")).toBe(1);
});
