"""Activates the policy set that we ship, unless an operator chose another. Running it again changes nothing."""

from typing import Any

from django.core.management.base import BaseCommand

from registry.actors import CONSOLE
from registry.policy.actions import ensure_policy_set


class Command(BaseCommand):
    help = "See to it that a policy set decides."

    def handle(self, *args: Any, **options: Any) -> None:
        policies = ensure_policy_set(by=CONSOLE)
        self.stdout.write(f"{policies} decides ({policies.hash}).")
