"""Python modules, grouped by the folder they lie in."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from experiments.miniflexmix.documents import Piece
from experiments.miniflexmix.fetching import Packages


def django(packages: Packages) -> Iterator[Piece]:
    yield from _modules(packages, "django", top="django/", skip=r"/locale/|/tests?/|_version")


def networkx(packages: Packages) -> Iterator[Piece]:
    yield from _modules(packages, "networkx", top="networkx/algorithms/", skip=r"/tests/")


def _modules(packages: Packages, key: str, *, top: str, skip: str) -> Iterator[Piece]:
    for name, content in packages.archive(key).matching(rf"\A{top}.*\.py\Z"):
        text = content.decode("utf-8", "replace").replace("\r\n", "\n").strip("\n")
        if not re.search(skip, name) and 300 <= len(text) <= 200_000:
            yield Piece(str(PurePosixPath(name).parent), name, text)
