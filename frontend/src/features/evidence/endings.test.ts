/** What ends soon is said ahead; what is far away or past is not. */
import { expect, test } from "vitest";
import { endings } from "@/features/evidence/endings";

const NOW = new Date(2026, 10, 22, 12);

function inDays(days: number): string {
  return new Date(NOW.getTime() + days * 86_400_000).toISOString();
}

test("a consent and a licence that end within a month are both told, the soonest first", () => {
  expect(endings({ consent: inDays(20), licence: inDays(7) }, NOW)).toEqual([
    "Its licence ends on 29 Nov 2026, in 7 days; then the version is withdrawn by itself.",
    "The consent behind it ends on 12 Dec 2026, in 20 days; then the version is withdrawn by itself.",
  ]);
});

test("the last day is said to be the last", () => {
  expect(endings({ consent: inDays(0.5), licence: null }, NOW)[0]).toContain("within a day");
});

test.each([
  ["no end is set", null],
  ["the end is far away", inDays(31)],
  ["the end is past", inDays(-1)],
])("nothing is said where %s", (_, consent) => {
  expect(endings({ consent, licence: null }, NOW)).toEqual([]);
});
