"""Deciding on a version. Approving gives the expert its place beside the anchor, once and for all."""

from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from registry.accounts.queries import person_id_of
from registry.actors import Actor
from registry.audit.events import Event
from registry.audit.log import record
from registry.errors import Invalid, Stale, WrongState
from registry.evidence.licences import normalised_licence
from registry.evidence.models import LicenceTerms
from registry.experts.models import Anchor, Expert, ExpertVersion, VersionState
from registry.experts.numbering import next_status_index
from registry.experts.queries import lock_version
from registry.jobs import Job, after_commit
from registry.reviews.models import Review, Verdict
from registry.reviews.queries import approvals_of, as_seen, demand_reviewer


@transaction.atomic
def review_version(
    version_id: UUID, *, by: Actor, verdict: Verdict, reason: str, concluded_licence: str = "", seen: str = ""
) -> ExpertVersion:
    """Write a decision down; enough approvals, or one rejection, settle the version."""
    version = lock_version(version_id)
    demand_reviewer(by, version)
    if seen and seen != as_seen(version):
        raise Stale(f"{version} changed since you read it; read it again before you decide.")
    if version.state != VersionState.VERIFIED:
        raise WrongState(f"{version} is {version.state}; only a verified version waits for a decision.")
    if Review.objects.filter(version=version, reviewer=by.person_id).exists():
        raise WrongState(f"You have decided on {version} already; the next approval is somebody else's.")
    if concluded_licence:
        _conclude_licence(version, concluded_licence, by=by)
    Review.objects.create(version=version, reviewer_id=person_id_of(by), verdict=verdict, reason=reason)
    record(Event.REVIEW_DECIDED, about=str(version), by=by, facts={"verdict": str(verdict)}, private={"reason": reason})
    if verdict == Verdict.REJECT:
        version.move_to(VersionState.REJECTED)
        record(Event.VERSION_REJECTED, about=str(version), by=by, facts={}, private={"reason": reason})
    elif approvals_of(version) >= settings.REQUIRED_APPROVALS:
        version.move_to(VersionState.APPROVED)
        version.approved_at = timezone.now()
        registration = _register(version.expert_id)
        version.status_index = next_status_index()
        facts = {
            "registration": registration,
            "data_digest": version.data_digest,
            "status_index": version.status_index,
        }
        record(Event.VERSION_APPROVED, about=str(version), by=by, facts=facts)
        after_commit(Job.FOLLOW_SELECTORS)
    version.save()  # also when one approval of several is in: what others have read is stale now
    return version


def _register(expert_id: UUID) -> int:
    """The expert's number among the anchor's experts: the next free one, never given again."""
    expert = Expert.objects.select_for_update().get(id=expert_id)
    if expert.registration is None:
        anchor = Anchor.objects.select_for_update().get(id=expert.anchor_id)
        expert.registration = anchor.next_registration
        anchor.next_registration += 1
        anchor.save(update_fields=["next_registration"])
        expert.save(update_fields=["registration"])
    return expert.registration


def _conclude_licence(version: ExpertVersion, expression: str, *, by: Actor) -> None:
    terms = LicenceTerms.objects.select_for_update().filter(version=version).first()
    if terms is None:
        raise Invalid(f"{version} declares no licence, so none can be concluded.")
    terms.concluded = normalised_licence(expression, text=terms.text)
    terms.concluded_by_id = by.person_id
    terms.save(update_fields=["concluded", "concluded_by"])
    facts = {"declared": terms.declared, "concluded": terms.concluded}
    record(Event.LICENCE_CONCLUDED, about=str(version), by=by, facts=facts)
