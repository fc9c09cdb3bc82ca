"""The first operator: makes the office and one person who may make everybody else. Running it again changes nothing."""

import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from registry.accounts.actions import create_organisation, create_person, grant_role
from registry.accounts.models import Organisation, Person, Role
from registry.actors import CONSOLE
from registry.errors import Refusal

OFFICE = "guildhall"
PASSWORD = "GUILDHALL_OPERATOR_PASSWORD"  # noqa: S105  the variable's name, not a password


class Command(BaseCommand):
    help = f"Make the first operator. The password is read from {PASSWORD}."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--email", required=True)
        parser.add_argument("--name", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with transaction.atomic():
                self._ensure(options["email"].lower(), options["name"])
        except Refusal as refusal:
            raise CommandError(refusal.detail) from refusal

    def _ensure(self, email: str, name: str) -> None:
        if not Organisation.objects.filter(slug=OFFICE).exists():
            create_organisation(OFFICE, name="Guildhall office", by=CONSOLE)
        if Person.objects.filter(email=email).exists():
            grant_role(email, organisation=OFFICE, role=Role.OPERATOR, by=CONSOLE)
            self.stdout.write(f"{email} is an operator.")
            return
        password = os.environ.get(PASSWORD, "")
        if not password:
            raise CommandError(f"{PASSWORD} is not set; the first operator needs a password.")
        create_person(email, name=name, password=password, roles=[(OFFICE, Role.OPERATOR)], by=CONSOLE)
        self.stdout.write(f"{email} was made an operator.")
