"""What each kind of entry tells: its facts by name, and those that the log only commits to.

`facts` hold ids, digests, numbers and public names. Free text, and whatever is personal or confidential, is `private`:
the leaf has a salted digest of it, the words lie in a row that can be erased. Names are added, never renamed; what a
kind has to tell besides goes into `optional`, so that old leaves stay readable by their version.
"""

from dataclasses import dataclass

from registry.audit.events import Event


@dataclass(frozen=True, slots=True)
class Shape:
    """The facts of one kind of entry."""

    facts: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    private: frozenset[str] = frozenset()

    def fault(self, facts: frozenset[str], private: frozenset[str]) -> str:
        """What is wrong with these names, or nothing."""
        if missing := self.facts - facts:
            return f"tells nothing of {', '.join(sorted(missing))}"
        if strange := facts - self.facts - self.optional:
            return f"tells of {', '.join(sorted(strange))}, which registry/audit/schemas.py does not know"
        if strange := private - self.private:
            return f"keeps {', '.join(sorted(strange))} private, which registry/audit/schemas.py does not know"
        return ""


def shape(facts: str = "", *, optional: str = "", private: str = "") -> Shape:
    return Shape(frozenset(facts.split()), frozenset(optional.split()), frozenset(private.split()))


E = Event
BUILD = "model recipe_digest"
FILE = "path size sha256"
NOTICE = "id organisation channel kind attempts"
SHAPES: dict[E, Shape] = {
    E.LOG_KEY_ADDED: shape("purpose vkey"),
    E.LOG_KEY_RETIRED: shape("purpose vkey"),
    E.PAYLOADS_ERASED: shape("entries", private="reason"),
    # accounts
    E.ORGANISATION_CREATED: shape("organisation jurisdiction"),
    E.PERSON_CREATED: shape(),
    E.PERSON_ERASED: shape(private="reason"),
    E.ROLE_GRANTED: shape("organisation role"),
    E.ROLE_REVOKED: shape("organisation role"),
    E.TOKEN_CREATED: shape("person expires_at"),
    E.TOKEN_REVOKED: shape("person"),
    E.PASSWORD_CHANGED: shape(),
    E.TOTP_ACTIVATED: shape(),
    E.TOTP_DEACTIVATED: shape(),
    E.RECOVERY_CODES_MADE: shape(),
    E.PASSKEY_ADDED: shape(),
    E.PASSKEY_REMOVED: shape(),
    E.SESSION_ENDED: shape(),
    E.IDENTITY_LINKED: shape("provider"),
    E.INVITATION_MADE: shape("organisation role expires_at"),
    E.INVITATION_REVOKED: shape(),
    E.INVITATION_ACCEPTED: shape("person"),
    E.KEY_REGISTERED: shape("organisation fingerprint public_key"),
    E.KEY_REVOKED: shape("organisation fingerprint"),
    # experts
    E.ANCHOR_CREATED: shape("anchor licence"),
    E.ANCHOR_SUBMITTED: shape("files"),
    E.ANCHOR_VERIFIED: shape("digest data_digest"),
    E.ANCHOR_FAILED: shape(private="failure"),
    E.ANCHOR_TEXT_KEPT: shape("public_text"),
    E.EXPERT_CREATED: shape("expert anchor_digest domain"),
    E.VERSION_DRAFTED: shape("version"),
    E.VERSION_SUBMITTED: shape("files"),
    E.VERSION_READ: shape("data_digest router_digest signed_with"),
    E.VERSION_VERIFIED: shape("data_digest router_digest signed_with", optional="report_digest"),
    E.VERSION_FAILED: shape(private="failure"),
    E.VERSION_APPROVED: shape("registration data_digest", optional="status_index"),
    E.VERSION_REJECTED: shape(private="reason"),
    E.VERSION_PAUSED: shape(private="reason"),
    E.VERSION_RESUMED: shape(private="reason"),
    E.VERSION_SUSPENDED: shape("cause round", optional="policy", private="reason"),
    E.VERSION_WITHDRAWN: shape("data_digest", optional="revisions_blocked status_index"),
    E.UPLOAD_STARTED: shape(FILE),
    E.UPLOAD_COMPLETED: shape(FILE),
    E.UPLOAD_SWEPT: shape(FILE),
    E.UPLOAD_REMOVED: shape(FILE),
    # evidence and reviews
    E.LICENCE_DECLARED: shape("declared text_digest", optional="valid_until"),
    E.LICENCE_CONCLUDED: shape("declared concluded"),
    E.CONSENT_GIVEN: shape(
        "consent legal_basis purposes recipients jurisdictions valid_from valid_until",
        optional="vocabulary",
        private="record",
    ),
    E.RECEIPT_ISSUED: shape("consent state statement_digest"),
    E.EVIDENCE_ADDED: shape("file kind media_type size sha256", private="name"),
    E.EVIDENCE_REMOVED: shape("file kind sha256"),
    E.PROVENANCE_STATED: shape("statement_digest"),
    E.PROVENANCE_CHECKED: shape("signature_verified key"),
    E.REVIEW_CLAIMED: shape("until"),
    E.REVIEW_RELEASED: shape(),
    E.REVIEW_DECIDED: shape("verdict", optional="round checklist answers", private="reason notes"),
    E.REVIEW_REMINDED: shape("what round due_at"),
    E.QUESTION_ASKED: shape("question", private="text"),
    E.QUESTION_ANSWERED: shape("question", private="text"),
    # policy
    E.POLICY_PROPOSED: shape("hash rules examples_digest", optional="earlier", private="reason"),
    E.POLICY_SHADOWED: shape("hash against looked_at changed sent_back"),
    E.POLICY_ACTIVATED: shape("hash rules", optional="proposed_by replaces"),
    E.QUARANTINE_PLACED: shape(private="reason"),
    E.QUARANTINE_LIFTED: shape(private="reason"),
    E.DECISION_MADE: shape("decision consumer action purpose allowed policies set_hash inputs_digest"),
    # compositions
    E.MODEL_REQUESTED: shape("anchor experts purpose top_k on_withdrawal", optional="selector tuning"),
    E.MODEL_CHANGED: shape("anchor experts purpose top_k on_withdrawal", optional="selector tuning"),
    E.MAIN_MOVED: shape("from to"),
    E.MAIN_CLEARED: shape("from", private="reason"),
    E.TAG_SET: shape("tag revision"),
    E.TAG_REMOVED: shape("tag revision"),
    E.COMPOSITION_REQUESTED: shape(f"{BUILD} recipe purpose"),
    E.COMPOSITION_DECIDED: shape(BUILD),
    E.COMPOSITION_ASSEMBLING: shape(BUILD),
    E.COMPOSITION_VALIDATING: shape(f"{BUILD} revision"),
    E.COMPOSITION_INCLUDED: shape(f"{BUILD} consumer purpose revision manifest_digest inclusions", optional="papers"),
    E.COMPOSITION_PUBLISHED: shape(f"{BUILD} revision", optional="data_digests"),
    E.COMPOSITION_REFUSED: shape(f"{BUILD} policies"),
    E.COMPOSITION_FAILED: shape(BUILD, private="reason"),
    E.COMPOSITION_CANCELLED: shape(BUILD, private="reason"),
    E.COMPOSITION_SUPERSEDED: shape(f"{BUILD} revision"),
    E.REVISION_BLOCKED: shape(f"{BUILD} revision", private="reason"),
    E.INCLUSION_RECORDED: shape("composition revision model consumer purpose slot data_digest"),
    E.ROUTER_TUNED: shape("recipe_digest router_digest participants"),
    E.SHARD_MADE: shape("data_digest slot size"),
    E.SHARD_DROPPED: shape("data_digest slot size"),
    # usage
    E.DOWNLOAD_GRANTED: shape("revision model consumer versions"),
    E.DOWNLOAD_REFUSED: shape("revision model version"),
    # notices
    E.WEBHOOK_CREATED: shape("organisation", private="url"),
    E.WEBHOOK_DISABLED: shape("organisation", private="reason"),
    E.NOTICE_ANNOUNCED: shape("kind deliveries"),
    E.NOTICE_DELIVERED: shape(NOTICE),
    E.NOTICE_GIVEN_UP: shape(NOTICE),
    E.NOTICE_ACKNOWLEDGED: shape(NOTICE),
    # withdrawals
    E.WITHDRAWAL_REQUESTED: shape(optional="batch cause legal_basis", private="reason"),
    E.WITHDRAWAL_BLOCKED: shape("revisions presigned_until"),
    E.WITHDRAWAL_ANNOUNCED: shape("organisations deliveries"),
    E.WITHDRAWAL_PROPAGATED: shape(optional="models"),
    E.WITHDRAWAL_DELAYED: shape("step", private="failure"),
    E.DESTRUCTION_CONFIRMED: shape(),
    E.OBJECTS_DESTROYED: shape("objects"),
    E.WITHDRAWAL_DESTROYED: shape("objects bytes manifest_digest kept"),
    E.WITHDRAWAL_REOPENED: shape("remnants"),
    E.WITHDRAWAL_CHECKED: shape("listed read composed served clients"),
    E.WITHDRAWAL_CERTIFIED: shape("statement_digest version data_digest"),
    E.RECALL_OPENED: shape("cause"),
    E.RECALL_BLOCKED: shape("revisions"),
    E.RECALL_ANNOUNCED: shape("organisations deliveries"),
    E.RECALL_ENDED: shape("models"),
    E.HOLD_PLACED: shape(private="reason"),
    E.HOLD_LIFTED: shape(),
    E.EXPIRY_NOTIFIED: shape("what ends_on days"),
}
