"""How a version stands before its reviewers, as the API tells it: since when, until when, who is at it, why again."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from rest_framework import serializers

from registry.actors import Actor
from registry.experts.models import ExpertVersion
from registry.reviews.models import ReviewClaim, SuspensionCause
from registry.reviews.queries import due_at, is_overdue, live_claims, round_of, suspensions_of, waiting_since


class ClaimOut(serializers.Serializer[Any]):
    reviewer = serializers.CharField(read_only=True)
    until = serializers.DateTimeField(read_only=True)
    mine = serializers.BooleanField(read_only=True)


class SuspensionOut(serializers.Serializer[Any]):
    cause = serializers.ChoiceField(choices=SuspensionCause.choices, read_only=True)
    policy = serializers.CharField(read_only=True)
    reason = serializers.CharField(read_only=True)
    suspended_at = serializers.DateTimeField(read_only=True)


class WaitingOut(serializers.Serializer[Any]):
    """A version that waits for a decision."""

    since = serializers.DateTimeField(read_only=True)
    due_at = serializers.DateTimeField(read_only=True)
    overdue = serializers.BooleanField(read_only=True)
    round = serializers.IntegerField(read_only=True)
    claim = ClaimOut(read_only=True, allow_null=True)
    suspensions = SuspensionOut(many=True, read_only=True)


def waiting_of(version: ExpertVersion, *, actor: Actor) -> dict[str, Any] | None:
    """As `WaitingOut` tells it; None when it does not wait."""
    since = waiting_since(version)
    if since is None:
        return None
    return {
        **deadline_of(since),
        "round": round_of(version),
        "claim": claim_of(version.id, live_claims([version.id]), actor=actor),
        "suspensions": SuspensionOut(suspensions_of(version), many=True).data,
    }


def deadline_of(since: datetime) -> dict[str, Any]:
    return {"since": since, "due_at": due_at(since), "overdue": is_overdue(since)}


def claim_of(version_id: UUID, claims: Mapping[UUID, ReviewClaim], *, actor: Actor) -> dict[str, Any] | None:
    claim = claims.get(version_id)
    if claim is None:
        return None
    return {"reviewer": claim.reviewer.name, "until": claim.until, "mine": claim.reviewer_id == actor.person_id}
