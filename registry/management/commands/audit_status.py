"""How far the log is published, and whether anything is wrong; ends with status 1 when it is."""

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from registry.audit.queries import log_status

LATE = timedelta(seconds=60)


class Command(BaseCommand):
    help = "Say how far the log is published; fail when it is halted or has fallen behind."

    def handle(self, *args: Any, **options: Any) -> None:
        status = log_status()
        self.stdout.write(f"{status.published} of {status.written} entries are published.")
        if status.halted:
            raise CommandError(f"The log is halted: {status.halted} See docs/operate.md, Recovery.")
        if status.waiting_since and status.waiting_since < timezone.now() - LATE:
            raise CommandError(f"Entries wait since {status.waiting_since:%Y-%m-%d %H:%M:%S} UTC; is the sequencer up?")
