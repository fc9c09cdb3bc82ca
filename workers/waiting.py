"""Who waits for a build to end."""

from registry.jobs import Job, send
from registry.withdrawals.queries import open_withdrawals


def look_after_withdrawals() -> None:
    """A build has ended: the withdrawals that may have waited for it look again."""
    for withdrawal in open_withdrawals().filter(propagated_at=None):
        send(Job.CARRY_ON_WITHDRAWAL, withdrawal.id)
