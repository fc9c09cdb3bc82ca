"""Every test of the registry has a database with the cast and our policy set in it, and counts its own sign-ins."""

import pytest
from django.core.cache import cache

from registry.actors import CONSOLE
from registry.policy.actions import ensure_policy_set
from tests.factories import make_cast


@pytest.fixture(autouse=True)
def the_cast(db: None) -> None:
    cache.clear()
    make_cast()
    ensure_policy_set(by=CONSOLE)
