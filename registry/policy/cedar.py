"""Cedar behind the engine's three methods. The only module that knows cedarpy.

Cedar leaves out a policy whose evaluation fails, and a `forbid` left out would permit; here a failure refuses.
"""

import json
import string
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import cedarpy

from registry.errors import Reason
from registry.policy.rules import WORDS, Facts, Rule, Verdict, words

HERE = Path(__file__).parent
# What no rule of the set said, but the adapter must.
NO_PERMIT = "engine.no-permit"
FAILED = "engine.failed"


@cache
def default_policies() -> str:
    """The text of the set that we ship."""
    return (HERE / "default.cedar").read_text(encoding="utf-8")


@cache
def _schema_text() -> str:
    return (HERE / "schema.cedarschema").read_text(encoding="utf-8")


@cache
def _schema() -> cedarpy.Schema:
    return cedarpy.Schema.from_str(_schema_text())


@lru_cache(maxsize=16)
def _parsed(text: str) -> cedarpy.PolicySet:
    return cedarpy.PolicySet.from_str(text)


@lru_cache(maxsize=16)
def _rules(text: str) -> tuple[Rule, ...]:
    policies = json.loads(cedarpy.policies_to_json_str(text))["staticPolicies"].values()
    return tuple(
        Rule(
            id=str(notes.get("id") or ""),
            effect=str(policy["effect"]),
            reason=str(notes.get("reason") or ""),
            law=str(notes.get("law") or ""),
        )
        for policy in policies
        for notes in [policy.get("annotations", {})]
    )


class Cedar:
    """The engine: policies in Cedar, checked against our schema."""

    def faults(self, text: str) -> Sequence[str]:
        try:
            rules = _rules(text)
        except ValueError as fault:
            return [f"The policies cannot be read: {fault}."]
        checked = cedarpy.validate_policies(text, _schema_text())
        found = [f"The policies do not fit the schema: {error.error}" for error in checked.errors]
        if not any(rule.effect == "permit" for rule in rules):
            found.append("No policy permits anything.")
        named = Counter(rule.id for rule in rules)
        found += [
            f'"{name}" names {count} policies; give each an @id of its own.'
            for name, count in named.items()
            if count > 1
        ]
        if "" in named:
            found.append("A policy has no @id; a decision could not name it.")
        for rule in rules:
            found += _faults_of(rule)
        return found

    def rules(self, text: str) -> Sequence[Rule]:
        return _rules(text)

    def decide(self, text: str, facts: Facts) -> Verdict:
        answer = cedarpy.is_authorized(_request(facts), _parsed(text), _entities(facts), _schema())
        told = {rule.id: rule for rule in _rules(text)}
        reasons = []
        if not answer.allowed:
            named = answer.diagnostics.id_annotations_by_reason.values()
            reasons = [Reason(rule_id, told[rule_id].reason.format_map(words(facts))) for rule_id in sorted(named)]
        if answer.diagnostics.errors:
            reasons.append(Reason(FAILED, "A policy could not be evaluated; the operator must correct the policy set."))
        if not answer.allowed and not reasons:
            reasons.append(Reason(NO_PERMIT, "No policy permits this."))
        return Verdict(allowed=not reasons, reasons=tuple(reasons))


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


def _request(facts: Facts) -> dict[str, Any]:
    return {
        "principal": {"type": "Organisation", "id": facts.consumer.slug},
        "action": {"type": "Action", "id": facts.action},
        "resource": {"type": "ExpertVersion", "id": facts.subject.name},
        "context": {
            "anchor": facts.anchor_digest,
            "purpose": facts.purpose,
            "commercial": facts.commercial,
            "now": _seconds(facts.now),
        },
    }


def _entities(facts: Facts) -> list[dict[str, Any]]:
    consumer, subject = facts.consumer, facts.subject
    version: dict[str, Any] = {
        "state": subject.state,
        "anchor": subject.anchor_digest,
        "signature_verified": subject.signature_verified,
        "licence": subject.licence,
        "licence_known": subject.licence_known,
        "commercial_use": subject.commercial_use,
        "derivatives": subject.derivatives,
        "purposes": list(subject.purposes),
        "recipients": list(subject.recipients),
        "jurisdictions": list(subject.jurisdictions),
    }
    if subject.valid_from is not None:
        version["valid_from"] = _seconds(subject.valid_from)
    if subject.valid_until is not None:
        version["valid_until"] = _seconds(subject.valid_until)
    if subject.licence_valid_until is not None:
        version["licence_valid_until"] = _seconds(subject.licence_valid_until)
    organisation = {"slug": consumer.slug, "jurisdictions": list(consumer.jurisdictions)}
    return [
        {"uid": {"type": "Organisation", "id": consumer.slug}, "attrs": organisation, "parents": []},
        {"uid": {"type": "ExpertVersion", "id": subject.name}, "attrs": version, "parents": []},
    ]


def _seconds(at: datetime) -> int:
    return int(at.timestamp())
