"""Examples beside a policy set, which are its tests: a case in words, its facts, and the rules that must refuse it.

An example says only what is unlike the plain case below, in which nothing speaks against anything.
"""

import tomllib
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from registry.errors import Invalid
from registry.policy.rules import DECIMALS, MOMENTS, Engine, Facts, Verdict, approved_anew, decimal_of

SHIPPED = Path(__file__).parent / "default.examples.toml"
MAX_EXAMPLES = 1000
MAX_NAME = 200
COUNTS = frozenset({"delta_ppb"})
PLAIN: Mapping[str, Any] = {
    "action": "compose",
    "consumer": {"slug": "library", "jurisdiction": "DE"},
    "purpose": "research",
    "commercial": False,
    "anchor_digest": "sha256:" + "a" * 64,
    "now": "2026-06-15T12:00:00+00:00",
    "experts": 3,
    "subject": {
        "name": "playhouse/drama@1",
        "state": "approved",
        "anchor_digest": "sha256:" + "a" * 64,
        "signature_verified": True,
        "licence": "CC-BY-4.0",
        "licence_known": True,
        "commercial_use": True,
        "derivatives": True,
        "purposes": ["research", "evaluation"],
        "recipients": [],
        "jurisdictions": [],
        "valid_from": "2026-01-01T00:00:00+00:00",
        "valid_until": None,
        "licence_valid_until": None,
        "organisation": "playhouse",
        "domain": "drama",
        "quarantine": "",
        "legal_basis": "consent",
        "personal_data": False,
        "mechanism": "none",
        "epsilon": "",
        "delta_ppb": None,
        "extraction_rate": "",
        "approved_at": "2026-03-01T00:00:00+00:00",
    },
}


@dataclass(frozen=True, slots=True)
class Example:
    name: str
    facts: Facts
    refused_by: tuple[str, ...]  # the ids of the rules, in the order of the alphabet; none: it is allowed


@dataclass(frozen=True, slots=True)
class Tried:
    """An example, and what the set says to it."""

    example: Example
    verdict: Verdict

    @property
    def refused_by(self) -> tuple[str, ...]:
        return tuple(sorted(reason.policy for reason in self.verdict.reasons))

    @property
    def as_expected(self) -> bool:
        return self.refused_by == self.example.refused_by


@cache
def default_examples() -> Sequence[Mapping[str, Any]]:
    """Those of the set that we ship."""
    found: list[Mapping[str, Any]] = tomllib.loads(SHIPPED.read_text(encoding="utf-8"))["examples"]
    return found


def read_examples(values: Sequence[Any]) -> list[Example]:
    """Examples as they were written; Invalid says which of them cannot be read, and why."""
    if len(values) > MAX_EXAMPLES:
        raise Invalid(f"There are {len(values)} examples, and a set has at most {MAX_EXAMPLES}.")
    examples = [_read(value, number) for number, value in enumerate(values, start=1)]
    names = [example.name for example in examples]
    for name in names:
        if names.count(name) > 1:
            raise Invalid(f'Two examples are called "{name[:80]}"; give each a name of its own.')
    return examples


def try_examples(engine: Engine, text: str, examples: Sequence[Example]) -> list[Tried]:
    verdicts = engine.decide_all(text, [example.facts for example in examples])
    return [Tried(example, verdict) for example, verdict in zip(examples, verdicts, strict=True)]


def gaps(engine: Engine, text: str, tried: Sequence[Tried]) -> list[str]:
    """What the examples do not show of a set, a sentence each; empty when every rule that forbids is seen at work."""
    fired = {policy for one in tried for policy in one.refused_by}
    forbids = [rule.id for rule in engine.rules(text) if rule.effect == "forbid"]
    silent = [rule for rule in forbids if rule not in fired]
    found = []
    if not any(one.verdict.allowed for one in tried):
        found.append("No example is allowed; add one that shows what the set lets in.")
    if forbids and len(silent) == len(forbids):
        return [*found, "On its examples the set forbids nothing, so it permits everything; add what it must refuse."]
    return [*found, *(f'No example shows what "{rule}" refuses; add one, or leave the rule out.' for rule in silent)]


def unsatisfied(engine: Engine, text: str, tried: Sequence[Tried]) -> list[str]:
    """Rules that would send a version back to review for ever: no approval satisfies them, as the examples show."""
    found = []
    demanding = {rule.id for rule in engine.rules(text) if rule.rereview}
    for one in tried:
        asked = demanding.intersection(one.refused_by)
        left = engine.decide(text, approved_anew(one.example.facts)).reasons if asked else ()
        found += [
            f'"{reason.policy}" would send a version back to review again after each approval, as in the example '
            f'"{one.example.name}"; let it look at resource.approved_at, which an approval sets anew.'
            for reason in left
            if reason.policy in asked
        ]
    return list(dict.fromkeys(found))


def _read(value: Any, number: int) -> Example:
    name = value.get("name") if isinstance(value, Mapping) else None
    if not isinstance(name, str) or not 1 <= len(name.strip()) <= MAX_NAME:
        raise Invalid(f"Example {number} has no name of 1 to {MAX_NAME} characters; say in words what it shows.")
    where = f'Example {number} ("{name[:60]}")'
    unknown = sorted(set(value) - {"name", "facts", "refused_by"})
    if unknown:
        raise Invalid(f"{where} has a part {unknown[0][:40]}; an example has name, facts and refused_by.")
    refused_by = value.get("refused_by", [])
    if not isinstance(refused_by, list) or not all(isinstance(rule, str) for rule in refused_by):
        raise Invalid(f"{where}: refused_by is the list of the ids of the rules that must refuse it.")
    facts = deepcopy(dict(PLAIN))
    _change(facts, value.get("facts", {}), where=where)
    return Example(name, Facts.read(facts), tuple(sorted(set(refused_by))))


def _change(facts: dict[str, Any], changes: Any, *, where: str, path: str = "") -> None:
    if not isinstance(changes, Mapping):
        raise Invalid(f"{where}: {path or 'facts'} must be facts by name.")
    for name, value in changes.items():
        full = f"{path}{name}"
        if name not in facts:
            raise Invalid(f"{where}: there is no fact {full[:60]}; known are {', '.join(facts)}.")
        if isinstance(facts[name], dict):
            _change(facts[name], value, where=where, path=f"{full}.")
        else:
            facts[name] = _fact(name, value, facts[name], where=f"{where}: {full}")


def _fact(name: str, value: Any, plain: Any, *, where: str) -> Any:
    if name in MOMENTS or name == "now":
        return _moment(value, where=where, needed=name == "now")
    if name in DECIMALS:
        number = decimal_of(value)
        if not number and value != "":
            raise Invalid(f"{where} is a number from 0 on, such as 8 or 0.01.")
        return number
    if name in COUNTS:
        if value is not None and (type(value) is not int or value < 0):
            raise Invalid(f"{where} is a whole number from 0 on.")
        return value
    wanted = {bool: "true or false", int: "a whole number", list: "a list of words", str: "a word"}[type(plain)]
    fits = type(value) is type(plain)
    if isinstance(plain, list):
        fits = fits and all(isinstance(one, str) for one in value)
    if not fits:
        raise Invalid(f"{where} is {wanted}.")
    return value


def _moment(value: Any, *, where: str, needed: bool) -> str | None:
    if value in (None, "") and not needed:
        return None
    fault = Invalid(f"{where} is a moment with its time zone, such as 2026-06-15T12:00:00+00:00.")
    try:
        at = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise fault from None
    if at.tzinfo is None:
        raise fault
    return at.isoformat()
