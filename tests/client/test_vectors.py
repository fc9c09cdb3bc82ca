"""The vectors of the pages' checks: what Python makes now is what vitest is given, but for a model's own weights."""

import json
from typing import Any

from tests.client.vectors import FILE, make_vectors


def test_the_pages_are_tried_on_what_python_makes() -> None:
    kept: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))

    made = make_vectors()

    assert kept["log"] == made["log"]
    assert kept["certificate"] == made["certificate"]
    assert kept["receipt"] == made["receipt"]
    assert kept["model"].keys() == made["model"].keys()
