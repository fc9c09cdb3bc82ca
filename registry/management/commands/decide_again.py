"""Decides stored decisions again from what is stored; ends with status 1 when one comes out otherwise."""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from registry.policy.again import decide_again, decisions


class Command(BaseCommand):
    help = "Decide again: all stored decisions, the newest first, or those that are named."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("decision", nargs="*", type=UUID, help="ids; all of them where none is named")

    def handle(self, *args: Any, **options: Any) -> None:
        rows = decisions()
        if options["decision"]:
            rows = rows.filter(id__in=options["decision"])
        texts: dict[str, str] = {}
        count, otherwise = 0, 0
        for decision in rows.iterator(chunk_size=1000):
            again = decide_again(decision, texts)
            count += 1
            if not again.same:
                otherwise += 1
                self.stdout.write(again.fault)
        if otherwise or count < len(set(options["decision"])):
            raise CommandError(f"{otherwise} of {count} decisions do not come out as they were stored.")
        self.stdout.write(f"{count} decisions come out as they were stored.")
