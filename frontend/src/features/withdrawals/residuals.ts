/** Whether a recipient has acknowledged: one message acknowledged is enough, they go to several addresses of the same people. */
export interface Told {
  deliveries: number;
  acknowledged: number;
}

export function acknowledgement({ deliveries, acknowledged }: Told): { tone: string; words: string } {
  if (acknowledged > 0) return { tone: "approved", words: "Acknowledged" };
  return deliveries > 0 ? { tone: "withdrawn", words: "Told, not acknowledged" } : { tone: "failed", words: "Not told yet" };
}
