"""Parts documents into test, validation and train by whole groups, and cuts a part to a size.

Both go by hash, so that the same documents always fall the same way.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from experiments.miniflexmix.documents import Document

Part = Literal["train", "validation", "test"]
Group = tuple[str, str]


def split(documents: Sequence[Document], *, seed: str, fraction: float, limit: int) -> dict[Part, list[Document]]:
    """Give whole groups to test, then validation, until each has its fraction of a source; the rest trains.

    The limit, in characters, holds for the domain's test and validation part each, over the fraction.
    """
    groups: dict[Group, list[Document]] = defaultdict(list)
    for document in documents:
        groups[document.source, document.group].append(document)
    parts: dict[Part, list[Document]] = {"test": [], "validation": [], "train": []}
    everything = max(1, _characters(documents))
    for source in sorted({source for source, _ in groups}):
        keys = iter(_shuffled([key for key in groups if key[0] == source], seed=seed))
        total = sum(_characters(groups[key]) for key in groups if key[0] == source)
        wanted = min(fraction * total, limit * (total / everything))
        parts["test"] += _until(wanted, keys, groups)
        parts["validation"] += _until(wanted, keys, groups)
        for key in keys:
            parts["train"] += groups[key]
    return parts


def take(documents: list[Document], *, limit: float, seed: str) -> list[Document]:
    """As many of the documents as fit into the limit (in bytes), in an order drawn by the seed."""
    if sum(document.size for document in documents) <= limit:
        return documents
    taken, size = [], 0
    for document in sorted(documents, key=lambda each: _draw(f"{seed}|{each.id}")):
        if size + document.size <= limit:
            taken.append(document)
            size += document.size
    return taken


def _until(wanted: float, keys: Iterator[Group], groups: Mapping[Group, list[Document]]) -> list[Document]:
    taken: list[Document] = []
    got = 0
    while got < wanted and (key := next(keys, None)) is not None:
        taken += groups[key]
        got += _characters(groups[key])
    return taken


def _shuffled(keys: list[Group], *, seed: str) -> list[Group]:
    return sorted(keys, key=lambda key: _draw(f"{seed}|{key}"))


def _characters(documents: Sequence[Document]) -> int:
    return sum(len(document.text) for document in documents)


def _draw(text: str) -> bytes:
    return hashlib.sha1(text.encode(), usedforsecurity=False).digest()
