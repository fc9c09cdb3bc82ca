/** Evidence: what is missing is named by its field, and what is handed in says what the owner meant. */
import { expect, test } from "vitest";
import { Refusal } from "@/api/client";
import type { LicenceTerms } from "@/api/types";
import { consequences, draftOf, gaps, missing, NO_EVIDENCE, refused, type Evidence } from "@/features/evidence/evidence";

const WHOLE: Evidence = {
  ...NO_EVIDENCE,
  licence: "CC-BY-4.0",
  legalBasis: "no-personal-data",
  purposes: ["research"],
  withdrawalMethod: "By mail.",
  anchorDigest: `sha256:${"a".repeat(64)}`,
  dataset: "Plays in the public domain.",
  trainedBy: "Playhouse",
  code: "flexcore 0.1.0",
};

test("whole evidence lacks nothing", () => {
  expect(missing(WHOLE)).toEqual({});
});

test("each field that is empty is named", () => {
  expect(Object.keys(missing(NO_EVIDENCE)).sort()).toEqual(
    ["code", "dataset", "legalBasis", "licence", "purposes", "trainedBy", "withdrawalMethod"].sort(),
  );
});

test("a licence of one's own needs its text, the house's does not", () => {
  expect(missing({ ...WHOLE, licence: "LicenseRef-mine" }).licenceText).toBeTruthy();
  expect(missing({ ...WHOLE, licence: "LicenseRef-guildhall-revocable-1.0" }).licenceText).toBeUndefined();
});

test("a consent cannot end before it begins", () => {
  expect(missing({ ...WHOLE, validFrom: "2026-12-02", validUntil: "2026-12-01" }).validUntil).toBeTruthy();
});

test("a last day counts to its end, and no end is said as none", () => {
  const { consent } = draftOf({ ...WHOLE, validUntil: "2027-01-31" });

  expect(new Date(consent.valid_until ?? "").getHours()).toBe(23);
  expect(consent.valid_from).toBeUndefined();
  expect(draftOf(WHOLE).consent.valid_until).toBeNull();
});

test("data about nobody has no gaps, and hands in no record of people", () => {
  expect(gaps(WHOLE)).toEqual([]);
  expect(draftOf({ ...WHOLE, dataCategories: ["health"] }).consent.data_categories).toBeUndefined();
});

test("what is not said of personal data is named, and is no reason to wait", () => {
  const personal: Evidence = { ...WHOLE, legalBasis: "consent", language: "de" };

  expect(gaps(personal)).toEqual(["notice", "data_categories", "storage_locations", "retention"]);
  expect(missing(personal)).toEqual({});
});

test("a whole record of personal data is handed in as the standard writes it", () => {
  const { consent, licence } = draftOf({
    ...WHOLE,
    legalBasis: "consent",
    dataCategories: ["health"],
    notice: " https://playhouse.example/notice ",
    language: "de-AT",
    controllers: ["The opera", " "],
    storageLocations: ["at"],
    keptFor: " 18 ",
    keptUnit: "M",
    licenceUntil: "2027-01-31",
  });

  expect(consent).toMatchObject({
    data_categories: ["health"],
    notice: "https://playhouse.example/notice",
    language: "de-AT",
    controllers: ["The opera"],
    storage_locations: ["AT"],
    retention: "P18M",
  });
  expect(new Date(licence.valid_until ?? "").getHours()).toBe(23);
});

test.each(["0", "1.5", "five", "1000"])("%s is no time to keep data", (keptFor) => {
  expect(missing({ ...WHOLE, legalBasis: "consent", keptFor }).keptFor).toBeTruthy();
});

test("what the service refuses stands beside its field", () => {
  const errors = { "consent.storage_locations[0]": ["That is no place."], "licence.valid_until": ["It has no end."], other: ["?"] };
  const refusal = new Refusal({ type: "", title: "", status: 400, code: "invalid", detail: "", errors });

  expect(refused(refusal)).toEqual({ storageLocations: "That is no place.", licenceUntil: "It has no end." });
  expect(refused(new Error("the line broke"))).toEqual({});
});

test("places are written as their codes", () => {
  expect(draftOf({ ...WHOLE, jurisdictions: [" de ", "us-ca"] }).consent.jurisdictions).toEqual(["DE", "US-CA"]);
});

test("an irrevocable licence says that a withdrawal stops future use only", () => {
  const terms: LicenceTerms = {
    id: "MIT",
    name: "MIT License",
    summary: "",
    revocable: false,
    commercial_use: true,
    redistribution: true,
    derivatives: true,
    share_alike: false,
    attribution: true,
    commercial_limit: "",
    stays_under: false,
    notices: [],
    bans: [],
    outputs: [],
    only_for: null,
    patents: "silent",
    law: "",
    text_url: "https://opensource.org/license/mit",
    reviewed_by: "",
  };

  expect(consequences(terms).join(" ")).toContain("a withdrawal stops future use only");
  expect(consequences({ ...terms, revocable: true }).join(" ")).toContain("nobody may go on using it");
  expect(consequences({ ...terms, bans: ["war"] }).join(" ")).toContain("It may not be used for: war.");
});
