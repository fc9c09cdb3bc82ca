"""For who lost telephone and recovery codes: takes their second steps and passkeys away; the log tells of it."""

from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError

from registry.accounts.actions import drop_second_step
from registry.accounts.queries import person_with_address
from registry.actors import CONSOLE


class Command(BaseCommand):
    help = "Let somebody in by password alone again. Make sure first that it is them who asks."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")

    def handle(self, *args: Any, **options: Any) -> None:
        somebody = person_with_address(options["email"])
        if somebody is None:
            raise CommandError(f"There is nobody with the address {options['email']}.")
        number = drop_second_step(somebody.id, by=CONSOLE)
        self.stdout.write(f"{number} second steps of {somebody.email} are gone.")
