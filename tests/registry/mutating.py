"""Small faults put into a policy set, one at a time: what a slip of the pen or of the mind might have made of it."""

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import cedarpy

from registry.policy.cedar import policies_as_json

ALWAYS, NEVER = {"Value": True}, {"Value": False}
OPPOSITE = {"permit": "forbid", "forbid": "permit", "when": "unless", "unless": "when"}
INSTEAD: dict[str, tuple[str, ...]] = {
    "==": ("!=",),
    "!=": ("==",),
    "<": ("<=", ">"),
    "<=": ("<", ">="),
    ">": (">=", "<"),
    ">=": (">", "<="),
    "containsAny": ("containsAll",),
    "lessThan": ("lessThanOrEqual", "greaterThan"),
    "lessThanOrEqual": ("lessThan", "greaterThanOrEqual"),
    "greaterThan": ("greaterThanOrEqual", "lessThan"),
    "greaterThanOrEqual": ("greaterThan", "lessThanOrEqual"),
}
TRUTHS = frozenset({"==", "!=", "<", "<=", ">", ">=", "&&", "||", "!", "contains", "containsAny", "containsAll"}) | {
    "isEmpty", "has", "lessThan", "lessThanOrEqual", "greaterThan", "greaterThanOrEqual",
}  # fmt: skip


def mutants(text: str) -> Iterator[tuple[str, str]]:
    """What was changed, and the text that came of it."""
    policies = policies_as_json(text)["staticPolicies"]
    for key, policy in policies.items():
        name = policy["annotations"]["id"]
        yield f"{name}: dropped", _written({k: p for k, p in policies.items() if k != key})
        for what, changed in _changes_of_policy(policy):
            yield f"{name}: {what}", _written({**policies, key: changed})


def _changes_of_policy(policy: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield f"{policy['effect']} turned round", {**policy, "effect": OPPOSITE[policy["effect"]]}
    for number, condition in enumerate(policy["conditions"]):
        rest = [one for place, one in enumerate(policy["conditions"]) if place != number]
        kind, body = condition["kind"], condition["body"]
        yield f"{kind} {number} left out", {**policy, "conditions": rest}
        turned = [*rest, {"kind": OPPOSITE[kind], "body": body}]
        yield f"{kind} {number} turned round", {**policy, "conditions": turned}
        for what, changed in _changes_of(body):
            yield f"{kind} {number}: {what}", {**policy, "conditions": [*rest, {"kind": kind, "body": changed}]}


def _changes_of(node: Any) -> Iterator[tuple[str, Any]]:
    """Each expression in every way that it can be a little wrong."""
    if not isinstance(node, dict) or "Var" in node:
        return
    ((operator, operands),) = node.items()
    if operator == "Value":
        yield from ((f"{operands!r} -> {other!r}", {"Value": other}) for other in _other_values(operands))
        return
    if operator in TRUTHS or _is_flag(operator, operands):
        yield f"{operator} -> always", ALWAYS
        yield f"{operator} -> never", NEVER
        if operator != "!":
            yield f"not {operator}", {"!": {"arg": node}}
    for other in INSTEAD.get(operator, ()):
        yield f"{operator} -> {other}", {other: operands}
    if operator in ("&&", "||"):
        yield f"{operator}: only the left", operands["left"]
        yield f"{operator}: only the right", operands["right"]
        yield f"{operator} -> the other", {"||" if operator == "&&" else "&&": operands}
    if operator == "Set":
        for place in range(len(operands)):
            yield f"one of {len(operands)} left out", {"Set": operands[:place] + operands[place + 1 :]}
    if operator == "decimal":
        yield from _other_decimals(operands)
        return
    places = enumerate(operands) if isinstance(operands, list) else operands.items()
    for place, inner in list(places):
        for what, changed in _changes_of(inner):
            whole = deepcopy(operands)
            whole[place] = changed
            yield what, {operator: whole}


def _is_flag(operator: str, operands: Any) -> bool:
    return operator == "." and operands["attr"] in {
        "commercial", "commercial_use", "derivatives", "licence_known", "personal_data", "signature_verified",
    }  # fmt: skip


def _other_values(value: Any) -> Iterator[Any]:
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from (value - 1, value + 1)
    elif isinstance(value, str):
        yield f"{value}x"


def _other_decimals(operands: Any) -> Iterator[tuple[str, Any]]:
    number = float(operands[0]["Value"])
    for other in (number - 0.0001, number + 0.0001):
        yield f"{number} -> {other:.4f}", {"decimal": [{"Value": f"{other:.4f}"}]}


def _written(policies: dict[str, Any]) -> str:
    return cedarpy.policies_from_json_str(
        json.dumps({"staticPolicies": policies, "templates": {}, "templateLinks": []})
    )
