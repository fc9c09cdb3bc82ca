"""Cedar behind the engine's methods. The only module that knows cedarpy.

Cedar leaves out a policy whose evaluation fails, and a `forbid` left out would permit; here a failure refuses. What
was decided is remembered while the answer cannot be another: until the next moment that a policy compares `now` to.
"""

import json
import re
import string
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import cedarpy

from registry.errors import Reason
from registry.policy.alike import EVERYTHING, OUR_WORD, Key, Looks, looks_of
from registry.policy.moments import NOW
from registry.policy.places import Place, place_of
from registry.policy.rules import DECIMALS, MOMENTS, WORDS, Consumer, Facts, Rule, Subject, Verdict, words

HERE = Path(__file__).parent
# What no rule of the set said, but the adapter must.
NO_PERMIT = "engine.no-permit"
FAILED = "engine.failed"
OF_THE_ENGINE = {
    NO_PERMIT: "No policy permits this.",
    FAILED: "A policy could not be evaluated; the operator must correct the policy set.",
}
ALLOWED = Verdict(allowed=True)
ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,59}")
# Cedar's own number of a policy, which nobody sees, and the same fault once for each action.
FOR_NOBODY = re.compile(r'^for policy `[^`]*`, | for Action::"\w+"')
MAX_TEXT = 256 * 1024
MAX_RULES = 500
REMEMBERED = 16_384  # answers, then all are forgotten
THEIR_WORD = {ours: theirs for theirs, ours in OUR_WORD.items()}
AT_ONCE = 64  # questions in one call
PERMIT = '@id("permit.all")\npermit (principal, action, resource);'


@cache
def default_policies() -> str:
    """The text of the set that we ship."""
    return (HERE / "default.cedar").read_text(encoding="utf-8")


@cache
def schema_text() -> str:
    return (HERE / "schema.cedarschema").read_text(encoding="utf-8")


@lru_cache(maxsize=16)
def policies_as_json(text: str) -> dict[str, Any]:
    """The policies by Cedar's own numbering, as Cedar writes them in JSON. ValueError when it cannot read them."""
    found: dict[str, Any] = json.loads(cedarpy.policies_to_json_str(text))
    return found


@dataclass(frozen=True, slots=True)
class _Set:
    """A text, ready to decide."""

    policies: cedarpy.PolicySet
    rules: tuple[Rule, ...]
    reasons: dict[str, str]
    looks: Looks  # what of a version, and of the time, it can tell apart
    sent: frozenset[str]  # the facts that it looks at: no others are sent


@lru_cache(maxsize=16)
def _read(text: str) -> _Set:
    policies = list(policies_as_json(text)["staticPolicies"].values())
    rules = tuple(
        Rule(
            id=str(notes.get("id") or ""),
            effect=str(policy["effect"]),
            reason=str(notes.get("reason") or ""),
            law=str(notes.get("law") or ""),
            rereview="rereview" in notes,
        )
        for policy in policies
        for notes in [policy.get("annotations", {})]
    )
    looks = looks_of(policies)
    return _Set(
        policies=cedarpy.PolicySet.from_str(text),
        rules=rules,
        reasons={rule.id: rule.reason for rule in rules},
        looks=looks,
        sent=frozenset({*looks.facts, *looks.moments, *(edge.of for edge in looks.edges)}),
    )


def _complaint(text: str) -> str:
    """What Cedar says of a text that it cannot read; empty when it can."""
    try:
        cedarpy.policies_to_json_str(text)
    except ValueError as fault:
        return str(fault)
    return ""


@dataclass(frozen=True, slots=True)
class _Answer:
    """A verdict, and the moments between which it holds."""

    since: datetime
    until: datetime
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class _Asked:
    """What was answered to one consumer's question for one purpose: version by version, and to all that are alike."""

    answers: dict[Subject, _Answer]
    alike: dict[Key, tuple[str, ...]]  # the rules that refuse


