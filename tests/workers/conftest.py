"""Tests of the workers have the servers, the cast, and packages that were made at home."""

from pathlib import Path

import pytest
from django.core.cache import cache
from pytest_django import Settings

from tests.factories import settle
from tests.registry.conftest import django_db_setup
from tests.workers.packages import Home, make_home

__all__ = ["django_db_setup"]


@pytest.fixture(autouse=True)
def the_cast(db: None, settings: Settings, tmp_path: Path) -> None:
    cache.clear()
    settle()
    settings.SCRATCH = tmp_path / "scratch"


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return make_home(tmp_path_factory.mktemp("home"))
