"""Who waits for a build to end."""

from django.core.cache import cache

from registry.compositions.models import RUNNING, Composition
from registry.jobs import Job, send
from registry.withdrawals.queries import open_withdrawals

OFTEN = 2  # seconds; a look costs as much as composing a model, and a withdrawal may wait for a thousand


def look_after_withdrawals() -> None:
    """A build has ended: the withdrawals that may have waited for it look again, at once when it was the last.

    Where others are built all the time, the last may be missed; the sweep looks too.
    """
    for withdrawal in open_withdrawals().filter(propagated_at=None):
        if _is_quiet() or cache.add(f"looked:{withdrawal.id}", 1, timeout=OFTEN):
            send(Job.CARRY_ON_WITHDRAWAL, withdrawal.id)


def _is_quiet() -> bool:
    return not Composition.objects.filter(state__in=RUNNING).exists()
