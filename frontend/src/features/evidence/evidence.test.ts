/** Evidence: what is missing is named by its field, and what is handed in says what the owner meant. */
import { expect, test } from "vitest";
import type { LicenceTerms } from "@/api/types";
import { consequences, draftOf, missing, NO_EVIDENCE, type Evidence } from "@/features/evidence/evidence";

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
