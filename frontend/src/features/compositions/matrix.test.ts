/** Duties of licences as a matrix. */
import { expect, test } from "vitest";
import { matrixOf } from "@/features/compositions/matrix";

test("a duty that several parts ask for is one row", () => {
  const { parts, rows } = matrixOf([
    { sentence: "Name the authors.", parts: ["stage/drama@1"] },
    { sentence: "Keep the notices.", parts: ["the anchor", "stage/drama@1"] },
    { sentence: "Name the authors.", parts: ["museum/walls@2"] },
  ]);

  expect(parts).toEqual(["stage/drama@1", "the anchor", "museum/walls@2"]);
  expect(rows.map(({ sentence, asks }) => [sentence, [...asks]])).toEqual([
    ["Name the authors.", ["stage/drama@1", "museum/walls@2"]],
    ["Keep the notices.", ["the anchor", "stage/drama@1"]],
  ]);
});

test("no duties are no rows", () => {
  expect(matrixOf([])).toEqual({ parts: [], rows: [] });
});
