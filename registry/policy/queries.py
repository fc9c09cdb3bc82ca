"""Gathers the facts of a decision, and answers without storing anything."""

from datetime import datetime

from registry.accounts.models import Organisation
from registry.audit import clock
from registry.errors import Denied
from registry.evidence.licences import Terms, terms_of
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
    version: ExpertVersion, *, consumer: Organisation, action: str, purpose: str, anchor: Anchor, now: datetime
) -> Facts:
    """All that a policy may ask about, as it stands in the database at this moment."""
    known = PURPOSES.get(purpose)
    return Facts(
        action=action,
        consumer=Consumer(slug=consumer.slug, jurisdiction=consumer.jurisdiction),
        purpose=purpose,
        commercial=known is None or known.commercial,
        anchor_digest=anchor.digest,
        subject=_subject(version),
        now=now,
    )


def _subject(version: ExpertVersion) -> Subject:
    consent = ConsentRecord.objects.filter(version=version).first()
    provenance = Provenance.objects.filter(version=version).first()
    licence, terms = _terms(version)
    return Subject(
        name=str(version),
        state=version.state,
        anchor_digest=version.expert.anchor.digest,
        signature_verified=provenance is not None and provenance.signature_verified,
        licence=licence,
        licence_known=terms is not None and terms.known,
        commercial_use=terms is not None and terms.commercial_use,
        derivatives=terms is not None and terms.derivatives,
        purposes=tuple(consent.purposes) if consent else (),
        recipients=tuple(consent.recipients) if consent else (),
        jurisdictions=tuple(consent.jurisdictions) if consent else (),
        valid_from=consent.valid_from if consent else None,
        valid_until=consent.valid_until if consent else None,
    )


def _terms(version: ExpertVersion) -> tuple[str, Terms | None]:
    """What compliance concluded counts; before that, what the owner declared."""
    row = LicenceTerms.objects.filter(version=version).first()
    if row is None:
        return "", None
    return str(row), terms_of(str(row))


def judge(
    version: ExpertVersion, *, consumer: Organisation, action: str, purpose: str, anchor: Anchor | None = None
) -> Verdict:
    """What the policies would say now, beside this anchor or its own. Nothing is stored, nothing is recorded."""
    beside = anchor or version.expert.anchor
    facts = facts_for(version, consumer=consumer, action=action, purpose=purpose, anchor=beside, now=clock.now())
    return ENGINE.decide(active_set().text, facts)
