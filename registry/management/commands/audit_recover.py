"""After a restore: makes the database and the published log one history again, and denies again what had been denied.

The sequencer and the workers are stopped meanwhile. See docs/operate.md, Recovery.
"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from registry.audit.recovery import CannotRecover, recover
from registry.replay.denials import deny_again


class Command(BaseCommand):
    help = "Teach a restored database what the published log says, and deny again what was denied."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            done = recover()
        except CannotRecover as fault:
            raise CommandError(str(fault)) from fault
        if done.republished:
            self.stdout.write("The store had lost the log; it was published again.")
        self.stdout.write(
            f"{len(done.learned)} entries were learned; {done.queued_again} written since were queued again."
        )
        for sentence in deny_again():
            self.stdout.write(sentence)
        self.stdout.write("Now run audit_replay: what it names was lost with the database, and has to be done again.")
