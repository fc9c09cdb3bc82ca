/** The way of an expert: each thing once, and what is over told apart. */
import { expect, test } from "vitest";
import type { Lineage } from "@/api/types";
import { cut, graphOf, inOneSentence } from "@/features/experts/lineage";

const PLAYS = "Plays in the public domain.";
const LINEAGE: Lineage = {
  versions: [
    { id: "b", number: 2, state: "approved", trained_on: PLAYS },
    { id: "a", number: 1, state: "withdrawn", trained_on: PLAYS },
  ],
  holders: [
    { version: 2, model: "library/reader", consumer: "library", builds: 1, holds: true },
    { version: 1, model: "library/reader", consumer: "library", builds: 3, holds: false },
    { version: 1, model: "museum/walls", consumer: "museum", builds: 1, holds: false },
  ],
  left_out: 0,
};

test("each thing is there once, in its column", () => {
  const { nodes, rows } = graphOf("stage/drama", LINEAGE);

  expect(nodes.map(({ column, row, words }) => [column, row, words])).toEqual([
    [1, 0, "stage/drama"],
    [0, 0, PLAYS],
    [2, 0, "Version 2"],
    [2, 1, "Version 1"],
    [3, 0, "library/reader"],
    [4, 0, "library"],
    [3, 1, "museum/walls"],
    [4, 1, "museum"],
  ]);
  expect(rows).toBe(2);
});

test("what is withdrawn is over, and so is what held nothing else", () => {
  const { nodes, lines } = graphOf("stage/drama", LINEAGE);

  expect(nodes.filter(({ over }) => over).map(({ words }) => words)).toEqual(["Version 1", "museum/walls", "museum"]);
  expect(lines.filter(({ over }) => !over).map(({ from, to }) => `${from} > ${to}`)).toEqual([
    `data ${PLAYS} > expert`,
    "expert > version 2",
    "version 2 > model library/reader",
    "model library/reader > consumer library",
  ]);
});

test("the picture is said in a sentence", () => {
  expect(inOneSentence("stage/drama", LINEAGE)).toBe(
    "stage/drama has 2 versions, 1 of them withdrawn; 1 model of 1 consumer hold it now.",
  );
  expect(inOneSentence("stage/drama", { versions: [], holders: [], left_out: 0 })).toBe(
    "stage/drama has 0 versions; no model holds it now.",
  );
});

test("a long name is cut", () => {
  expect([cut("short", 10), cut("a long name indeed", 10)]).toEqual(["short", "a long na…"]);
});
