"""Receipts of a consent: made and signed at the moment itself, kept to the byte, with their digest in the log.

One says that it was given, when its version was handed in; another one how it ended. ISO/IEC TS 27560, in the words of
the W3C Data Privacy Vocabulary, inside an in-toto statement.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from registry.actors import Actor
from registry.audit import clock
from registry.audit.events import Event
from registry.audit.log import record
from registry.audit.statements import STATEMENT, sign
from registry.evidence.models import ConsentReceipt, ConsentRecord, ConsentState, EvidenceFile
from registry.evidence.rules import DATA_CATEGORIES, PURPOSES, gaps_of
from registry.experts.models import ExpertVersion, VersionState

RECEIPT = "https://guildhall.dev/consent-receipt/v1"
CONTEXT = {
    "@vocab": "https://guildhall.dev/consent/v1#",
    "dpv": "https://w3id.org/dpv#",
    "pd": "https://w3id.org/dpv/pd#",
    "dct": "http://purl.org/dc/terms/",
}
# The states of ISO/IEC TS 27560, and DPV's word for each.
STATUS: dict[str, str] = {
    ConsentState.GIVEN: "dpv:ConsentGiven",
    ConsentState.WITHDRAWN: "dpv:ConsentWithdrawn",
    ConsentState.LAPSED: "dpv:ConsentExpired",
    ConsentState.INVALIDATED: "dpv:ConsentInvalidated",
    ConsentState.TERMINATED: "dpv:ConsentRevoked",
}


@transaction.atomic
def issue_receipt(version: ExpertVersion, state: ConsentState, *, at: datetime, party: str, by: Actor) -> None:
    """Sign a receipt that the consent came to this state then, through this party. There is one of each state."""
    consent = ConsentRecord.objects.filter(version=version).first()
    if consent is None or ConsentReceipt.objects.filter(consent=consent, state=state).exists():
        return
    given_at = version.submitted_at or consent.created_at
    events = [{"state": "given", "at": given_at.isoformat(), "by": f"person:{consent.given_by_id}"}]
    if state != ConsentState.GIVEN:
        events.append({"state": str(state), "at": at.isoformat(), "by": party})
    signed = sign(statement_of(version, consent, state, events))
    facts = {"consent": str(consent.id), "state": str(state), "statement_digest": signed.digest}
    entry = record(Event.RECEIPT_ISSUED, about=str(version), by=by, facts=facts)
    ConsentReceipt.objects.create(
        consent=consent,
        state=state,
        envelope=signed.envelope,
        digest=signed.digest,
        vkey=signed.vkey,
        entry=entry,
        issued_at=clock.now(),
    )


def receipts_of(version: ExpertVersion) -> QuerySet[ConsentReceipt]:
    """The newest first."""
    return ConsentReceipt.objects.filter(consent__version=version).order_by("-issued_at", "-entry")


def without_receipt(*, limit: int) -> list[UUID]:
    """Versions handed in before there were receipts, or at a moment when none could be made."""
    given = ConsentReceipt.objects.filter(consent__version=OuterRef("id"), state=ConsentState.GIVEN)
    consents = ConsentRecord.objects.filter(version=OuterRef("id"))
    rows = ExpertVersion.objects.filter(Exists(consents), ~Exists(given), submitted_at__isnull=False)
    rows = rows.exclude(Q(state=VersionState.FAILED) | Q(state=VersionState.REJECTED))
    return list(rows.order_by("submitted_at", "id").values_list("id", flat=True)[:limit])


def statement_of(
    version: ExpertVersion, consent: ConsentRecord, state: str, events: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    organisation = version.expert.organisation
    controllers = consent.controllers or [organisation.name]
    return {
        "_type": STATEMENT,
        "subject": _subjects(version),
        "predicateType": RECEIPT,
        "predicate": {
            "@context": CONTEXT,
            "@type": ["dpv:ConsentRecord", "dpv:ConsentReceipt"],
            "@id": f"urn:uuid:{consent.id}",
            "schemaVersion": "ISO/IEC TS 27560:2023",
            "recordId": str(consent.id),
            "version": str(version),
            "dct:language": consent.language or None,
            "dpv:hasNotice": consent.notice or None,
            "dpv:hasLegalBasis": consent.legal_basis,
            "vocabulary": consent.vocabulary,
            "dpv:hasPurpose": [_purpose(purpose) for purpose in consent.purposes],
            "dpv:hasPersonalData": [DATA_CATEGORIES.get(kind, kind) for kind in consent.data_categories],
            "dpv:hasDataController": controllers,
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
            "evidence": [
                {"kind": file.kind, "mediaType": file.media_type, "digest": _sha256(file.sha256)}
                for file in EvidenceFile.objects.filter(version=version).order_by("added_at", "id")
            ],
            "parties": [{"role": "dpv:DataController", "name": name} for name in controllers],
            "state": state,
            "dpv:hasConsentStatus": STATUS[state],
            "events": list(events),
        },
    }


def _subjects(version: ExpertVersion) -> list[dict[str, Any]]:
    """What it speaks for: the files as they were handed in, and the weights once somebody has read them."""
    files = version.files.order_by("path").values_list("path", "sha256")
    found = [{"name": f"{version}/{path}", "digest": _sha256(digest)} for path, digest in files]
    if version.data_digest:
        found.append({"name": str(version), "digest": _sha256(version.data_digest)})
    return found


def _sha256(digest: str) -> dict[str, str]:
    return {"sha256": digest.removeprefix("sha256:")}


def _purpose(purpose: str) -> dict[str, Any]:
    known = PURPOSES.get(purpose)
    return {"id": purpose, "dpv": known.dpv, "duo": list(known.duo)} if known else {"id": purpose}
