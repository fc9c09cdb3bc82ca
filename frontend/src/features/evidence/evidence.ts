/** The evidence that goes with a version while its owner writes it, and how it is handed to the service. */
import type { components } from "@/api/schema";
import type { LicenceTerms } from "@/api/types";

export interface Evidence {
  licence: string;
  licenceText: string;
  attribution: string;
  legalBasis: string;
  purposes: string[];
  recipients: string[];
  jurisdictions: string[];
  validFrom: string; // YYYY-MM-DD, as the browser's date field gives it
  validUntil: string;
  withdrawalMethod: string;
  anchorDigest: string;
  dataset: string;
  trainedBy: string;
  code: string;
  notes: string;
}

export type Faults = { [K in keyof Evidence]?: string };

export const NO_EVIDENCE: Evidence = {
  licence: "",
  licenceText: "",
  attribution: "",
  legalBasis: "",
  purposes: [],
  recipients: [],
  jurisdictions: [],
  validFrom: "",
  validUntil: "",
  withdrawalMethod: "",
  anchorDigest: "",
  dataset: "",
  trainedBy: "",
  code: "",
  notes: "",
};

// The house's own terms are known to the service; every other LicenseRef- is only a name until its text is here.
const NEEDS_TEXT = /LicenseRef-(?!guildhall-)/;

/** The house's own terms, which end with a withdrawal. */
export const REVOCABLE = "LicenseRef-guildhall-revocable-1.0";

export function needsText(licence: string): boolean {
  return NEEDS_TEXT.test(licence);
}

/** As the API wants it. A day begins at its first moment and ends with its last, where the owner is. */
export function draftOf(evidence: Evidence): components["schemas"]["DraftVersionRequest"] {
  return {
    notes: evidence.notes.trim(),
    licence: {
      declared: evidence.licence.trim(),
      text: evidence.licenceText.trim(),
      attribution: evidence.attribution.trim(),
    },
    consent: {
      legal_basis: evidence.legalBasis,
      purposes: evidence.purposes,
      recipients: evidence.recipients,
      jurisdictions: evidence.jurisdictions.map((place) => place.trim().toUpperCase()),
      ...(evidence.validFrom && { valid_from: new Date(`${evidence.validFrom}T00:00:00`).toISOString() }),
      valid_until: evidence.validUntil ? new Date(`${evidence.validUntil}T23:59:59`).toISOString() : null,
      withdrawal_method: evidence.withdrawalMethod.trim(),
    },
    provenance: {
      statement: {
        anchor_digest: evidence.anchorDigest,
        dataset: evidence.dataset.trim(),
        trained_by: evidence.trainedBy.trim(),
        code: evidence.code.trim(),
      },
    },
  };
}

const NEEDED: [field: keyof Evidence, sentence: string][] = [
  ["licence", "Choose a licence, or write an SPDX expression."],
  ["legalBasis", "Choose the ground on which the data may be used."],
  ["withdrawalMethod", "Say how people can withdraw their consent."],
  ["dataset", "Describe the data in a sentence or two."],
  ["trainedBy", "Say who trained the expert."],
  ["code", "Say which code trained it, with its version."],
];

/** What is still to be said, by field. Empty: it can be handed in. */
export function missing(evidence: Evidence): Faults {
  const found: Faults = {};
  for (const [field, sentence] of NEEDED) {
    if (String(evidence[field]).trim() === "") found[field] = sentence;
  }
  if (evidence.purposes.length === 0) found.purposes = "Choose at least one purpose.";
  if (needsText(evidence.licence) && evidence.licenceText.trim() === "") {
    found.licenceText = "A licence of your own needs its full text.";
  }
  if (evidence.validUntil && evidence.validFrom && evidence.validUntil < evidence.validFrom) {
    found.validUntil = "The consent ends before it begins.";
  }
  return found;
}

/** A licence's terms as sentences about what will happen. */
export function consequences(licence: LicenceTerms): string[] {
  return [
    licence.commercial_use ? "Models with it may be used commercially." : "Models with it may not be used commercially.",
    licence.redistribution ? "It may be passed on." : "It may not be passed on.",
    ...(licence.derivatives ? [] : ["Nothing that is built from it may be passed on."]),
    ...(licence.share_alike ? ["What is built with it must carry the same licence."] : []),
    ...(licence.only_for ? [`It may be used for ${licence.only_for.join(" and ")} only.`] : []),
    ...(licence.bans.length > 0 ? [`It may not be used for: ${licence.bans.join("; ")}.`] : []),
    ...(licence.attribution ? ["Whoever uses it must name you."] : []),
    licence.revocable
      ? "It can be taken back: after a withdrawal, nobody may go on using it."
      : "It cannot be taken back: a withdrawal stops future use only. Who has a copy may keep it.",
  ];
}
