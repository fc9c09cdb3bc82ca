"""Which moments a policy compares `context.now` to, read from the policy as Cedar writes it in JSON. Pure.

A comparison with one of the version's times, with a fixed number, or with either and so many seconds more or less, can
come out otherwise at that moment only; any other look at `now` can at every second.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from registry.policy.rules import MOMENTS, Subject

COMPARISONS = frozenset({"<", "<=", ">", ">=", "==", "!="})
SUMS = frozenset({"+", "-", "*"})
NOW = {".": {"left": {"Var": "context"}, "attr": "now"}}
FAR = 2**53  # seconds; beyond every calendar, and far from what Cedar cannot add up


@dataclass(frozen=True, slots=True)
class Edge:
    """One of the version's times, or none, and so many seconds after it."""

    of: str
    plus: int

    def of_subject(self, subject: Subject) -> int | None:
        """In seconds since 1970; None where the version has no such time."""
        if not self.of:
            return self.plus
        at: datetime | None = getattr(subject, self.of)
        return None if at is None else int(at.timestamp()) + self.plus


def looks_at_now(node: Any) -> tuple[frozenset[Edge], bool]:
    """The moments that `now` is compared to, and whether it is used otherwise."""
    if node in (NOW, {"Var": "context"}):
        return frozenset(), True
    if not isinstance(node, dict):
        return _together(node if isinstance(node, list) else [])
    for operator, operands in node.items():
        if (edge := edge_in(operator, operands)) is not None:
            return frozenset({edge}), False
        if operator in (".", "has") and operands.get("left") == {"Var": "context"}:
            return frozenset(), False  # another word of the context
    return _together(list(node.values()))


def _together(nodes: list[Any]) -> tuple[frozenset[Edge], bool]:
    parts = [looks_at_now(node) for node in nodes]
    return frozenset(edge for edges, _ in parts for edge in edges), any(elsewhere for _, elsewhere in parts)


def edge_in(operator: str, operands: Any) -> Edge | None:
    """When `now` on one side of a comparison meets the other side; None where that is no moment, or no comparison."""
    if operator not in COMPARISONS:
        return None
    left, right = _sum(operands["left"]), _sum(operands["right"])
    if left is None or right is None or (left.of == "now") == (right.of == "now"):
        return None
    now, other = (left, right) if left.of == "now" else (right, left)
    return Edge(other.of, other.plus - now.plus)


def _sum(node: Any) -> Edge | None:
    """`now`, a time of the version or neither, and a fixed number; None for anything else.

    A sum that Cedar could not hold is a fault of the policy at one time, and none at another: it is anything else.
    """
    found: Edge | None = None
    match node:
        case {"Value": int(number)} if not isinstance(number, bool):
            found = Edge("", number)
        case {".": {"left": {"Var": "context"}, "attr": "now"}}:
            found = Edge("now", 0)
        case {".": {"left": {"Var": "resource"}, "attr": str(name)}} if name in MOMENTS:
            found = Edge(name, 0)
        case dict() if len(node) == 1 and node.keys() <= SUMS:
            [(sign, operands)] = node.items()
            found = _reckoned(sign, _sum(operands["left"]), _sum(operands["right"]))
    return found if found is not None and abs(found.plus) < FAR else None


def _reckoned(sign: str, left: Edge | None, right: Edge | None) -> Edge | None:
    if left is None or right is None:
        return None
    if sign == "*":
        return None if left.of or right.of else Edge("", left.plus * right.plus)
    if right.of and (left.of or sign == "-"):
        return None
    return Edge(left.of or right.of, left.plus + (-right.plus if sign == "-" else right.plus))
