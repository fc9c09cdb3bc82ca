/** Where a set stands, in one word and the badge that goes with it. */
import type { PolicySet } from "@/api/types";

export function standing(set: Pick<PolicySet, "active" | "waits" | "shipped" | "activated_at">): [state: string, words: string] {
  if (set.active) return ["approved", "Decides"];
  if (set.waits) return ["verified", "Waits for a second person"];
  if (set.activated_at || set.shipped) return ["superseded", "Decided earlier"];
  return ["draft", "Never decided"];
}
