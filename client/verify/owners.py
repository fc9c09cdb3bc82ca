"""What the log says of one organisation's experts: how often each was included for whom, and downloaded by whom.

The rules, which the service's statement follows too: a month is that of an entry's own time, in UTC; an inclusion
counts where `inclusion.recorded` stands, unless the same composition was cancelled or failed later; a download counts
once for each `download.granted` that names the version. No model may include what no `inclusion.recorded` tells of.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from client.verify.strict import NotVerified, field, mentions, read_json, shown

RECORDED, INCLUDED, GRANTED = "inclusion.recorded", "composition.included", "download.granted"
ENDED = ("composition.cancelled", "composition.failed")
EVENTS = tuple(name.encode() for name in (RECORDED, INCLUDED, GRANTED, *ENDED))
MAX_STATEMENT = 64 * 2**20
MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Line:
    """One expert of the organisation and one consumer."""

    expert: str
    consumer: str
    inclusions: int
    downloads: int


class Usage:
    """Adds up while the log is read. `until` leaves out what came after that many entries."""

    def __init__(self, organisation: str, *, month: str | None, until: int | None = None) -> None:
        self._prefix = f"{organisation}/"
        self._month = month
        self._until = until
        self._recorded: dict[str, dict[str, tuple[str, str]]] = {}  # composition -> version -> consumer, month
        self._included: dict[tuple[str, str], int] = {}
        self._downloads: Counter[tuple[str, str]] = Counter()

    def visit(self, index: int, entry: bytes) -> None:
        if (self._until is None or index < self._until) and mentions(entry, EVENTS):
            label = f"Entry {index}"
            told = read_json(entry, label)
            facts = told.get("facts")
            if isinstance(facts, dict):
                self._take(index, told, facts, label)

    def lines(self) -> list[Line]:
        """Sorted by expert and consumer. NotVerified if a model includes what was not recorded."""
        self._check_completeness()
        inclusions = Counter(
            (version.partition("@")[0], consumer)
            for versions in self._recorded.values()
            for version, (consumer, month) in versions.items()
            if self._month in {None, month}
        )
        keys = sorted(inclusions.keys() | self._downloads.keys())
        return [Line(*key, inclusions=inclusions[key], downloads=self._downloads[key]) for key in keys]

    def _take(self, index: int, told: Mapping[str, Any], facts: Mapping[str, Any], label: str) -> None:
        event, about, month = told.get("event"), str(told.get("about")), str(told.get("at"))[:7]
        if event == RECORDED and about.startswith(self._prefix):
            composition = field(facts, "composition", str, label)
            consumer = field(facts, "consumer", str, label)
            self._recorded.setdefault(composition, {})[about] = (consumer, month)
        elif event == INCLUDED:
            for item in field(facts, "inclusions", list, label):
                version = field(item, "version", str, label) if isinstance(item, dict) else ""
                if version.startswith(self._prefix):
                    self._included[about.removeprefix("composition:"), version] = index
        elif event == GRANTED and self._month in {None, month}:
            consumer = field(facts, "consumer", str, label)
            mine = [str(one) for one in field(facts, "versions", list, label) if str(one).startswith(self._prefix)]
            self._downloads.update((version.partition("@")[0], consumer) for version in mine)
        elif event in ENDED:
            composition = about.removeprefix("composition:")
            self._recorded.pop(composition, None)
            for key in [key for key in self._included if key[0] == composition]:
                del self._included[key]

    def _check_completeness(self) -> None:
        for (composition, version), index in self._included.items():
            if version not in self._recorded.get(composition, {}):
                raise NotVerified(
                    f"Entry {index} includes {shown(version)} in a model, but no entry records that inclusion."
                )


@dataclass(frozen=True, slots=True)
class Statement:
    """What the service says, and of how many of the log's entries."""

    organisation: str
    month: str | None
    size: int
    lines: tuple[Line, ...]


def read_statement(data: bytes) -> Statement:
    label = "The statement"
    value = read_json(data, label)
    month = value.get("month")
    if month is not None and not (isinstance(month, str) and MONTH.fullmatch(month)):
        raise NotVerified(f"{label} is of no month: {shown(month)}.")
    lines = []
    for item in field(value, "lines", list, label):
        if not isinstance(item, dict):
            raise NotVerified(f"{label} has a line that is none.")
        expert, consumer = (field(item, name, str, label) for name in ("expert", "consumer"))
        inclusions, downloads = (field(item, name, int, label) for name in ("inclusions", "downloads"))
        lines.append(Line(expert, consumer, inclusions, downloads))
    return Statement(field(value, "organisation", str, label), month, field(value, "size", int, label), tuple(lines))


def compare(ours: Sequence[Line], theirs: Sequence[Line]) -> None:
    """The statement says what the log says; the first line that does not is named."""
    told, found = ({(line.expert, line.consumer): line for line in lines} for lines in (theirs, ours))
    if len(told) != len(theirs):
        raise NotVerified("The statement names an expert and a consumer twice.")
    for key in sorted(told.keys() | found.keys()):
        expert, consumer = map(shown, key)
        log, statement = found.get(key, Line(*key, 0, 0)), told.get(key, Line(*key, 0, 0))
        for what, counted, stated in (
            ("inclusions", log.inclusions, statement.inclusions),
            ("downloads", log.downloads, statement.downloads),
        ):
            if counted != stated:
                raise NotVerified(
                    f"The statement says {stated} {what} of {expert} for {consumer}; the log says {counted}."
                )
