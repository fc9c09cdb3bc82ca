/** How long a reason may be, as the service wants it. */
export const SHORTEST_REASON = 10;
export const LONGEST_REASON = 500;
