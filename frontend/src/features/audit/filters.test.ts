/** The log's filters, as they are said to the service. */
import { expect, test } from "vitest";
import { asQuery, exportPath, filled } from "@/features/audit/filters";

test("a day begins at midnight where the reader is, and the last day is wholly in it", () => {
  const asked = asQuery({ since: "2026-11-20", until: "2026-11-22", order: "oldest" });

  expect(asked).toEqual({
    since: new Date(2026, 10, 20).toISOString(),
    until: new Date(2026, 10, 23).toISOString(),
  });
});

test("what is no day goes to the service as it is, for it to say so", () => {
  expect(asQuery({ since: "yesterday" })).toEqual({ since: "yesterday" });
});

test("blanks are no filter", () => {
  expect(filled({ about: "  ", event: " version.withdrawn " })).toEqual({ event: "version.withdrawn" });
});

test("what is taken away is what the filters leave", () => {
  expect(exportPath({})).toBe("/api/v1/log/export");
  expect(exportPath({ about: "stage/drama@1", organisation: "stage", order: "oldest" })).toBe(
    "/api/v1/log/export?about=stage%2Fdrama%401&organisation=stage",
  );
});
