"""Tests of the workers have the servers, the cast, and packages that were made at home."""

from pathlib import Path

import pytest
from django.core.cache import cache
from pytest_django import Settings

from registry.actors import CONSOLE
from registry.policy.actions import ensure_policy_set
from tests.factories import make_cast
from tests.workers.packages import Home, make_home


@pytest.fixture(autouse=True)
def the_cast(db: None, settings: Settings, tmp_path: Path) -> None:
    cache.clear()
    make_cast()
    ensure_policy_set(by=CONSOLE)
    settings.SCRATCH = tmp_path / "scratch"


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return make_home(tmp_path_factory.mktemp("home"))
