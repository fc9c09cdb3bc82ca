"""What waits for a decision, and who may give it."""

from datetime import datetime

from django.db.models import QuerySet

from registry.accounts.models import Role
from registry.accounts.queries import has_role, is_member
from registry.actors import Actor
from registry.errors import NotAllowed
from registry.experts.models import ExpertVersion, VersionState
from registry.reviews.models import Review, Verdict


def versions_awaiting_review() -> QuerySet[ExpertVersion]:
    """Verified versions, the longest waiting first."""
    return (
        ExpertVersion.objects.filter(state=VersionState.VERIFIED)
        .select_related("expert__organisation", "expert__anchor", "created_by")
        .order_by("submitted_at", "id")
    )


def reviews_of(version: ExpertVersion) -> QuerySet[Review]:
    return Review.objects.filter(version=version).select_related("reviewer").order_by("created_at")


def approvals_of(version: ExpertVersion) -> int:
    return Review.objects.filter(version=version, verdict=Verdict.APPROVE).count()


def demand_reviewer(by: Actor, version: ExpertVersion) -> None:
    """Four eyes: the compliance role, in another organisation, and not the person who brought it. No role exempts."""
    if not has_role(by, Role.COMPLIANCE):
        raise NotAllowed("Deciding on a version needs the compliance role; you do not hold it.")
    if by.person_id in {version.created_by_id, version.submitted_by_id}:
        raise NotAllowed(f"You brought {version} yourself; somebody else has to decide on it.")
    if is_member(by, version.expert.organisation_id):
        raise NotAllowed(
            f"{version} belongs to {version.expert.organisation.slug}, and so do you; somebody of another organisation "
            "has to decide on it."
        )


def may_review(by: Actor, version: ExpertVersion) -> bool:
    try:
        demand_reviewer(by, version)
    except NotAllowed:
        return False
    return version.state == VersionState.VERIFIED


def as_seen(version: ExpertVersion) -> str:
    """The mark of a version as it is now: it changes whenever the version does, so a stale decision is noticed."""
    changed: datetime = version.changed_at
    return changed.strftime("%Y%m%dT%H%M%S.%fZ")
