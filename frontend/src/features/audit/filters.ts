/** What the log can be narrowed to, and how that is said to the service. Days are the reader's own days. */
export interface LogFilters {
  about?: string;
  event?: string;
  actor?: string;
  organisation?: string;
  since?: string;
  until?: string;
  order?: string;
}

export const FILTERS = ["about", "event", "actor", "organisation", "since", "until", "order"] as const;

const DAY = /^(\d{4})-(\d{2})-(\d{2})$/;

/** Only what is said. */
export function filled(filters: LogFilters): LogFilters {
  return Object.fromEntries(
    Object.entries(filters).flatMap(([name, value]: [string, string | undefined]) =>
      value?.trim() ? [[name, value.trim()]] : [],
    ),
  );
}

/** The filters as the service reads them: from the first moment of one day to the last moment of another. */
export function asQuery(filters: LogFilters): Omit<LogFilters, "order"> {
  const { about, event, actor, organisation, since, until } = filled(filters);
  return filled({ about, event, actor, organisation, since: since && startOf(since, 0), until: until && startOf(until, 1) });
}

/** Where the entries that the filters leave can be taken away from. */
export function exportPath(filters: LogFilters): string {
  const asked = new URLSearchParams({ ...asQuery(filters) }).toString();
  return asked ? `/api/v1/log/export?${asked}` : "/api/v1/log/export";
}

/** The moment at which that day, or one some days later, begins. What is no day goes on as it is: the service says why. */
function startOf(text: string, later: number): string {
  const found = DAY.exec(text);
  if (!found) return text;
  const [year, month, day] = found.slice(1).map(Number) as [number, number, number];
  const moment = new Date(year, month - 1, day + later);
  return Number.isNaN(moment.getTime()) ? text : moment.toISOString();
}
