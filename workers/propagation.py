"""A withdrawal carried through: each model that lost a revision is composed again without the version, or stays closed.

Denying and blocking were done with the click; this is what takes its time.
"""

from uuid import UUID

from celery import shared_task

from registry.actors import PROPAGATOR
from registry.compositions.models import Composition, Model
from registry.jobs import Job, send
from registry.withdrawals.actions import mark_propagated, recompose_model
from registry.withdrawals.models import Withdrawal
from registry.withdrawals.queries import models_to_recompose, open_withdrawals, settled
from workers.turns import turn


@shared_task(name=Job.PROPAGATE_WITHDRAWAL.value)
def propagate_withdrawal(withdrawal_id: str) -> None:
    """Safe to run twice: it asks for what is still missing, and closes when no build is under way any more."""
    with turn(Job.PROPAGATE_WITHDRAWAL, UUID(withdrawal_id)) as ours:
        withdrawal = Withdrawal.objects.select_related("version").get(id=withdrawal_id)
        if not ours or withdrawal.propagated_at is not None:
            return
        for model in models_to_recompose(withdrawal):
            if not _answered(model, withdrawal):
                recompose_model(model.id, by=PROPAGATOR)
        if settled(withdrawal):
            mark_propagated(withdrawal.id, by=PROPAGATOR)


def _answered(model: Model, withdrawal: Withdrawal) -> bool:
    """There is a build of a later day: ours or the consumer's own. If it failed, trying again would not help."""
    return Composition.objects.filter(model=model, created_at__gt=withdrawal.requested_at).exists()


def look_after_withdrawals() -> None:
    """A build has ended: the withdrawals that may have waited for it look again."""
    for withdrawal in open_withdrawals():
        send(Job.PROPAGATE_WITHDRAWAL, withdrawal.id)
