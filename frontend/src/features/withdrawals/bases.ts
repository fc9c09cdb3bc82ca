/** Why the right to use something ended, in words for the owner who says so. */
import type { Withdrawal } from "@/api/types";

type Basis = Withdrawal["legal_basis"];

export const BASES: Record<Basis, string> = {
  "consent-withdrawn": "Somebody in the data withdrew their consent (GDPR Art. 7)",
  objection: "Somebody in the data objected (GDPR Art. 21)",
  erasure: "Somebody in the data asked for erasure (GDPR Art. 17)",
  "licence-ended": "The licence or the contract ended",
  "never-held": "We never had the right",
  other: "Another reason",
};

export const CAUSES: Record<Withdrawal["cause"], string> = {
  owner: "Its owner took it back",
  "consent-expired": "The consent behind it ended",
  "licence-expired": "Its licence ended",
};

export function isBasis(text: string): text is Basis {
  return text in BASES;
}

/** A certificate may name one that these pages do not know yet. */
export function inWords(words: Readonly<Record<string, string>>, name: string): string {
  return words[name] ?? name;
}
