import { describe, expect, it } from "vitest";
import type { ChecklistItem } from "@/api/types";
import { isComplete } from "@/features/reviews/ChecklistFields";

const ITEMS: ChecklistItem[] = [
  { id: "licence.text", kind: "licence", text: "The licence is the one.", required: true },
  { id: "evaluation.claims", kind: "evaluation", text: "Figures back it.", required: false },
];

describe("a checklist", () => {
  it("is complete when what is required holds", () => {
    expect(isComplete(ITEMS, { "licence.text": { answer: "yes", note: "" } })).toBe(true);
  });

  it("is not while a required item is open or does not hold", () => {
    expect(isComplete(ITEMS, {})).toBe(false);
    expect(isComplete(ITEMS, { "licence.text": { answer: "no", note: "It is another." } })).toBe(false);
  });

  it("wants to know why something does not apply", () => {
    expect(isComplete(ITEMS, { "licence.text": { answer: "not-applicable", note: " " } })).toBe(false);
    expect(isComplete(ITEMS, { "licence.text": { answer: "not-applicable", note: "There is none." } })).toBe(true);
  });
});
