/** Reads the owner's own cards (expert.json, data-card.json): free JSON, so each value is looked at before it is shown. */

type Card = Record<string, unknown>;

export function inside(card: Card, ...path: string[]): unknown {
  let value: unknown = card;
  for (const name of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Card)[name];
  }
  return value;
}

/** A text or a number as it stands; what is more than that is not for one line. */
export function plain(value: unknown): string | null {
  if (typeof value === "string") return value;
  if (typeof value === "number") return value.toLocaleString("en-GB", { maximumSignificantDigits: 6 });
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value.join(", ");
  return null;
}

/** The lines of one part of a card that can be read as a fact. */
export function facts(card: Card, part: string): [name: string, value: string][] {
  const found = inside(card, part);
  if (typeof found !== "object" || found === null) return [];
  return Object.entries(found).flatMap(([name, value]) => {
    const words = plain(value);
    return words === null ? [] : [[name.replaceAll("_", " "), words] as [string, string]];
  });
}
