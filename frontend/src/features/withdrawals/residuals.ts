/** Who may have a copy, and whether they acknowledged. */
import { count } from "@/components/sizes";

export interface Told {
  revisions: readonly string[];
  deliveries: number;
  acknowledged: number;
}

/** One message acknowledged is enough: they go to several addresses of the same people. */
export function acknowledgement({ deliveries, acknowledged }: Told): { tone: string; words: string } {
  if (acknowledged > 0) return { tone: "approved", words: "Acknowledged" };
  return deliveries > 0 ? { tone: "withdrawn", words: "Told, not acknowledged" } : { tone: "failed", words: "Not told yet" };
}

/** An organisation is among the recipients by its own models, or because one of its people fetched somebody else's. */
export function howItHasIt({ revisions }: Told): string {
  if (revisions.length === 0) return "its people fetched a model with it";
  return `its models held it in ${count(revisions.length, "revision")}`;
}
