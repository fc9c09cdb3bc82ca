"""A whole package of either kind, for the tests that read one or spoil one."""

from pathlib import Path

import pytest

from tests.flexcore.packages import make_anchor, make_expert


@pytest.fixture
def package(tmp_path: Path) -> Path:
    make_expert(tmp_path / "drama")
    return tmp_path / "drama"


@pytest.fixture
def anchor(tmp_path: Path) -> Path:
    make_anchor(tmp_path / "anchor")
    return tmp_path / "anchor"