class Cedar:
    """The engine: policies in Cedar, checked against our schema."""

    def __init__(self) -> None:
        self._said: dict[tuple[Any, ...], _Asked] = {}
        self._count = 0

    def faults(self, text: str) -> Sequence[str]:
        if len(text.encode()) > MAX_TEXT:
            return [f"The policies have more than {MAX_TEXT} bytes; make them fewer."]
        try:
            rules, written = _read(text).rules, policies_as_json(text)
        except ValueError as fault:
            return [f"The policies cannot be read: {fault}."]
        checked = cedarpy.validate_policies(text, schema_text())
        named = {
            key: str(one.get("annotations", {}).get("id") or key) for key, one in written["staticPolicies"].items()
        }
        found = [
            f'The policies do not fit the schema: in "{named.get(error.policy_id, error.policy_id)}", '
            f"{FOR_NOBODY.sub('', error.error)}."
            for error in checked.errors
        ]
        found = list(dict.fromkeys(found))
        if written.get("templates"):
            found.append("A policy has a slot (?principal or ?resource) and would decide nothing; write it out.")
        found += [
            f'"{policy.get("annotations", {}).get("id", "")}" looks into a thing that it names; a policy may compare '
            "what is asked about with a name, and looks into nothing else."
            for policy in written["staticPolicies"].values()
            if _looks_into_named(policy.get("conditions", []))
        ]
        found += _faults_of_rereview(written["staticPolicies"].values())
        if len(rules) > MAX_RULES:
            found.append(f"There are {len(rules)} policies, and a set has at most {MAX_RULES}.")
        if not any(rule.effect == "permit" for rule in rules):
            found.append("No policy permits anything.")
        elif not any(rule.effect == "forbid" for rule in rules):
            found.append("No policy forbids anything; a set that permits everything is no set.")
        return [*found, *_faults_of_names(rules), *(fault for rule in rules for fault in _faults_of(rule))]

    def place_of(self, text: str, fault: str) -> Place | None:
        return place_of(text, fault, complaint=_complaint)

    def rules(self, text: str) -> Sequence[Rule]:
        return _read(text).rules

    def rereview(self, text: str) -> str:
        return _only_rereview(text)

    def decide(self, text: str, facts: Facts) -> Verdict:
        return self.decide_all(text, [facts])[0]

    def decide_all(self, text: str, facts: Sequence[Facts]) -> list[Verdict]:
        """The same for several at once, in their order."""
        found: list[_Answer | None] = []
        missing: list[tuple[int, _Asked]] = []
        last: Facts | None = None
        for place, one in enumerate(facts):
            if last is None or not _same_question(one, last):
                asked = self._asked(text, one)
                answers = asked.answers
            last = one
            known = answers.get(one.subject)
            if known is None or not known.since <= one.now < known.until:
                known = None
                missing.append((place, asked))
            found.append(known)
        if missing:
            self._find(_read(text), facts, missing, found)
        return [answer.verdict for answer in found if answer is not None]

    def _find(
        self,
        policies: _Set,
        facts: Sequence[Facts],
        missing: Sequence[tuple[int, _Asked]],
        found: list[_Answer | None],
    ) -> None:
        """Of those that the set cannot tell apart, one is asked."""
        keys = {place: policies.looks.key(facts[place]) for place, _ in missing}
        to_ask: dict[tuple[int, Key], tuple[Facts, _Asked]] = {}
        for place, asked in missing:
            if keys[place] not in asked.alike:
                to_ask.setdefault((id(asked), keys[place]), (facts[place], asked))
        if to_ask:
            said = _refusing(policies, [one for one, _ in to_ask.values()])
            for ((_, key), (_, asked)), rules in zip(to_ask.items(), said, strict=True):
                asked.alike[key] = rules
        for place, asked in missing:
            one = facts[place]
            found[place] = asked.answers[one.subject] = _answer(policies, one, asked.alike[keys[place]])
        self._count += len(missing) + len(to_ask)

    def forget(self) -> None:
        self._said, self._count = {}, 0

    def _asked(self, text: str, facts: Facts) -> _Asked:
        if self._count >= REMEMBERED:
            self.forget()
        key = (
            text,
            facts.action,
            facts.consumer,
            facts.purpose,
            facts.commercial,
            facts.anchor_digest,
            facts.experts,
        )
        return self._said.setdefault(key, _Asked({}, {}))


def _same_question(one: Facts, other: Facts) -> bool:
    return (
        (one.consumer is other.consumer or one.consumer == other.consumer)
        and one.purpose == other.purpose
        and one.action == other.action
        and one.anchor_digest == other.anchor_digest
        and one.experts == other.experts
        and one.commercial == other.commercial
    )


