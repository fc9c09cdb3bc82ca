"""Every test of the registry has a database with the cast and our policy set in it, and counts its own sign-ins."""

import pytest
from django.core.cache import cache
from pytest_django import DjangoDbBlocker

from tests.factories import settle


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    with django_db_blocker.unblock():
        settle()


@pytest.fixture(autouse=True)
def the_cast(db: None) -> None:
    cache.clear()
    settle()
