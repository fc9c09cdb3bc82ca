"""Deciding, and saying which policies decide. Every decision is stored with all it was made from."""

from django.db import transaction

from registry.accounts.models import Organisation, Role
from registry.accounts.queries import demand_role
from registry.actors import Actor
from registry.audit import clock
from registry.audit.events import Event
from registry.audit.log import record
from registry.digests import digest_of, sha256
from registry.errors import Invalid
from registry.experts.models import Anchor, ExpertVersion
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
    beside = anchor or version.expert.anchor
    policies = active_set()
    now = clock.now()
    facts = facts_for(version, consumer=consumer, action=action, purpose=purpose, anchor=beside, now=now)
    verdict = ENGINE.decide(policies.text, facts)
    inputs = facts.value()
    decision = Decision.objects.create(
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
    record(Event.DECISION_MADE, about=str(version), by=by, facts=told)
    return decision


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
    return policies
