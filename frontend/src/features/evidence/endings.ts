/** What stands behind a version and ends: said ahead, so that nobody is surprised by the day. */
import { day } from "@/components/dates";
import { count } from "@/components/sizes";

const AHEAD_DAYS = 30;
const A_DAY = 86_400_000;

export interface Terms {
  consent: string | null;
  licence: string | null;
}

/** A sentence for each that ends within a month, the soonest first. */
export function endings({ consent, licence }: Terms, now: Date): string[] {
  const found: [what: string, ends: string][] = [];
  if (consent) found.push(["The consent behind it", consent]);
  if (licence) found.push(["Its licence", licence]);
  return found
    .filter(([, ends]) => left(ends, now) > 0 && left(ends, now) <= AHEAD_DAYS * A_DAY)
    .sort(([, one], [, other]) => left(one, now) - left(other, now))
    .map(([what, ends]) => `${what} ends on ${day(ends)}, ${inDays(left(ends, now))}; then the version is withdrawn by itself.`);
}

function left(ends: string, now: Date): number {
  return new Date(ends).getTime() - now.getTime();
}

function inDays(ms: number): string {
  return ms < A_DAY ? "within a day" : `in ${count(Math.floor(ms / A_DAY), "day")}`;
}
