"""Rebuilds the registry's state from the log and compares it with the tables; ends with status 1 at any difference."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from registry.audit.queries import first_broken
from registry.replay.queries import audit_differences


class Command(BaseCommand):
    help = "Compare what the log tells with what the database has."

    def handle(self, *args: Any, **options: Any) -> None:
        broken = first_broken()
        if broken is not None:
            raise CommandError(f"The log's entry with id {broken} is not as it was written.")
        found = audit_differences()
        for sentence in found:
            self.stdout.write(sentence)
        if found:
            raise CommandError(f"The log and the database differ in {len(found)} facts; treat it as an incident.")
        self.stdout.write("The log and the database tell the same.")
