"""Prints a new Ed25519 key for the log, or for statements: the secret for the environment, and the public one."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from registry.audit.notes import Unreadable, make_note_key


class Command(BaseCommand):
    help = "Make a key that signs the log (GUILDHALL_LOG_KEYS) or statements (GUILDHALL_STATEMENT_KEY)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="the key's name; the log's own is its origin, such as guildhall.example/log")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            key = make_note_key(options["name"])
        except Unreadable as fault:
            raise CommandError(str(fault)) from fault
        self.stdout.write(f"{key.text}\n{key.vkey}")
