"""How an organisation's experts were used, as the log tells it. Pure: a stranger with the log comes to the same.

The rules, which docs/usage.md tells to people: a month is that of an entry's own time, in UTC. Every
`inclusion.recorded` about a version of the organisation is one inclusion of its expert for the consumer it names, once
a composition and version, unless a later entry says that the composition was cancelled or failed. Every
`download.granted` is one download of the expert of each version it names, for the consumer it names. Nothing else
counts, and what was withdrawn later stays counted: it was used.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

RECORDED, GRANTED = "inclusion.recorded", "download.granted"
ENDED = ("composition.cancelled", "composition.failed")


@dataclass(frozen=True, slots=True, order=True)
class Line:
    """One expert of the organisation, and one consumer."""

    expert: str
    consumer: str
    inclusions: int
    downloads: int


@dataclass(frozen=True, slots=True)
class Statement:
    """A month's lines, or of all time where there is no month, by the first `size` entries of the log."""

    organisation: str
    month: str | None
    size: int
    lines: tuple[Line, ...]


def statement_of(leaves: Iterable[Mapping[str, Any]], *, organisation: str, month: str | None, size: int) -> Statement:
    """The statement by these leaves, given in the log's order."""
    recorded: dict[str, dict[str, tuple[str, str]]] = {}  # composition -> version -> consumer, month
    downloads: Counter[tuple[str, str]] = Counter()
    for leaf in leaves:
        event, about, facts, when = leaf["event"], leaf["about"], leaf["facts"], leaf["at"][:7]
        if event == RECORDED and owner_of(about) == organisation:
            recorded.setdefault(facts["composition"], {})[about] = (facts["consumer"], when)
        elif event in ENDED:
            recorded.pop(about.removeprefix("composition:"), None)
        elif event == GRANTED and month in {None, when}:
            mine = (version for version in facts["versions"] if owner_of(version) == organisation)
            downloads.update((expert_of(version), facts["consumer"]) for version in mine)
    inclusions = Counter(
        (expert_of(version), consumer)
        for versions in recorded.values()
        for version, (consumer, when) in versions.items()
        if month in {None, when}
    )
    lines = [Line(*key, inclusions[key], downloads[key]) for key in sorted(inclusions.keys() | downloads.keys())]
    return Statement(organisation, month, size, tuple(lines))


def owner_of(version: str) -> str:
    return version.partition("/")[0]


def expert_of(version: str) -> str:
    return version.partition("@")[0]
