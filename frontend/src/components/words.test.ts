/** Sizes, times and counts as people say them. */
import { expect, test } from "vitest";
import { duration, exactly, fromNow } from "@/components/dates";
import { count, size } from "@/components/sizes";

test.each([
  [0, "0 bytes"],
  [1, "1 byte"],
  [999, "999 bytes"],
  [1_500, "1.5 kB"],
  [999_600, "1.0 MB"],
  [9_000_000_000, "9.0 GB"],
])("%d bytes are %s", (bytes, words) => {
  expect(size(bytes)).toBe(words);
});

test.each([
  [-5, "just now"],
  [-300, "5 minutes ago"],
  [-86_400, "yesterday"],
  [7_200, "in 2 hours"],
  [-60 * 86_400, "23 Sept 2026"],
])("%d seconds from now is %s", (seconds, words) => {
  const now = Date.UTC(2026, 10, 22, 12);

  expect(fromNow(new Date(now + seconds * 1000).toISOString(), now)).toBe(words);
});

test("time that is left is said in its two largest units", () => {
  expect([duration(42), duration(125), duration(7_300)]).toEqual(["42 s", "2 min 5 s", "2 h 1 min"]);
});

test("one is one, and many are many", () => {
  expect([count(1, "expert"), count(1_200, "expert"), count(2, "copy", "copies")]).toEqual(["1 expert", "1,200 experts", "2 copies"]);
});

test("what is printed says the second and the zone", () => {
  expect(exactly("2026-11-22T23:59:07.5+01:00")).toBe("22 Nov 2026, 22:59:07 UTC");
});
