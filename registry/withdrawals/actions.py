"""Taking a version back. This room stands above all that a withdrawal touches."""

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from registry.accounts.models import Role
from registry.accounts.queries import demand_role
from registry.actors import Actor
from registry.audit.events import Event
from registry.audit.log import record
from registry.compositions.actions import block_compositions_with, request_composition
from registry.compositions.models import Composition
from registry.experts.models import VersionState
from registry.experts.queries import lock_version
from registry.jobs import Job, after_commit
from registry.withdrawals.models import Withdrawal


@transaction.atomic
def withdraw_version(version_id: UUID, *, by: Actor, reason: str) -> Withdrawal:
    """Take a version out of use for good: nothing new is built on it, and what holds it is blocked.

    A second click finds the first one's withdrawal.
    """
    version = lock_version(version_id)
    demand_role(by, Role.OWNER, version.expert.organisation)
    if version.state == VersionState.WITHDRAWN:
        return Withdrawal.objects.get(version=version)
    version.move_to(VersionState.WITHDRAWN)
    version.save()
    withdrawal = Withdrawal.objects.create(version=version, reason=reason, requested_by=str(by))
    record(Event.WITHDRAWAL_REQUESTED, about=str(version), by=by, facts={}, private={"reason": reason})
    blocked = block_compositions_with(version.id, by=by, reason=f"{version} was withdrawn.")
    facts = {"data_digest": version.data_digest, "revisions_blocked": [c.revision for c in blocked if c.revision]}
    record(Event.VERSION_WITHDRAWN, about=str(version), by=by, facts=facts)
    after_commit(Job.PROPAGATE_WITHDRAWAL, withdrawal.id)
    return withdrawal


@transaction.atomic
def recompose_model(model_id: UUID, *, by: Actor) -> Composition | None:
    """Ask for the model again from what is left of its experts; None when nothing is left."""
    return request_composition(model_id, by=by)


@transaction.atomic
def mark_propagated(withdrawal_id: UUID, *, by: Actor) -> Withdrawal:
    """Every affected model has been seen to. Said once, however often it is called."""
    withdrawal = (
        Withdrawal.objects.select_for_update(of=("self",)).select_related("version__expert").get(id=withdrawal_id)
    )
    if withdrawal.propagated_at is None:
        withdrawal.propagated_at = timezone.now()
        withdrawal.save(update_fields=["propagated_at"])
        record(Event.WITHDRAWAL_PROPAGATED, about=str(withdrawal.version), by=by, facts={})
    return withdrawal
