/** The guides: each is there, and leads only to pages that there are. */
import { expect, test } from "vitest";
import { GUIDES, guideOf } from "@/app/guides";
import { blocksOf } from "@/components/markdown";
import router from "@/app/router.tsx?raw";

test.each(GUIDES)("the guide of the %s has a title, headings and working links", (name) => {
  const guide = guideOf(name);
  const links = [...(guide?.text ?? "").matchAll(/\]\(([^)]+)\)/g)].map(([, to]) => to);

  expect(guide?.title).toMatch(/^For /);
  expect(blocksOf(guide?.text ?? "").filter(({ kind }) => kind === "heading").length).toBeGreaterThan(1);
  expect(links.filter((to) => !router.includes(`path: "${to}"`))).toEqual([]);
});

test("there is no guide of another name", () => {
  expect(guideOf("../verify")).toBeNull();
});

test("markdown is cut into its blocks, and a line that goes on belongs to its item", () => {
  expect(blocksOf("# A\n\nOne\ntwo\n\n- x\n  y\n- z\n\n```\na\n\nb\n```\n1. k")).toEqual([
    { kind: "heading", level: 1, text: "A" },
    { kind: "paragraph", text: "One two" },
    { kind: "list", ordered: false, items: ["x y", "z"] },
    { kind: "code", text: "a\n\nb" },
    { kind: "list", ordered: true, items: ["k"] },
  ]);
});
