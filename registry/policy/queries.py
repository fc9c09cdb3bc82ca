"""Gathers the facts of a decision, and answers without storing anything."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings

from registry.accounts.models import Organisation
from registry.audit import clock
from registry.errors import Denied
from registry.evidence.combining import COLLECTION
from registry.evidence.licence_data import Terms
from registry.evidence.licences import terms_of
from registry.evidence.models import ConsentRecord, LicenceTerms, Provenance
from registry.evidence.rules import PURPOSES
from registry.experts.models import Anchor, ExpertVersion
from registry.policy.cedar import Cedar
from registry.policy.models import PolicySet
from registry.policy.rules import Consumer, Engine, Facts, Subject, Verdict

ENGINE: Engine = Cedar()
COMPOSE = "compose"
DOWNLOAD = "download"


def active_set() -> PolicySet:
    """The set that decides. Without one nothing is permitted."""
    found = PolicySet.objects.filter(active=True).first()
    if found is None:
        raise Denied("No policy set is active; the operator must run ensure_policy_set.")
    return found


def facts_for(
    versions: Sequence[ExpertVersion],
    *,
    consumer: Organisation,
    action: str,
    purpose: str,
    anchor: Anchor | None = None,
    now: datetime,
) -> list[Facts]:
    """All that a policy may ask about each, beside this anchor or its own, as it stands in the database at this moment.

    As many queries for several as for one.
    """
    known, evidence = PURPOSES.get(purpose), _evidence_of(versions)
    return [
        Facts(
            action=action,
            consumer=Consumer(slug=consumer.slug, jurisdiction=consumer.jurisdiction),
            purpose=purpose,
            commercial=known is None or known.commercial,
            anchor_digest=(anchor or version.expert.anchor).digest,
            subject=_subject(version, evidence),
            now=now,
        )
        for version in versions
    ]


def judge(
    version: ExpertVersion, *, consumer: Organisation, action: str, purpose: str, anchor: Anchor | None = None
) -> Verdict:
    """What the policies would say now, beside this anchor or its own. Nothing is stored, nothing is recorded."""
    return judge_all([version], consumer=consumer, action=action, purpose=purpose, anchor=anchor)[0]


def judge_all(
    versions: Sequence[ExpertVersion],
    *,
    consumer: Organisation,
    action: str,
    purpose: str,
    anchor: Anchor | None = None,
) -> list[Verdict]:
    """The same for several at once, in their order."""
    policies, now = active_set(), clock.now()
    facts = facts_for(versions, consumer=consumer, action=action, purpose=purpose, anchor=anchor, now=now)
    return [ENGINE.decide(policies.text, one) for one in facts]


@dataclass(frozen=True, slots=True)
class _Evidence:
    """What is on file, by version."""

    consents: Mapping[UUID, ConsentRecord]
    licences: Mapping[UUID, LicenceTerms]
    provenances: Mapping[UUID, Provenance]


def _evidence_of(versions: Sequence[ExpertVersion]) -> _Evidence:
    return _Evidence(
        consents={row.version_id: row for row in ConsentRecord.objects.filter(version__in=versions)},
        licences={row.version_id: row for row in LicenceTerms.objects.filter(version__in=versions)},
        provenances={row.version_id: row for row in Provenance.objects.filter(version__in=versions)},
    )


def _subject(version: ExpertVersion, evidence: _Evidence) -> Subject:
    consent = evidence.consents.get(version.id)
    provenance = evidence.provenances.get(version.id)
    given = evidence.licences.get(version.id)
    licence, terms = _terms(given)
    return Subject(
        name=str(version),
        state=version.state,
        anchor_digest=version.expert.anchor.digest,
        signature_verified=provenance is not None and provenance.signature_verified,
        licence=licence,
        licence_known=terms is not None and terms.known,
        commercial_use=terms is not None and terms.commercial_use,
        derivatives=terms is not None and (terms.derivatives or settings.COMPOSITION_COUNTS_AS == COLLECTION),
        purposes=tuple(consent.purposes) if consent else (),
        recipients=tuple(consent.recipients) if consent else (),
        jurisdictions=tuple(consent.jurisdictions) if consent else (),
        valid_from=consent.valid_from if consent else None,
        valid_until=consent.valid_until if consent else None,
        licence_valid_until=given.valid_until if given else None,
    )


def _terms(row: LicenceTerms | None) -> tuple[str, Terms | None]:
    """What compliance concluded counts; before that, what the owner declared."""
    return ("", None) if row is None else (str(row), terms_of(str(row)))
