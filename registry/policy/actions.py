"""Deciding, and saying which policies decide. Every decision is stored with all it was made from."""

from collections.abc import Sequence

from django.db import transaction

from registry.accounts.models import Organisation, Role
from registry.accounts.queries import demand_role
from registry.actors import Actor
from registry.audit import clock
from registry.audit.events import Event
from registry.audit.log import Deed, record, record_many
from registry.digests import digest_of, sha256
from registry.errors import Invalid
from registry.experts.models import Anchor, ExpertVersion
from registry.jobs import Job, after_commit
from registry.policy.cedar import default_policies
from registry.policy.models import Decision, PolicySet
from registry.policy.queries import ENGINE, active_set, facts_for


@transaction.atomic
def decide(
    version: ExpertVersion,
    *,
    consumer: Organisation,
    action: str,
    purpose: str,
    anchor: Anchor | None = None,
    by: Actor,
) -> Decision:
    """Ask the active set, and keep its answer. A refusal is an answer, not an exception."""
    [decision] = decide_all([version], consumer=consumer, action=action, purpose=purpose, anchor=anchor, by=by)
    return decision


@transaction.atomic
def decide_all(
    versions: Sequence[ExpertVersion],
    *,
    consumer: Organisation,
    action: str,
    purpose: str,
    anchor: Anchor | None = None,
    by: Actor,
) -> list[Decision]:
    """The same for several at once, in their order."""
    policies, now = active_set(), clock.now()
    facts = facts_for(versions, consumer=consumer, action=action, purpose=purpose, anchor=anchor, now=now)
    decisions, deeds = [], []
    for version, one in zip(versions, facts, strict=True):
        verdict, inputs = ENGINE.decide(policies.text, one), one.value()
        decision = Decision(
            consumer=consumer,
            person_id=by.person_id,
            action=action,
            purpose=purpose,
            version=version,
            allowed=verdict.allowed,
            reasons=[{"policy": reason.policy, "reason": reason.reason} for reason in verdict.reasons],
            set_hash=policies.hash,
            inputs=inputs,
            inputs_digest=digest_of(inputs),
        )
        told = {
            "decision": str(decision.id),
            "consumer": consumer.slug,
            "action": action,
            "purpose": purpose,
            "allowed": verdict.allowed,
            "policies": [reason.policy for reason in verdict.reasons],
            "set_hash": policies.hash,
            "inputs_digest": decision.inputs_digest,
        }
        decisions.append(decision)
        deeds.append(Deed(Event.DECISION_MADE, str(version), by, told))
    Decision.objects.bulk_create(decisions)
    record_many(deeds)
    return decisions


@transaction.atomic
def activate_policies(text: str, *, by: Actor) -> PolicySet:
    """Make these policies the ones that decide, from now on."""
    demand_role(by, Role.OPERATOR)
    return _activate(text, shipped=False, by=by)


@transaction.atomic
def ensure_policy_set(*, by: Actor) -> PolicySet:
    """See to it that a set decides: the one we ship, unless an operator activated another. Again changes nothing."""
    demand_role(by, Role.OPERATOR)
    active = PolicySet.objects.select_for_update().filter(active=True).first()
    if active is not None and (not active.shipped or active.text == default_policies()):
        return active
    return _activate(default_policies(), shipped=True, by=by)


def _activate(text: str, *, shipped: bool, by: Actor) -> PolicySet:
    faults = ENGINE.faults(text)
    if faults:
        raise Invalid(" ".join(faults))
    PolicySet.objects.select_for_update().filter(active=True).update(active=False)
    policies, _ = PolicySet.objects.get_or_create(hash=sha256(text.encode()), defaults={"text": text})
    policies.active = True
    policies.shipped = shipped
    policies.save(update_fields=["active", "shipped"])
    facts = {"hash": policies.hash, "rules": [rule.id for rule in ENGINE.rules(text)]}
    record(Event.POLICY_ACTIVATED, about=str(policies), by=by, facts=facts)
    after_commit(Job.FOLLOW_SELECTORS)
    return policies
