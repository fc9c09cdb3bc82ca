/** Months as statements name them. */
import { expect, test } from "vitest";
import { lastMonths, longMonth, shortMonth, sumOf } from "@/features/usage/months";

test("the last months run over the turn of the year, in UTC", () => {
  expect(lastMonths(3, new Date("2027-01-31T23:30:00-05:00"))).toEqual(["2026-12", "2027-01", "2027-02"]);
  expect(lastMonths(1, new Date("2026-11-23T12:00:00Z"))).toEqual(["2026-11"]);
});

test("a month has a short and a long name", () => {
  expect([shortMonth("2026-09"), longMonth("2026-09")]).toEqual(["Sept", "September 2026"]);
});

test("a statement's lines come to a sum, and no statement to nothing", () => {
  const line = { expert: "stage/drama", consumer: "library", inclusions: 2, downloads: 3 };

  expect(sumOf({ lines: [line, { ...line, consumer: "museum" }] })).toEqual({ inclusions: 4, downloads: 6 });
  expect(sumOf(undefined)).toEqual({ inclusions: 0, downloads: 0 });
});