def _refusing(policies: _Set, facts: Sequence[Facts]) -> Iterator[tuple[str, ...]]:
    """The rules that refuse each, in the order of the alphabet, with what no rule said but the adapter must."""
    for together in _askable_together(facts):
        # Without the schema: a set was checked against it before it was taken, and that facts fit it is for the tests.
        said = cedarpy.is_authorized_batch(
            [_request(one) for one in together],
            policies.policies,
            _entities(together[0].consumer, tuple(one.subject for one in together), policies.sent),
        )
        yield from map(_rules_in, said)


def _rules_in(answer: cedarpy.AuthzResult) -> tuple[str, ...]:
    named = [] if answer.allowed else sorted(answer.diagnostics.id_annotations_by_reason.values())
    if answer.diagnostics.errors:
        named.append(FAILED)
    return tuple(named or ([] if answer.allowed else [NO_PERMIT]))


def _askable_together(facts: Sequence[Facts]) -> Iterator[list[Facts]]:
    """In one call there is one consumer, and each version is there once: as it is in one question, it is in all."""
    group: list[Facts] = []
    names: set[str] = set()
    for one in facts:
        if group and (len(group) >= AT_ONCE or one.subject.name in names or one.consumer != group[0].consumer):
            yield group
            group, names = [], set()
        group.append(one)
        names.add(one.subject.name)
    if group:
        yield group


def _answer(policies: _Set, facts: Facts, rules: Sequence[str]) -> _Answer:
    since, until = _window(policies, facts)
    if not rules:
        return _Answer(since, until, ALLOWED)
    said = words(facts)
    reasons = tuple(Reason(rule, OF_THE_ENGINE.get(rule) or policies.reasons[rule].format_map(said)) for rule in rules)
    return _Answer(since, until, Verdict(allowed=False, reasons=reasons))


def _window(policies: _Set, facts: Facts) -> tuple[datetime, datetime]:
    """From when until when no comparison with `now` comes out otherwise; at its very second it may be equal."""
    now = _seconds(facts.now)
    if policies.looks.to_the_second:
        return _moment(now), _moment(now + 1)
    times = {time for edge in policies.looks.edges if (time := edge.of_subject(facts.subject)) is not None}
    edges = sorted({edge for time in times for edge in (time, time + 1)})
    place = bisect_right(edges, now)
    since = _moment(edges[place - 1]) if place else datetime.min.replace(tzinfo=UTC)
    until = _moment(edges[place]) if place < len(edges) else datetime.max.replace(tzinfo=UTC)
    return since, until


def _moment(seconds: int) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):  # a number in a policy that no calendar has
        return (datetime.min if seconds < 0 else datetime.max).replace(tzinfo=UTC)


def _faults_of_names(rules: Sequence[Rule]) -> Iterator[str]:
    named = Counter(rule.id for rule in rules)
    for name, count in named.items():
        if not name:
            yield "A policy has no @id; a decision could not name it."
        elif not ID.fullmatch(name) or name.startswith("engine."):
            yield (
                f'"{name[:60]}" will not do as an @id; take up to 60 of the signs a-z, 0-9, ., _ and -, such as '
                "forbid.licence-expired, and nothing that begins with engine."
            )
        if count > 1 and name:
            yield f'"{name[:60]}" names {count} policies; give each an @id of its own.'


def _faults_of(rule: Rule) -> list[str]:
    if rule.effect == "permit":
        return []
    if not rule.reason:
        return [f'"{rule.id}" forbids without a @reason; say why in one sentence.']
    try:
        used = {name for _, name, spec, how in string.Formatter().parse(rule.reason) if name is not None}
    except ValueError as fault:
        return [f'The reason of "{rule.id}" cannot be filled in: {fault}.']
    unknown = used - WORDS
    if unknown:
        known = ", ".join(sorted(WORDS))
        return [f'The reason of "{rule.id}" names {", ".join(sorted(unknown))}; known words are {known}.']
    return []


def _looks_into_named(node: Any) -> bool:
    """It reads a fact of a thing by its name: whether that one is at hand depends on what else is asked about."""
    if isinstance(node, dict):
        inner = [operands for operator, operands in node.items() if operator in (".", "has")]
        if any("__entity" in json.dumps(one["left"]) for one in inner):
            return True
        return any(_looks_into_named(one) for one in node.values())
    return isinstance(node, list) and any(_looks_into_named(one) for one in node)


