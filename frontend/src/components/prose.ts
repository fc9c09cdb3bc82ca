/** Long prose beside long prose: paragraph by paragraph, and word by word where a paragraph was rewritten. */
import { changes, pieces } from "@/components/diff";

const RELATED = 0.5;

export type Passage =
  | { kind: "same" | "out" | "in"; text: string }
  | { kind: "rewritten"; before: string; after: string };

/** Paragraphs, with the line breaks and spaces inside them taken out: how a text was wrapped says nothing. */
export function paragraphs(text: string): string[] {
  return text
    .split(/\n\s*\n/)
    .map((paragraph) => paragraph.replace(/\s+/g, " ").trim())
    .filter((paragraph) => paragraph !== "");
}

export function passages(before: string, after: string): Passage[] {
  const found = pieces(changes(paragraphs(before), paragraphs(after)));
  const told: Passage[] = [];
  for (let place = 0; place < found.length; place += 1) {
    const piece = found[place];
    const next = found[place + 1];
    if (!piece) continue;
    if (piece.kind === "out" && next?.kind === "in") {
      told.push(...rewritten(piece.parts, next.parts));
      place += 1;
    } else {
      told.push(...piece.parts.map((text): Passage => ({ kind: piece.kind, text })));
    }
  }
  return told;
}

function rewritten(before: readonly string[], after: readonly string[]): Passage[] {
  const both = Math.min(before.length, after.length);
  return [
    ...before.slice(0, both).flatMap((text, place) => pair(text, after[place] ?? "")),
    ...before.slice(both).map((text): Passage => ({ kind: "out", text })),
    ...after.slice(both).map((text): Passage => ({ kind: "in", text })),
  ];
}

/** Word by word only where the words are mostly the same; else nobody could read it. */
function pair(before: string, after: string): Passage[] {
  if (likenessOf(before, after) >= RELATED) return [{ kind: "rewritten", before, after }];
  return [
    { kind: "out", text: before },
    { kind: "in", text: after },
  ];
}

function likenessOf(before: string, after: string): number {
  const found = changes(before.split(" "), after.split(" "));
  const same = 2 * found.filter(([kind]) => kind === "same").length;
  return same / (before.split(" ").length + after.split(" ").length);
}

/** How much of the first is in the second, from 0 to 1, by words: a hint whether it is the same text at all. */
export function likeness(before: string, after: string): number {
  const all = passages(before, after);
  const words = (text: string) => text.split(" ").length;
  let same = 0;
  let total = 0;
  for (const passage of all) {
    if (passage.kind === "rewritten") {
      const found = changes(passage.before.split(" "), passage.after.split(" "));
      same += 2 * found.filter(([kind]) => kind === "same").length;
      total += words(passage.before) + words(passage.after);
    } else {
      same += passage.kind === "same" ? 2 * words(passage.text) : 0;
      total += (passage.kind === "same" ? 2 : 1) * words(passage.text);
    }
  }
  return total === 0 ? 1 : same / total;
}
