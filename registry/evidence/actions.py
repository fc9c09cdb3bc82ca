"""Drafting a version together with what speaks for it, and noting what the check of its signature said."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from registry.accounts.models import Organisation
from registry.accounts.queries import person_id_of
from registry.actors import Actor
from registry.audit import clock
from registry.audit.events import Event
from registry.audit.log import record
from registry.digests import canonical, digest_of, sha256
from registry.errors import Invalid
from registry.evidence.licences import check_may_end, normalised_licence
from registry.evidence.models import ConsentRecord, ConsentState, LicenceTerms, Provenance
from registry.evidence.receipts import issue_receipt
from registry.evidence.rules import (
    VOCABULARY,
    check_consent,
    check_licence_end,
    check_provenance,
    check_record,
    check_together,
)
from registry.experts.actions import Reading, draft_version, mark_version_verified, submit_version
from registry.experts.models import ExpertVersion
from registry.experts.queries import get_expert

MAX_STATEMENT_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class LicenceClaim:
    """The licence as the owner declares it."""

    declared: str
    text: str = ""
    attribution: str = ""
    valid_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class ConsentClaim:
    """The legal ground as the owner states it."""

    legal_basis: str
    purposes: Sequence[str]
    withdrawal_method: str
    recipients: Sequence[str] = ()
    jurisdictions: Sequence[str] = ()
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    notice: str = ""
    language: str = ""
    data_categories: Sequence[str] = ()
    controllers: Sequence[str] = ()
    storage_locations: Sequence[str] = ()
    retention: str = ""

    def described(self) -> dict[str, Any]:
        """What only describes: no decision is made by it."""
        return {
            "notice": self.notice,
            "language": self.language,
            "data_categories": list(dict.fromkeys(self.data_categories)),
            "controllers": list(dict.fromkeys(self.controllers)),
            "storage_locations": list(dict.fromkeys(self.storage_locations)),
            "retention": self.retention,
        }


@transaction.atomic
def draft_version_with_evidence(
    full_name: str,
    *,
    licence: LicenceClaim,
    consent: ConsentClaim,
    statement: Mapping[str, Any],
    notes: str = "",
    by: Actor,
) -> ExpertVersion:
    """The next version of an expert, with licence, consent and provenance. Where one is wrong, nothing is drafted."""
    expert = get_expert(full_name)
    version = draft_version(expert.id, notes=notes, by=by)
    _declare_licence(version, licence, by=by)
    _give_consent(version, consent, by=by)
    check_together(
        legal_basis=consent.legal_basis,
        data_categories=consent.data_categories,
        consent_from=consent.valid_from or clock.now(),
        licence_until=licence.valid_until,
    )
    _state_provenance(version, statement, by=by)
    return version


@transaction.atomic
def submit_version_with_receipt(version_id: UUID, *, by: Actor) -> ExpertVersion:
    """Close the draft. Its consent is given with this, and the receipt of it is signed and kept."""
    version = submit_version(version_id, by=by)
    at = version.submitted_at or clock.now()
    issue_receipt(version, ConsentState.GIVEN, at=at, party=str(by), by=by)
    return version


@transaction.atomic
def verify_version_with_evidence(
    version_id: UUID,
    reading: Reading,
    *,
    report: Mapping[str, Any],
    checks: Sequence[Mapping[str, Any]],
    by: Actor,
) -> ExpertVersion:
    """The version is verified, and its provenance is known to be signed with this key."""
    version = mark_version_verified(version_id, reading, report=report, checks=checks, by=by)
    Provenance.objects.filter(version=version).update(
        signature_verified=True, key_fingerprint=reading.fingerprint, checked_at=clock.now()
    )
    facts = {"signature_verified": True, "key": reading.fingerprint}
    record(Event.PROVENANCE_CHECKED, about=str(version), by=by, facts=facts)
    return version


@contextmanager
def _about(field: str) -> Iterator[None]:
    """Says which field of the request a refusal is about."""
    try:
        yield
    except Invalid as fault:
        raise Invalid(fault.detail, field=field) from fault


def _declare_licence(version: ExpertVersion, claim: LicenceClaim, *, by: Actor) -> None:
    with _about("licence.declared"):
        declared = normalised_licence(claim.declared, text=claim.text)
    check_licence_end(claim.valid_until, now=clock.now())
    if claim.valid_until is not None:
        with _about("licence.valid_until"):
            check_may_end(declared)
    LicenceTerms.objects.create(
        version=version,
        declared=declared,
        text=claim.text.strip(),
        attribution=claim.attribution,
        valid_until=claim.valid_until,
    )
    facts = {"declared": declared, "text_digest": sha256(claim.text.strip().encode()) if claim.text.strip() else ""}
    if claim.valid_until is not None:
        facts["valid_until"] = claim.valid_until.astimezone(UTC).isoformat()
    record(Event.LICENCE_DECLARED, about=str(version), by=by, facts=facts)


def _give_consent(version: ExpertVersion, claim: ConsentClaim, *, by: Actor) -> None:
    now = clock.now()
    valid_from = claim.valid_from or now
    check_consent(
        legal_basis=claim.legal_basis,
        purposes=claim.purposes,
        jurisdictions=claim.jurisdictions,
        valid_from=valid_from,
        valid_until=claim.valid_until,
        withdrawal_method=claim.withdrawal_method,
        now=now,
    )
    described = claim.described()
    check_record(**described)
    for slug in claim.recipients:
        if not Organisation.objects.filter(slug=slug).exists():
            raise Invalid(
                f'The consent names the recipient "{slug[:60]}", which is no organisation here.',
                field="consent.recipients",
            )
    consent = ConsentRecord.objects.create(
        version=version,
        legal_basis=claim.legal_basis,
        purposes=list(dict.fromkeys(claim.purposes)),
        recipients=list(dict.fromkeys(claim.recipients)),
        jurisdictions=list(dict.fromkeys(claim.jurisdictions)),
        valid_from=valid_from,
        valid_until=claim.valid_until,
        withdrawal_method=claim.withdrawal_method,
        given_by_id=person_id_of(by),
        vocabulary=VOCABULARY,
        **described,
    )
    facts = {
        "vocabulary": VOCABULARY,
        "consent": str(consent.id),
        "legal_basis": consent.legal_basis,
        "purposes": consent.purposes,
        "recipients": consent.recipients,
        "jurisdictions": consent.jurisdictions,
        "valid_from": valid_from.isoformat(),
        "valid_until": claim.valid_until.isoformat() if claim.valid_until else None,
    }
    said = {name: value for name, value in described.items() if value}
    record(Event.CONSENT_GIVEN, about=str(version), by=by, facts=facts, private={"record": said} if said else {})


def _state_provenance(version: ExpertVersion, statement: Mapping[str, Any], *, by: Actor) -> None:
    check_provenance(statement, anchor_digest=version.expert.anchor.digest)
    if len(canonical(dict(statement))) > MAX_STATEMENT_BYTES:
        raise Invalid(f"The provenance statement has more than {MAX_STATEMENT_BYTES} bytes; shorten it.")
    Provenance.objects.create(version=version, statement=dict(statement))
    facts = {"statement_digest": digest_of(dict(statement))}
    record(Event.PROVENANCE_STATED, about=str(version), by=by, facts=facts)