def _faults_of_rereview(policies: Iterable[dict[str, Any]]) -> Iterator[str]:
    """A version is sent back whoever asks for it: a rule that does so has nobody to look at but the version."""
    for policy in policies:
        notes = policy.get("annotations", {})
        if "rereview" not in notes:
            continue
        name = str(notes.get("id") or "")
        if policy["effect"] == "permit":
            yield f'"{name}" is marked @rereview and permits; only what forbids sends a version back to review.'
        heads = {policy[part]["op"] for part in ("principal", "action", "resource")}
        if heads != {"All"} or _looks_at_who_asks(policy.get("conditions", [])):
            yield (
                f'"{name}" is marked @rereview, so it looks at the version and at context.now only: a version is sent '
                "back to review whoever asks for it, and what for."
            )


def _looks_at_who_asks(node: Any) -> bool:
    if node == NOW:
        return False
    if isinstance(node, dict):
        asks = node.get("Var") in ("principal", "action", "context")
        return asks or any(_looks_at_who_asks(one) for one in node.values())
    return isinstance(node, list) and any(_looks_at_who_asks(one) for one in node)


@lru_cache(maxsize=16)
def _only_rereview(text: str) -> str:
    policies = policies_as_json(text)["staticPolicies"]
    chosen = {key: policy for key, policy in policies.items() if "rereview" in policy.get("annotations", {})}
    if not chosen:
        return ""
    written = {"staticPolicies": chosen, "templates": {}, "templateLinks": []}
    return f"{cedarpy.policies_from_json_str(json.dumps(written))}\n{PERMIT}\n"


def names_in(text: str) -> dict[str, set[str]]:
    """The words in quotes that each policy speaks of, by its @id."""
    policies = policies_as_json(text)["staticPolicies"].values()
    return {str(policy.get("annotations", {}).get("id") or ""): set(_texts(policy)) for policy in policies}


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, list):
        for one in node:
            yield from _texts(one)
    elif isinstance(node, dict):
        for name, one in node.items():
            if name not in ("annotations", "effect", "kind", "attr", "Var", "op"):
                yield from _texts(one)


def _request(facts: Facts) -> dict[str, Any]:
    return {
        "principal": {"type": "Organisation", "id": facts.consumer.slug},
        "action": {"type": "Action", "id": facts.action},
        "resource": {"type": "ExpertVersion", "id": facts.subject.name},
        "context": _context(facts.anchor_digest, facts.purpose, facts.commercial, facts.experts, _seconds(facts.now)),
    }


@lru_cache(maxsize=256)
def _context(anchor: str, purpose: str, commercial: bool, experts: int, now: int) -> str:
    """The same for all that are asked about together."""
    return json.dumps({"anchor": anchor, "purpose": purpose, "commercial": commercial, "experts": experts, "now": now})


@lru_cache(maxsize=256)
def _entities(consumer: Consumer, subjects: tuple[Subject, ...], sent: frozenset[str]) -> cedarpy.Entities:
    """All as Cedar keeps them: reading them is half of the work, and the next question may be about the same."""
    return cedarpy.Entities.from_json_str(json.dumps(entities_of(consumer, *subjects, sent=sent)))


def entities_of(
    consumer: Consumer, *subjects: Subject, sent: frozenset[str] = frozenset(EVERYTHING)
) -> list[dict[str, Any]]:
    """Who asks, and the versions with these of their facts."""
    attributes = {"slug": consumer.slug, "jurisdictions": consumer.jurisdictions}
    organisation = {"uid": {"type": "Organisation", "id": consumer.slug}, "attrs": attributes, "parents": []}
    return [organisation, *(_version(subject, sent) for subject in subjects)]


def _version(subject: Subject, sent: frozenset[str]) -> dict[str, Any]:
    version: dict[str, Any] = {}
    for name in sent - {"", "name"}:
        value = getattr(subject, name)
        if name in MOMENTS:
            value = None if value is None else _seconds(value)
        elif name in DECIMALS:
            value = {"__extn": {"fn": "decimal", "arg": value}} if value else None
        if value is not None:
            version[THEIR_WORD.get(name, name)] = value
    return {"uid": {"type": "ExpertVersion", "id": subject.name}, "attrs": version, "parents": []}


def _seconds(at: datetime) -> int:
    return int(at.timestamp())
