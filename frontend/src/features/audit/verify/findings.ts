/** What a check says: each thing that was looked at and held, each that could not be looked at, and what it is about. */
import { Malformed } from "@/api/proofs";
import { NotVerified, type Fields } from "@/features/audit/verify/strict";

export interface Finding {
  ok: boolean | null; // null: could not be looked at here
  sentence: string;
}

export interface Report {
  findings: readonly Finding[];
  /** What was proven, in names and values. */
  facts: readonly (readonly [name: string, value: string])[];
  /** What was signed, whole, where there is such a thing. */
  told?: Fields;
}

export function held(sentence: string): Finding {
  return { ok: true, sentence };
}

export function unseen(sentence: string): Finding {
  return { ok: null, sentence };
}

/** A report in any case: whatever does not hold is its only finding, in one sentence. What was given may be anything. */
export async function reported(check: () => Promise<Report>): Promise<Report> {
  try {
    return await check();
  } catch (fault) {
    const known = fault instanceof NotVerified || fault instanceof Malformed;
    return { findings: [{ ok: false, sentence: known ? fault.message : "It could not be read to its end in this browser." }], facts: [] };
  }
}
