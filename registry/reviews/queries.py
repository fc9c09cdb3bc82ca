"""What waits for a decision, by when, who is at it, and who may give it."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from registry.accounts.models import Role
from registry.accounts.queries import has_role, is_member, reach_of
from registry.actors import Actor
from registry.audit import clock
from registry.errors import Claimed, NotAllowed, NotFound
from registry.experts.models import ExpertVersion, VersionState
from registry.reviews.models import Question, Review, ReviewClaim, Suspension, Verdict

AWAITING = {VersionState.VERIFIED, VersionState.SUSPENDED}


def versions_awaiting_review() -> QuerySet[ExpertVersion]:
    """What is verified or suspended, each with `waiting_since`, the longest waiting first, and so the overdue first."""
    rounds = Suspension.objects.filter(version=OuterRef("pk")).order_by("-round", "suspended_at")
    since = Coalesce(Subquery(rounds.values("suspended_at")[:1]), F("submitted_at"))
    return (
        ExpertVersion.objects.filter(state__in=AWAITING)
        .annotate(waiting_since=since)
        .select_related("expert__organisation", "expert__anchor", "created_by")
        .order_by("waiting_since", "id")
    )


def waiting_longest(*, until: datetime) -> list[ExpertVersion]:
    """What has waited since then, or longer."""
    rows: Any = versions_awaiting_review()
    return list(rows.filter(waiting_since__lte=until))


def waiting_since(version: ExpertVersion) -> datetime | None:
    """Since when it waits for a decision; None when it does not."""
    if version.state not in AWAITING:
        return None
    causes = suspensions_of(version)
    return causes[0].suspended_at if causes else version.submitted_at


def due_at(since: datetime | None) -> datetime | None:
    """By when it should be decided, by this installation's setting."""
    return since + timedelta(hours=settings.REVIEW_HOURS) if since else None


def is_overdue(since: datetime | None) -> bool:
    due = due_at(since)
    return due is not None and due <= clock.now()


def reviews_of(version: ExpertVersion) -> QuerySet[Review]:
    return Review.objects.filter(version=version).select_related("reviewer").order_by("created_at")


def round_of(version: ExpertVersion) -> int:
    """1 until an approved version has to be decided on again; then one more each time."""
    last = Suspension.objects.filter(version=version).order_by("-round").values_list("round", flat=True).first()
    return last or 1


def approvals_of(version: ExpertVersion, number: int) -> int:
    return Review.objects.filter(version=version, round=number, verdict=Verdict.APPROVE).count()


def suspensions_of(version: ExpertVersion) -> list[Suspension]:
    """Why it has to be decided on again, the first cause first; empty when it is not suspended."""
    if version.state != VersionState.SUSPENDED:
        return []
    rows = Suspension.objects.filter(version=version, round=round_of(version))
    return list(rows.order_by("suspended_at", "id"))


def live_claims(version_ids: Iterable[UUID]) -> dict[UUID, ReviewClaim]:
    """Who is at which of these now."""
    rows = ReviewClaim.objects.filter(version__in=list(version_ids), until__gt=clock.now()).select_related("reviewer")
    return {row.version_id: row for row in rows}


def demand_unclaimed(by: Actor, version: ExpertVersion) -> None:
    """A claim is a courtesy and a brake: while somebody else's runs, nobody else decides."""
    claim = live_claims([version.id]).get(version.id)
    if claim is not None and claim.reviewer_id != by.person_id:
        raise Claimed(
            f"{claim.reviewer.name} has claimed {version} until {claim.until:%d %B %Y, %H:%M} UTC; "
            "ask them to release it, or come back then."
        )


def questions_of(version: ExpertVersion) -> QuerySet[Question]:
    return Question.objects.filter(version=version).select_related("asked_by", "answered_by").order_by("asked_at", "id")


def get_visible_question(question_id: UUID, *, actor: Actor) -> Question:
    rows = Question.objects.select_related("version__expert__organisation", "asked_by")
    found = rows.filter(reach_of(actor).rows("version__expert__organisation"), id=question_id).first()
    if found is None:
        raise NotFound("There is no such question.")
    return found


def may_look_behind(by: Actor, version: ExpertVersion) -> bool:
    """What is said between reviewers and owner is for them, and for those whose work is to look."""
    reach = reach_of(by)
    return reach.everything or version.expert.organisation_id in reach.organisations


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
    return version.state in AWAITING


def as_seen(version: ExpertVersion) -> str:
    """The mark of a version as it is now: it changes whenever the version does, so a stale decision is noticed."""
    changed: datetime = version.changed_at
    return changed.strftime("%Y%m%dT%H%M%S.%fZ")
