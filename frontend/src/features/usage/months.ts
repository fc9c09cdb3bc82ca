/** Months as statements name them, and what their lines come to. */
import type { components } from "@/api/schema";

export type Statement = components["schemas"]["StatementOut"];

const SHORT = new Intl.DateTimeFormat("en-GB", { month: "short", timeZone: "UTC" });
const LONG = new Intl.DateTimeFormat("en-GB", { month: "long", year: "numeric", timeZone: "UTC" });

/** The last so many months until now, the oldest first, by the log's clock: "2026-11". */
export function lastMonths(many: number, now = new Date()): string[] {
  return Array.from({ length: many }, (_, back) =>
    new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - (many - 1 - back), 1)).toISOString().slice(0, 7),
  );
}

export function shortMonth(month: string): string {
  return SHORT.format(new Date(`${month}-01T00:00:00Z`));
}

export function longMonth(month: string): string {
  return LONG.format(new Date(`${month}-01T00:00:00Z`));
}

export interface Sum {
  inclusions: number;
  downloads: number;
}

export function sumOf(statement: Pick<Statement, "lines"> | undefined): Sum {
  const sum = { inclusions: 0, downloads: 0 };
  for (const line of statement?.lines ?? []) {
    sum.inclusions += line.inclusions;
    sum.downloads += line.downloads;
  }
  return sum;
}
