"""Every test of the registry has a database with the cast and our policy set in it, and counts its own sign-ins."""

from uuid import uuid4

import pytest
from django.core.cache import cache
from pytest_django import Settings

from registry.actors import CONSOLE
from registry.policy.actions import ensure_policy_set
from tests.factories import make_cast


@pytest.fixture(autouse=True)
def the_cast(db: None, settings: Settings) -> None:
    settings.LOG_PREFIX = f"log-{uuid4()}/"
    cache.clear()
    make_cast()
    ensure_policy_set(by=CONSOLE)
