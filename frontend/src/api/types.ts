/** The shapes of the API under the names that the pages use. */
import type { components } from "@/api/schema";

type Schemas = components["schemas"];

export type Anchor = Schemas["AnchorOut"];
export type CertificateBundle = Schemas["CertificateOut"];
export type Check = Schemas["CheckOut"];
export type Composition = Schemas["CompositionOut"];
export type CompositionBrief = Schemas["CompositionBrief"];
export type ChecklistItem = Schemas["ItemOut"];
export type Consent = Schemas["ConsentOut"];
export type Entry = Schemas["EntryOut"];
export type EvidenceFile = Schemas["EvidenceFileOut"];
export type EvidenceKind = Schemas["EvidenceKind"];
export type Expert = Schemas["ExpertOut"];
export type ExpertDetail = Schemas["ExpertDetail"];
export type ExplainedExpert = Schemas["ExplainedExpert"];
export type FileDetail = Schemas["FileWithParts"];
export type Key = Schemas["KeyOut"];
export type Licence = Schemas["LicenceOut"];
export type LicenceTerms = Schemas["TermsOut"];
export type Model = Schemas["ModelOut"];
export type ModelDetail = Schemas["ModelDetail"];
export type NewToken = Schemas["NewToken"];
export type Person = Schemas["PersonOut"];
export type PolicyReason = Schemas["PolicyReason"];
export type Provenance = Schemas["ProvenanceOut"];
export type Question = Schemas["QuestionOut"];
export type QueueItem = Schemas["QueueItem"];
export type Receipt = Schemas["ReceiptOut"];
export type RepositoryFile = Schemas["RepositoryFileOut"];
export type Review = Schemas["ReviewOut"];
export type Revision = Schemas["RevisionOut"];
export type Selector = Schemas["SelectorOut"];
export type Session = Schemas["Session"];
export type SignedPart = Schemas["SignedPartOut"];
export type Token = Schemas["TokenOut"];
export type UploadedFile = Schemas["FileOut"];
export type Version = Schemas["VersionOut"] & { etag?: string | null };
export type VersionBrief = Schemas["VersionBrief"];
export type Vocabulary = Schemas["VocabularyOut"];
export type Waiting = Schemas["WaitingOut"];
export type Withdrawal = Schemas["WithdrawalOut"];
export type WithdrawalPreview = Schemas["PreviewOut"];
export type WithdrawalResiduals = Schemas["ResidualsOut"];
export type WithdrawalStep = Schemas["StepOut"];

export type Role = Schemas["RoleOut"]["role"];
