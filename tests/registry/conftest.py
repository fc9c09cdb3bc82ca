"""Every test of the registry has a database with the cast in it, and counts its own attempts to sign in."""

import pytest
from django.core.cache import cache

from tests.factories import make_cast


@pytest.fixture(autouse=True)
def the_cast(db: None) -> None:
    cache.clear()
    make_cast()
