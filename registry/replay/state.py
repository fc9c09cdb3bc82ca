"""What is compared: every governed thing by its name, with the facts that the log tells of it. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Facts = dict[str, Any]


@dataclass(slots=True)
class State:
    """Kind -> name -> facts. Plain JSON values, so that the two tellings can be laid side by side."""

    things: dict[str, dict[str, Facts]] = field(default_factory=dict)

    def of(self, kind: str, name: str) -> Facts:
        """The facts of one thing, to be added to; it begins to exist by being asked for."""
        return self.things.setdefault(kind, {}).setdefault(name, {})

    def forget(self, kind: str, name: str) -> None:
        self.things.get(kind, {}).pop(name, None)


def differences(log: State, rows: State) -> Iterator[str]:
    """A sentence for each thing that the two do not tell alike."""
    for kind in sorted(log.things.keys() | rows.things.keys()):
        told, kept = log.things.get(kind, {}), rows.things.get(kind, {})
        for name in sorted(told.keys() | kept.keys()):
            if name not in kept:
                yield f"{kind} {name}: the log tells of it, and the database does not have it."
            elif name not in told:
                yield f"{kind} {name}: the database has it, and the log does not tell of it."
            else:
                yield from _facts(kind, name, told[name], kept[name])


def _facts(kind: str, name: str, told: Facts, kept: Facts) -> Iterator[str]:
    for fact in sorted(told.keys() | kept.keys()):
        if told.get(fact) != kept.get(fact):
            yield f"{kind} {name}: {fact} is {told.get(fact)!r} by the log and {kept.get(fact)!r} in the database."
