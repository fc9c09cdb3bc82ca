/** Words that stand in the log as commitments only, with what this reader may see of them. */
export interface PrivateWords {
  name: string;
  text: string | null; // null: withheld from this reader, or erased
}

type Values = Readonly<Record<string, unknown>>;

export function privateWords(facts: Values, seen: Values): PrivateWords[] {
  return Object.entries(facts)
    .filter(([, fact]) => isCommitment(fact))
    .map(([name]) => ({ name, text: name in seen ? asText(seen[name]) : null }));
}

function isCommitment(fact: unknown): boolean {
  if (typeof fact !== "object" || fact === null) return false;
  const { commitment, ...more } = fact as Record<string, unknown>;
  return typeof commitment === "string" && commitment.startsWith("sha256:") && Object.keys(more).length === 0;
}

function asText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
