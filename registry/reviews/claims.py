"""Claiming a version for review: for a while nobody else decides on it. A claim ends by itself; nobody has to tidy."""

from datetime import UTC, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction

from registry.accounts.queries import person_id_of
from registry.actors import Actor
from registry.audit import clock
from registry.audit.events import Event
from registry.audit.log import record
from registry.errors import WrongState
from registry.experts.models import ExpertVersion
from registry.experts.queries import lock_version
from registry.reviews.models import Review, ReviewClaim
from registry.reviews.queries import AWAITING, demand_reviewer, demand_unclaimed, live_claims, round_of


@transaction.atomic
def claim_version(version_id: UUID, *, by: Actor) -> ReviewClaim:
    """Of two at once one gets it, and the other is told who. One's own claim is made longer by claiming again."""
    version = lock_version(version_id)
    demand_reviewer(by, version)
    if version.state not in AWAITING:
        raise WrongState(f"{version} is {version.state}; it does not wait for a decision.")
    demand_unclaimed(by, version)
    if Review.objects.filter(version=version, round=round_of(version), reviewer=by.person_id).exists():
        raise WrongState(f"You have decided on {version} already; leave it to the next reviewer.")
    until = clock.now() + timedelta(minutes=settings.CLAIM_MINUTES)
    claim, _ = ReviewClaim.objects.update_or_create(
        version=version, defaults={"reviewer_id": person_id_of(by), "until": until}
    )
    record(Event.REVIEW_CLAIMED, about=str(version), by=by, facts={"until": until.astimezone(UTC).isoformat()})
    return claim


@transaction.atomic
def release_version(version_id: UUID, *, by: Actor) -> ExpertVersion:
    """Give one's claim back before its time."""
    version = lock_version(version_id)
    demand_reviewer(by, version)
    claim = live_claims([version.id]).get(version.id)
    if claim is None or claim.reviewer_id != by.person_id:
        raise WrongState(f"You hold no claim on {version}; there is nothing to release.")
    claim.delete()
    record(Event.REVIEW_RELEASED, about=str(version), by=by, facts={})
    return version
