"""Prints a new key for the log, for statements or for models: the secret for the environment, and the public one."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from registry.audit.model_keys import ModelKey, make_model_key
from registry.audit.notes import NoteKey, Unreadable, make_note_key


class Command(BaseCommand):
    help = "Make a key for the log (GUILDHALL_LOG_KEYS), statements (GUILDHALL_STATEMENT_KEY) or models."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="the key's name; the log's own is its origin, such as guildhall.example/log")
        parser.add_argument("--models", action="store_true", help="one that signs models (GUILDHALL_MODEL_KEY)")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            name, models = options["name"], options["models"]
            key: ModelKey | NoteKey = make_model_key(name) if models else make_note_key(name)
        except Unreadable as fault:
            raise CommandError(str(fault)) from fault
        self.stdout.write(f"{key.text}\n{key.vkey}")
