"""Gathers the facts of a decision, and answers without storing anything."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Q

from flexcore.cards import PERSONAL
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
from registry.policy.models import PolicySet, Quarantine
from registry.policy.remedies import Known, remedies
from registry.policy.rules import Consumer, Engine, Facts, Subject, Verdict, decimal_of, parts_per_billion

ENGINE: Engine = Cedar()
COMPOSE = "compose"
DOWNLOAD = "download"
MAX_MECHANISM = 80
MOST_EXPLAINED = 200  # refusals in one answer that say what would change them


def active_set() -> PolicySet:
    """The set that decides. Without one nothing is permitted."""
    found = PolicySet.objects.filter(active=True).defer("examples").first()
    if found is None:
        raise Denied("No policy set is active; the operator must run ensure_policy_set.")
    if _texts.get(found.hash) != found.text:
        _texts[found.hash] = found.text
    found.text = _texts[found.hash]  # one and the same object, which is looked up at once
    return found


_texts: dict[str, str] = {}


def facts_for(
    versions: Sequence[ExpertVersion],
    *,
    consumer: Organisation,
    action: str,
    purpose: str,
    anchor: Anchor | None = None,
    experts: int | None = None,
    now: datetime,
    evidence: "Evidence | None" = None,
) -> list[Facts]:
    """All that a policy may ask about each, beside this anchor or its own, as it stands in the database at this moment.

    As many queries for several as for one; none where the evidence is brought along. They are asked for together,
    unless `experts` says how many are.
    """
    known, evidence = PURPOSES.get(purpose), evidence or evidence_of(versions)
    asks = Consumer(slug=consumer.slug, jurisdiction=consumer.jurisdiction)
    return [
        Facts(
            action=action,
            consumer=asks,
            purpose=purpose,
            commercial=known is None or known.commercial,
            anchor_digest=(anchor or version.expert.anchor).digest,
            subject=_subject(version, evidence),
            now=now,
            experts=len(versions) if experts is None else experts,
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
    experts: int | None = None,
) -> list[Verdict]:
    """The same for several at once, in their order."""
    policies, now = active_set(), clock.now()
    facts = facts_for(
        versions, consumer=consumer, action=action, purpose=purpose, anchor=anchor, experts=experts, now=now
    )
    return ENGINE.decide_all(policies.text, facts)


def explain_all(
    versions: Sequence[ExpertVersion],
    *,
    consumer: Organisation,
    action: str,
    purpose: str,
    anchor: Anchor | None = None,
    experts: int | None = None,
) -> list[Verdict]:
    """The same, and each refusal says what would change it."""
    policies, now = active_set(), clock.now()
    facts = facts_for(
        versions, consumer=consumer, action=action, purpose=purpose, anchor=anchor, experts=experts, now=now
    )
    verdicts = ENGINE.decide_all(policies.text, facts)
    known = [Known(purpose.id, purpose.commercial) for purpose in PURPOSES.values()]
    refused = [place for place, verdict in enumerate(verdicts) if not verdict.allowed]
    for place in refused[:MOST_EXPLAINED]:
        ways = remedies(ENGINE, policies.text, facts[place], verdicts[place], purposes=known)
        verdicts[place] = replace(verdicts[place], remedies=tuple(remedy for remedy, _ in ways))
    return verdicts


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is on file, by version; and what is under quarantine."""

    consents: Mapping[UUID, ConsentRecord]
    licences: Mapping[UUID, LicenceTerms]
    provenances: Mapping[UUID, Provenance]
    quarantined: frozenset[UUID]  # versions and organisations


def evidence_of(versions: Sequence[ExpertVersion]) -> Evidence:
    homes = {version.expert.organisation_id for version in versions}
    held = Quarantine.objects.filter(Q(version__in=versions) | Q(organisation__in=homes), lifted_at=None)
    return Evidence(
        consents={row.version_id: row for row in ConsentRecord.objects.filter(version__in=versions)},
        licences={row.version_id: row for row in LicenceTerms.objects.filter(version__in=versions)},
        provenances={row.version_id: row for row in Provenance.objects.filter(version__in=versions)},
        quarantined=frozenset(
            version or organisation for version, organisation in held.values_list("version", "organisation")
        ),
    )


def _subject(version: ExpertVersion, evidence: Evidence) -> Subject:
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
        derivatives=terms is not None and may_be_composed(terms),
        purposes=tuple(consent.purposes) if consent else (),
        recipients=tuple(consent.recipients) if consent else (),
        jurisdictions=tuple(consent.jurisdictions) if consent else (),
        valid_from=consent.valid_from if consent else None,
        valid_until=consent.valid_until if consent else None,
        licence_valid_until=given.valid_until if given else None,
        organisation=version.expert.organisation.slug,
        domain=version.expert.domain,
        quarantine=_quarantine(version, evidence.quarantined),
        legal_basis=consent.legal_basis if consent else "",
        personal_data=bool(version.data_card.get(PERSONAL)),
        approved_at=version.last_approved_at or version.approved_at,
        **_privacy(version.card),
    )


def _quarantine(version: ExpertVersion, quarantined: frozenset[UUID]) -> str:
    if version.id in quarantined:
        return "version"
    return "organisation" if version.expert.organisation_id in quarantined else ""


def _privacy(card: Mapping[str, Any]) -> dict[str, Any]:
    """What expert.json states of privacy; what cannot be read was not stated."""
    stated = card.get("privacy")
    if not isinstance(stated, Mapping):
        return {}
    tested = stated.get("extraction")
    rate = tested.get("rate") if isinstance(tested, Mapping) else stated.get("extraction_rate")
    return {
        "mechanism": str(stated.get("mechanism") or "")[:MAX_MECHANISM].strip().lower(),
        "epsilon": decimal_of(stated.get("epsilon")),
        "delta_ppb": parts_per_billion(stated.get("delta")),
        "extraction_rate": decimal_of(rate),
    }


def may_be_composed(terms: Terms) -> bool:
    """As this installation reads it: a composition counts as a derivative, or as a collection."""
    return terms.derivatives or settings.COMPOSITION_COUNTS_AS == COLLECTION


def _terms(row: LicenceTerms | None) -> tuple[str, Terms | None]:
    """What compliance concluded counts; before that, what the owner declared."""
    return ("", None) if row is None else (str(row), terms_of(str(row)))
