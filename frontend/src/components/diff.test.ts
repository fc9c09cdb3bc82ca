/** What changed between two texts. */
import { expect, test } from "vitest";
import { changes, pieces } from "@/components/diff";

const of = (before: string, after: string) =>
  pieces(changes(before.split(" "), after.split(" "))).map(({ kind, parts }) => `${kind}: ${parts.join(" ")}`);

test("what was replaced stands between what stayed", () => {
  expect(of("the owner may sell it", "the owner must not sell it")).toEqual([
    "same: the owner",
    "out: may",
    "in: must not",
    "same: sell it",
  ]);
});

test("the same text has no change", () => {
  expect(of("as it was", "as it was")).toEqual(["same: as it was"]);
});

test.each([
  ["a b", "a b c", ["same: a b", "in: c"]],
  ["a b c", "c", ["out: a b", "same: c"]],
  ["a", "b", ["out: a", "in: b"]],
  ["x a y b z", "a q b", ["out: x", "same: a", "out: y", "in: q", "same: b", "out: z"]],
])("%s and %s", (before, after, said) => {
  expect(of(before, after)).toEqual(said);
});

test("two very long texts with nothing in common are shown as replaced, at once", () => {
  const before = Array.from({ length: 3000 }, (_, place) => `a${place}`);
  const after = Array.from({ length: 3000 }, (_, place) => `b${place}`);

  expect(pieces(changes(before, after)).map(({ kind, parts }) => [kind, parts.length])).toEqual([
    ["out", 3000],
    ["in", 3000],
  ]);
});
