"""Which approved versions a set sends back to review: what its rules marked @rereview forbid, as the versions stand.

A demand that no approval would satisfy is none, or a version would go round for ever; a set like that is not taken
either (`examples.unsatisfied`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from registry.audit import clock
from registry.errors import Reason
from registry.experts.models import ExpertVersion, VersionState
from registry.policy.queries import COMPOSE, ENGINE, facts_for
from registry.policy.rules import approved_anew

AT_ONCE = 500
ANY_PURPOSE = "research"  # such a rule looks at the version and the time only


@dataclass(frozen=True, slots=True)
class Demand:
    """An approved version that is to be decided on again, and the rule that says so."""

    version: ExpertVersion
    reason: Reason


def approved_versions() -> list[ExpertVersion]:
    rows = ExpertVersion.objects.filter(state=VersionState.APPROVED).order_by("id")
    return list(rows.select_related("expert__organisation", "expert__anchor"))


def demands(text: str, versions: Sequence[ExpertVersion]) -> list[Demand]:
    """Of these versions, those that are approved and that a rule of this set sends back."""
    rules = ENGINE.rereview(text)
    approved = [version for version in versions if version.state == VersionState.APPROVED]
    if not rules or not approved:
        return []
    found: list[Demand] = []
    for start in range(0, len(approved), AT_ONCE):
        found += _demands(rules, approved[start : start + AT_ONCE])
    return found


def _demands(rules: str, versions: Sequence[ExpertVersion]) -> list[Demand]:
    asks = versions[0].expert.organisation
    facts = facts_for(versions, consumer=asks, action=COMPOSE, purpose=ANY_PURPOSE, experts=1, now=clock.now())
    said = ENGINE.decide_all(rules, facts)
    found = []
    for version, one, verdict in zip(versions, facts, said, strict=True):
        if verdict.allowed:
            continue
        for_ever = {reason.policy for reason in ENGINE.decide(rules, approved_anew(one)).reasons}
        found += [Demand(version, reason) for reason in verdict.reasons if reason.policy not in for_ever][:1]
    return found
