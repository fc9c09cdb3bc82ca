"""Deciding, saying which policies decide, and putting things under quarantine.

Every decision is stored with all it was made from. A set is proposed by one person and activated by another.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.db import transaction

from registry.accounts.models import Organisation, Role
from registry.accounts.queries import demand_any_role, demand_role, get_organisation, is_member, person_id_of
from registry.actors import Actor, person
from registry.audit import clock
from registry.audit.events import Event
from registry.audit.log import Deed, record, record_many
from registry.digests import digest_of, sha256
from registry.errors import Invalid, NotAllowed, WrongState
from registry.experts.models import Anchor, ExpertVersion
from registry.experts.queries import lock_version
from registry.jobs import Job, after_commit
from registry.policy.cedar import default_policies
from registry.policy.examples import default_examples
from registry.policy.models import Decision, PolicySet, Quarantine
from registry.policy.queries import ENGINE, active_set, facts_for
from registry.policy.rereview import Demand, approved_versions, demands
from registry.policy.sets import (
    READERS,
    check_examples,
    check_own_assets,
    check_proposal,
    check_shadow,
    demand_steward,
    get_policy_set,
    has_decided,
    lock_policy_set,
    lock_quarantine,
    stand_in_line,
)
from registry.policy.shadow import DECISIONS, Shadow, shadow_run
from registry.reviews.actions import suspend_by_policy


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
    experts: int | None = None,
    by: Actor,
) -> list[Decision]:
    """The same for several at once, in their order. They are asked for together, unless `experts` says how many are."""
    policies, now = active_set(), clock.now()
    facts = facts_for(
        versions, consumer=consumer, action=action, purpose=purpose, anchor=anchor, experts=experts, now=now
    )
    decisions, deeds = [], []
    for version, one, verdict in zip(versions, facts, ENGINE.decide_all(policies.text, facts), strict=True):
        inputs = one.value()
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
def propose_policies(text: str, *, examples: Sequence[Any], reason: str, by: Actor) -> PolicySet:
    """Put a set forward, with the examples that are its tests. It decides nothing until somebody else activates it.

    A text that was proposed before is the same set; it waits again, with the examples it comes with now.
    """
    demand_steward(by)
    check_proposal(text, examples, by=by)
    policies, _ = PolicySet.objects.select_for_update().get_or_create(
        hash=sha256(text.encode()), defaults={"text": text}
    )
    policies.examples = list(examples)
    policies.save(update_fields=["examples"])
    return _propose(policies, reason=reason, earlier=False, by=by)


@transaction.atomic
def propose_rollback(number: int, *, reason: str, by: Actor) -> PolicySet:
    """Put a set forward that has decided before, as it was. It comes back when somebody else activates it."""
    demand_steward(by)
    policies = lock_policy_set(number)
    if not has_decided(policies):
        raise WrongState(f"{policies} has never decided, so there is nothing to go back to; propose it as it is.")
    check_own_assets(policies.text, by=by)
    return _propose(policies, reason=reason, earlier=True, by=by)


def _propose(policies: PolicySet, *, reason: str, earlier: bool, by: Actor) -> PolicySet:
    if policies.active:
        raise WrongState(f"{policies} decides already.")
    policies.proposed_by_id = person_id_of(by)
    policies.proposed_at = clock.now()
    policies.reason = reason
    policies.save(update_fields=["proposed_by", "proposed_at", "reason"])
    facts: dict[str, Any] = {
        "hash": policies.hash,
        "rules": [rule.id for rule in ENGINE.rules(policies.text)],
        "examples_digest": digest_of(policies.examples),
    }
    if earlier:
        facts["earlier"] = True
    record(Event.POLICY_PROPOSED, about=str(policies), by=by, facts=facts, private={"reason": reason})
    return policies


@transaction.atomic
def shadow_policy_set(number: int, *, decisions: int = DECISIONS, by: Actor) -> Shadow:
    """What a set would have answered to the last questions, and whom it would send back to review, beside the set that
    decides. That it was looked at is kept: without, a set is not activated.
    """
    demand_any_role(by, *READERS)
    before, text = active_set(), get_policy_set(number).text
    ran = shadow_run(before.text, text, decisions=decisions)
    ran = replace(ran, sent_back=tuple(str(one.version) for one in demands(text, approved_versions())))
    policies = lock_policy_set(number)
    policies.shadow = {
        "against": before.hash,
        "looked_at": ran.looked_at,
        "changed": ran.changed,
        "sent_back": len(ran.sent_back),
        "sentence": ran.sentence,
    }
    policies.shadowed_at = clock.now()
    policies.save(update_fields=["shadow", "shadowed_at"])
    facts = {name: policies.shadow[name] for name in ("against", "looked_at", "changed", "sent_back")}
    record(Event.POLICY_SHADOWED, about=str(policies), by=by, facts={"hash": policies.hash, **facts})
    return ran


@transaction.atomic
def send_back(version_id: UUID, *, by: Actor) -> Demand | None:
    """Suspend an approved version that a rule of the set that decides sends back to review; None when none does."""
    version = lock_version(version_id)
    found = demands(active_set().text, [version])
    if not found:
        return None
    suspend_by_policy(version.id, policy=found[0].reason.policy, reason=found[0].reason.reason, by=by)
    return found[0]


@transaction.atomic
def activate_policy_set(number: int, *, by: Actor) -> PolicySet:
    """Make a proposed set the one that decides, from now on. It takes a second person, and examples that pass."""
    demand_steward(by)
    stand_in_line()
    policies = lock_policy_set(number)
    if policies.active:
        raise WrongState(f"{policies} decides already.")
    if not policies.waits or policies.proposed_by_id is None:
        raise WrongState(f"{policies} has not been proposed; propose it, and let somebody else activate it.")
    if policies.proposed_by_id == person_id_of(by):
        raise NotAllowed(f"You proposed {policies} yourself; it takes a second person to activate it.")
    check_own_assets(policies.text, by=by)
    check_examples(policies)
    check_shadow(policies)
    return _activate(policies, shipped=policies.text == default_policies(), by=by)


@transaction.atomic
def ensure_policy_set(*, by: Actor) -> PolicySet:
    """See to it that a set decides: the one we ship, unless two people activated another. Again changes nothing."""
    demand_role(by, Role.OPERATOR)
    stand_in_line()
    active = PolicySet.objects.select_for_update().filter(active=True).first()
    text = default_policies()
    if active is not None and not active.shipped:
        return active
    faults = ENGINE.faults(text)
    if faults:
        raise Invalid(" ".join(faults))
    policies, _ = PolicySet.objects.get_or_create(hash=sha256(text.encode()), defaults={"text": text})
    examples = [dict(example) for example in default_examples()]
    if policies.examples != examples:
        policies.examples = examples
        policies.save(update_fields=["examples"])
    return policies if policies.active else _activate(policies, shipped=True, by=by)


def _activate(policies: PolicySet, *, shipped: bool, by: Actor) -> PolicySet:
    before = PolicySet.objects.select_for_update().filter(active=True).first()
    if before is not None:
        before.active = False
        before.save(update_fields=["active"])
    policies.active = True
    policies.shipped = shipped
    policies.activated_by_id = by.person_id
    policies.activated_at = clock.now()
    policies.save(update_fields=["active", "shipped", "activated_by", "activated_at"])
    facts: dict[str, Any] = {"hash": policies.hash, "rules": [rule.id for rule in ENGINE.rules(policies.text)]}
    if policies.proposed_by_id is not None and by.person_id is not None:
        facts["proposed_by"] = str(person(policies.proposed_by_id))
    if before is not None:
        facts["replaces"] = before.hash
    record(Event.POLICY_ACTIVATED, about=str(policies), by=by, facts=facts)
    after_commit(Job.FOLLOW_SELECTORS)
    after_commit(Job.FOLLOW_POLICIES)
    return policies


@transaction.atomic
def place_quarantine(
    *, version_id: UUID | None = None, organisation: str | None = None, reason: str, by: Actor
) -> Quarantine:
    """Deny a version, or all of an organisation's, to everybody from now on. It can be lifted; nothing is destroyed."""
    demand_steward(by)
    if (version_id is None) == (organisation is None):
        raise Invalid("Name the version or the organisation that is to be put under quarantine: one of the two.")
    version = lock_version(version_id) if version_id is not None else None
    home = get_organisation(organisation) if organisation is not None else None
    if Quarantine.objects.filter(version=version, organisation=home, lifted_at=None).exists():
        raise WrongState(f"{version or home} is under quarantine already.")
    placed = Quarantine.objects.create(
        version=version, organisation=home, reason=reason, placed_by_id=person_id_of(by), placed_at=clock.now()
    )
    record(Event.QUARANTINE_PLACED, about=str(placed), by=by, facts={}, private={"reason": reason})
    after_commit(Job.FOLLOW_SELECTORS)
    return placed


@transaction.atomic
def lift_quarantine(quarantine_id: UUID, *, reason: str, by: Actor) -> Quarantine:
    """Let it be used again, as far as everything else allows. Nobody lifts what lies on their own organisation."""
    demand_steward(by)
    held = lock_quarantine(quarantine_id)
    if held.lifted_at is not None:
        raise WrongState(f"The quarantine of {held} was lifted already.")
    home = held.organisation_id or (held.version.expert.organisation_id if held.version else None)
    if home is not None and is_member(by, home):
        raise NotAllowed(f"{held} belongs to your own organisation; somebody else lifts its quarantine.")
    held.lifted_at, held.lifted_by_id = clock.now(), by.person_id
    held.save(update_fields=["lifted_at", "lifted_by"])
    record(Event.QUARANTINE_LIFTED, about=str(held), by=by, facts={}, private={"reason": reason})
    after_commit(Job.FOLLOW_SELECTORS)
    return held
