/** Duties and the parts that ask for them, as rows and columns. */
interface Duty {
  sentence: string;
  parts: readonly string[];
}

export interface Row {
  sentence: string;
  asks: ReadonlySet<string>;
}

/** Each part and each sentence once, in the order in which they first appear. */
export function matrixOf(duties: readonly Duty[]): { parts: string[]; rows: Row[] } {
  const rows = new Map<string, Set<string>>();
  for (const { sentence, parts } of duties) {
    const asks = rows.get(sentence) ?? new Set<string>();
    for (const part of parts) asks.add(part);
    rows.set(sentence, asks);
  }
  return {
    parts: [...new Set(duties.flatMap(({ parts }) => parts))],
    rows: [...rows].map(([sentence, asks]) => ({ sentence, asks })),
  };
}
