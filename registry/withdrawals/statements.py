"""What is signed: the certificate of a withdrawal, and the receipt of a consent. both in-toto statements.

A certificate says what was done, and honestly what could not be: copies on other people's disks, revisions that
clients pinned, rights that a licence gave for good.
"""

from typing import Any

from registry.audit.statements import STATEMENT
from registry.evidence.licences import terms_of
from registry.evidence.models import ConsentRecord, LicenceTerms
from registry.evidence.rules import DATA_CATEGORIES, PURPOSES, gaps_of
from registry.experts.models import ExpertVersion
from registry.notices.queries import deliveries_about
from registry.usage.queries import recipients_of
from registry.withdrawals.models import Cause, LegalBasis, Withdrawal
from registry.withdrawals.queries import affected_by

PREDICATE = "https://guildhall.dev/withdrawal/v1"
RECEIPT = "https://guildhall.dev/consent-receipt/v1"
CONTEXT = {
    "@vocab": "https://guildhall.dev/consent/v1#",
    "dpv": "https://w3id.org/dpv#",
    "pd": "https://w3id.org/dpv/pd#",
    "dct": "http://purl.org/dc/terms/",
}
# The states of ISO/IEC TS 27560, and DPV's word for each.
STATUS = {
    "given": "dpv:ConsentGiven",
    "withdrawn": "dpv:ConsentWithdrawn",
    "lapsed": "dpv:ConsentExpired",
    "invalidated": "dpv:ConsentInvalidated",
    "terminated": "dpv:ConsentRevoked",
}


def certificate_of(withdrawal: Withdrawal) -> dict[str, Any]:
    """The statement about one withdrawal, when all but its certificate is done."""
    version = withdrawal.version
    return {
        "_type": STATEMENT,
        "subject": [{"name": str(version), "digest": {"sha256": version.data_digest.removeprefix("sha256:")}}],
        "predicateType": PREDICATE,
        "predicate": {
            "withdrawal": str(withdrawal.id),
            "cause": withdrawal.cause,
            "legal_basis": withdrawal.legal_basis,
            "requested_at": withdrawal.requested_at.isoformat(),
            "steps": [
                {"step": row.name, "at": row.done_at.isoformat(), "facts": row.facts}
                for row in withdrawal.steps.exclude(done_at=None).order_by("done_at", "id")
                if row.done_at
            ],
            "models": [
                {"model": one.model, "revision": one.revision, "now": one.recomposed_revision}
                for one in affected_by(withdrawal)
            ],
            "residuals": residuals_of(withdrawal),
        },
    }


def residuals_of(withdrawal: Withdrawal) -> dict[str, Any]:
    """What a withdrawal cannot reach, by name: revisions that clients may have pinned, recipients, rights."""
    version = withdrawal.version
    terms = LicenceTerms.objects.filter(version=version).first()
    licence = str(terms) if terms else "NONE"
    told: dict[str, dict[str, int]] = {}
    for delivery in deliveries_about(str(withdrawal)):
        count = told.setdefault(delivery.organisation.slug, {"deliveries": 0, "acknowledged": 0})
        count["deliveries"] += 1
        count["acknowledged"] += delivery.acknowledged_at is not None
    recipients = recipients_of(version)
    return {
        "pinned_revisions": sorted({one.revision for one in affected_by(withdrawal) if one.revision}),
        "recipients": [
            {
                "organisation": organisation.slug,
                "revisions": revisions,
                **told.get(organisation.slug, {"deliveries": 0, "acknowledged": 0}),
            }
            for organisation, revisions in recipients.revisions.items()
        ],
        "licence": licence,
        "licence_irrevocable": not terms_of(licence).revocable,
        "says": [
            "Copies on the recipients' own disks are out of our reach; recipients were asked to delete them.",
            "A client that pinned one of these revisions and has it in its cache asks nobody before it loads it.",
            "`guildhall verify model --max-age` refuses such copies where it is run before loading.",
        ],
    }


def receipt_of(version: ExpertVersion) -> dict[str, Any]:
    """The consent behind a version as a receipt (ISO/IEC TS 27560, in the words of DPV), with its present state."""
    consent = ConsentRecord.objects.select_related("version__expert__organisation").get(version=version)
    withdrawal = Withdrawal.objects.filter(version=version).first()
    state = "given" if withdrawal is None else _ended_as(withdrawal)
    organisation = version.expert.organisation
    return {
        "_type": STATEMENT,
        "subject": [{"name": str(version), "digest": {"sha256": version.data_digest.removeprefix("sha256:")}}],
        "predicateType": RECEIPT,
        "predicate": {
            "@context": CONTEXT,
            "@type": ["dpv:ConsentRecord", "dpv:ConsentReceipt"],
            "@id": f"urn:uuid:{consent.id}",
            "schemaVersion": "ISO/IEC TS 27560:2023",
            "recordId": str(consent.id),
            "dct:language": consent.language or None,
            "dpv:hasNotice": consent.notice or None,
            "dpv:hasLegalBasis": consent.legal_basis,
            "vocabulary": consent.vocabulary,
            "dpv:hasPurpose": [_purpose(purpose) for purpose in consent.purposes],
            "dpv:hasPersonalData": [DATA_CATEGORIES[kind] for kind in consent.data_categories],
            "dpv:hasDataController": consent.controllers or [organisation.name],
            "dpv:hasRecipient": consent.recipients or ["any organisation"],
            "dpv:hasJurisdiction": consent.jurisdictions or ["anywhere"],
            "dpv:hasStorageCondition": {
                "locations": consent.storage_locations,
                "retention": consent.retention or None,
            },
            "withdrawalMethod": consent.withdrawal_method,
            "validFrom": consent.valid_from.isoformat(),
            "validUntil": consent.valid_until.isoformat() if consent.valid_until else None,
            "gaps": gaps_of(consent),
            "parties": [
                {"role": "dpv:DataController", "name": name} for name in consent.controllers or [organisation.name]
            ],
            "state": state,
            "dpv:hasConsentStatus": STATUS[state],
            "events": [
                {"state": "given", "at": consent.created_at.isoformat(), "by": f"person:{consent.given_by_id}"},
                *(
                    [{"state": state, "at": withdrawal.requested_at.isoformat(), "by": withdrawal.requested_by}]
                    if withdrawal
                    else []
                ),
            ],
        },
    }


def _purpose(purpose: str) -> dict[str, Any]:
    known = PURPOSES[purpose]
    return {"id": purpose, "dpv": known.dpv, "duo": list(known.duo)}


def _ended_as(withdrawal: Withdrawal) -> str:
    """The standard's word for how it ended."""
    if withdrawal.cause == Cause.CONSENT_EXPIRED:
        return "lapsed"
    if withdrawal.cause == Cause.LICENCE_EXPIRED:
        return "terminated"
    return "invalidated" if withdrawal.legal_basis == LegalBasis.NEVER_HELD else "withdrawn"
