"""Which questions a set of policies cannot tell apart, read from the policies as Cedar writes them in JSON. Pure.

Policies that look at nothing but some facts of a version answer alike for all that are alike in these. Of a time that
is compared to `now` only, all that counts is whether that moment is past, present or to come. So an expert that was
never asked about is often answered as another one was.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Any

from registry.policy.moments import Edge, edge_in, looks_at_now
from registry.policy.rules import MOMENTS, Facts, Subject

OUR_WORD = {"anchor": "anchor_digest"}  # where a fact is called otherwise in a policy
EVERYTHING = tuple(one.name for one in fields(Subject))
Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Looks:
    """What a set looks at in a version: these facts, and at which moments of it `now` is past."""

    facts: tuple[str, ...]
    edges: tuple[Edge, ...]
    moments: tuple[str, ...]  # that it asks for at all, or whose absence it would stumble over
    to_the_second: bool
    _read: Callable[[Subject], Any] = field(repr=False, compare=False)

    def key(self, facts: Facts) -> Key:
        """Alike for questions that the set cannot tell apart, where consumer, action and purpose are the same."""
        subject, now = facts.subject, int(facts.now.timestamp())
        times = []
        for edge in self.edges:
            at = edge.of_subject(subject)
            times.append(None if at is None else (now > at) - (now < at))
        there = tuple(getattr(subject, name) is None for name in self.moments)
        return (self._read(subject), there, *times, now if self.to_the_second else None)


def looks_of(policies: Iterable[dict[str, Any]]) -> Looks:
    known = list(policies)
    bodies = [policy.get("conditions", []) for policy in known]
    found = set(_facts_in(bodies))
    if any(policy["resource"]["op"] != "All" for policy in known):
        found.add("name")
    edges, elsewhere = looks_at_now(bodies)
    facts = EVERYTHING if "*" in found else tuple(name for name in EVERYTHING if name in found)
    return Looks(
        facts=facts,
        edges=tuple(sorted(edges, key=lambda edge: (edge.of, edge.plus))),
        moments=tuple(sorted({name for name in MOMENTS if f"has {name}" in found})),
        to_the_second=elsewhere,
        _read=attrgetter(*facts) if facts else lambda _: (),
    )


def _facts_in(node: Any) -> Iterator[str]:
    """Names of facts, `has NAME` for a time of which only that it is there counts, `*` for what cannot be told."""
    if isinstance(node, list):
        for one in node:
            yield from _facts_in(one)
    if not isinstance(node, dict):
        return
    if node == {"Var": "resource"}:
        yield "name"
    for operator, operands in node.items():
        edge = edge_in(operator, operands)
        if edge is not None:
            yield from [f"has {edge.of}"] if edge.of else []
        elif operator in (".", "has") and operands.get("left") == {"Var": "resource"}:
            yield _named(operator, operands.get("attr"))
        else:
            yield from _facts_in(operands)


def _named(operator: str, attribute: Any) -> str:
    if not isinstance(attribute, str):
        return "*"
    name = OUR_WORD.get(attribute, attribute)
    if name in MOMENTS and operator == "has":
        return f"has {name}"
    return name if name in EVERYTHING else "*"
