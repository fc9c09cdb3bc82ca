/** The evidence that goes with a version while its owner writes it, and how it is handed to the service. */
import type { components } from "@/api/schema";
import { Refusal } from "@/api/client";
import type { LicenceTerms } from "@/api/types";

export interface Evidence {
  licence: string;
  licenceText: string;
  attribution: string;
  licenceUntil: string; // YYYY-MM-DD, as the browser's date field gives it
  legalBasis: string;
  purposes: string[];
  recipients: string[];
  jurisdictions: string[];
  validFrom: string;
  validUntil: string;
  withdrawalMethod: string;
  dataCategories: string[];
  notice: string;
  language: string;
  controllers: string[];
  storageLocations: string[];
  keptFor: string; // a whole number, of these:
  keptUnit: KeptUnit;
  anchorDigest: string;
  dataset: string;
  trainedBy: string;
  code: string;
  notes: string;
}

/** Of an ISO 8601 duration. */
export type KeptUnit = "Y" | "M" | "D";

export type Faults = { [K in keyof Evidence]?: string };

export const NO_EVIDENCE: Evidence = {
  licence: "",
  licenceText: "",
  attribution: "",
  licenceUntil: "",
  legalBasis: "",
  purposes: [],
  recipients: [],
  jurisdictions: [],
  validFrom: "",
  validUntil: "",
  withdrawalMethod: "",
  dataCategories: [],
  notice: "",
  language: "en",
  controllers: [],
  storageLocations: [],
  keptFor: "",
  keptUnit: "Y",
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

/** The ground on which data about nobody is used; then most of the consent record has nothing to say. */
export const ABOUT_NOBODY = "no-personal-data";

export function isPersonal(evidence: Evidence): boolean {
  return evidence.legalBasis !== "" && evidence.legalBasis !== ABOUT_NOBODY;
}

/** As the API wants it. A day begins at its first moment and ends with its last, where the owner is. */
export function draftOf(evidence: Evidence): components["schemas"]["DraftVersionRequest"] {
  return {
    notes: evidence.notes.trim(),
    licence: {
      declared: evidence.licence.trim(),
      text: evidence.licenceText.trim(),
      attribution: evidence.attribution.trim(),
      valid_until: endOf(evidence.licenceUntil),
    },
    consent: {
      legal_basis: evidence.legalBasis,
      purposes: evidence.purposes,
      recipients: evidence.recipients,
      jurisdictions: places(evidence.jurisdictions),
      ...(evidence.validFrom && { valid_from: new Date(`${evidence.validFrom}T00:00:00`).toISOString() }),
      valid_until: endOf(evidence.validUntil),
      withdrawal_method: evidence.withdrawalMethod.trim(),
      ...(isPersonal(evidence) && personalRecord(evidence)),
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

function personalRecord(evidence: Evidence) {
  return {
    data_categories: evidence.dataCategories,
    notice: evidence.notice.trim(),
    language: evidence.language.trim(),
    controllers: evidence.controllers.map((name) => name.trim()).filter(Boolean),
    storage_locations: places(evidence.storageLocations),
    retention: evidence.keptFor.trim() && `P${evidence.keptFor.trim()}${evidence.keptUnit}`,
  };
}

function places(codes: readonly string[]): string[] {
  return codes.map((place) => place.trim().toUpperCase());
}

function endOf(lastDay: string): string | null {
  return lastDay ? new Date(`${lastDay}T23:59:59`).toISOString() : null;
}

/** What ISO/IEC TS 27560 wants of a record about personal data, by the names that the service gives it. */
export const WANTED: Readonly<Record<string, string>> = {
  notice: "where people could read what they agreed to",
  language: "the language of that notice",
  data_categories: "the kinds of personal data",
  storage_locations: "where the data is stored",
  retention: "how long the data is kept",
};

/** Those of them that are not said yet. They may be left out, and a reviewer will see that they are. */
export function gaps(evidence: Evidence): string[] {
  if (!isPersonal(evidence)) return [];
  const said: Record<string, string | string[]> = personalRecord(evidence);
  return Object.keys(WANTED).filter((name) => said[name]?.length === 0);
}

const FIELDS: Readonly<Record<string, keyof Evidence>> = {
  "licence.declared": "licence",
  "licence.text": "licenceText",
  "licence.attribution": "attribution",
  "licence.valid_until": "licenceUntil",
  "consent.legal_basis": "legalBasis",
  "consent.purposes": "purposes",
  "consent.recipients": "recipients",
  "consent.jurisdictions": "jurisdictions",
  "consent.valid_from": "validFrom",
  "consent.valid_until": "validUntil",
  "consent.withdrawal_method": "withdrawalMethod",
  "consent.data_categories": "dataCategories",
  "consent.notice": "notice",
  "consent.language": "language",
  "consent.controllers": "controllers",
  "consent.storage_locations": "storageLocations",
  "consent.retention": "keptFor",
};

/** What the service refused, beside the fields it is about. */
export function refused(error: Error | null): Faults {
  const found: Faults = {};
  if (!(error instanceof Refusal)) return found;
  for (const [path, sentences] of Object.entries(error.problem.errors ?? {})) {
    const field = FIELDS[path.replace(/\[\d+\]$/, "")];
    if (field) found[field] = sentences.join(" ");
  }
  return found;
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
  if (isPersonal(evidence) && evidence.keptFor.trim() && !/^[1-9]\d{0,2}$/.test(evidence.keptFor.trim())) {
    found.keptFor = "Give a whole number from 1 to 999.";
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
