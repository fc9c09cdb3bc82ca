"""Policy sets as things: who may put one forward, what one must be, what its examples say, which there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from registry.accounts.models import Membership, Role
from registry.accounts.queries import demand_any_role, has_role
from registry.actors import Actor
from registry.errors import Invalid, NotFound, WrongState
from registry.policy.cedar import Cedar, default_policies, names_in
from registry.policy.examples import Tried, gaps, read_examples, try_examples, unsatisfied
from registry.policy.models import PolicySet, Quarantine
from registry.policy.places import Place
from registry.policy.queries import ENGINE
from registry.policy.rules import Rule

READERS = (Role.COMPLIANCE, Role.OPERATOR, Role.AUDITOR)
STEWARDS = (Role.COMPLIANCE, Role.OPERATOR)


def may_activate(policies: PolicySet, *, actor: Actor) -> bool:
    """It waits for a second person, and this is one whose work it is."""
    return policies.waits and policies.proposed_by_id != actor.person_id and is_steward(actor)


def has_decided(policies: PolicySet) -> bool:
    """So that there is something to go back to."""
    return policies.activated_at is not None or policies.shipped


def is_steward(actor: Actor) -> bool:
    return any(has_role(actor, role) for role in STEWARDS)


def demand_steward(actor: Actor) -> None:
    """The policies are compliance's and the operator's to propose and to activate."""
    demand_any_role(actor, *STEWARDS)


def policy_sets() -> QuerySet[PolicySet]:
    """All there ever were, the newest first."""
    return PolicySet.objects.select_related("proposed_by", "activated_by").order_by("-number")


def get_policy_set(number: int) -> PolicySet:
    found = policy_sets().filter(number=number).first()
    if found is None:
        raise NotFound(f"There is no policy set {number}.")
    return found


def lock_policy_set(number: int) -> PolicySet:
    found = PolicySet.objects.select_for_update().filter(number=number).first()
    if found is None:
        raise NotFound(f"There is no policy set {number}.")
    return found


def stand_in_line() -> None:
    """Whoever changes which set decides does so after the other: they meet at the oldest set there is."""
    PolicySet.objects.select_for_update().order_by("number").first()


def quarantines() -> QuerySet[Quarantine]:
    """The newest first, also those that were lifted."""
    rows = Quarantine.objects.select_related("version__expert__organisation", "organisation", "placed_by", "lifted_by")
    return rows.order_by("-placed_at", "id")


def lock_quarantine(quarantine_id: UUID) -> Quarantine:
    rows = Quarantine.objects.select_related("version__expert__organisation", "organisation")
    found = rows.select_for_update(of=("self",)).filter(id=quarantine_id).first()
    if found is None:
        raise NotFound("There is no such quarantine.")
    return found


def tried_examples(policies: PolicySet) -> list[Tried]:
    return try_examples(ENGINE, policies.text, read_examples(policies.examples))


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong in one sentence, and where in the text."""

    sentence: str
    place: Place | None


@dataclass(frozen=True, slots=True)
class Checked:
    """What keeps a set from being proposed, and as far as it can be read, its rules and what its examples come to."""

    faults: tuple[Fault, ...]
    rules: tuple[Rule, ...] = ()
    examples: tuple[Tried, ...] = ()


def checked_proposal(text: str, examples: Sequence[Any], *, by: Actor) -> Checked:
    engine = Cedar()  # one of its own: somebody is typing, and what was remembered of today's questions stays
    sentences = faults_of_proposal(text, examples, by=by)
    faults = tuple(Fault(one, engine.place_of(text, one)) for one in sentences)
    try:
        rules = tuple(engine.rules(text))
    except ValueError:
        return Checked(faults)
    try:
        tried = () if engine.faults(text) else tuple(try_examples(engine, text, read_examples(examples)))
    except Invalid:  # which is among the faults
        tried = ()
    return Checked(faults, rules, tried)


def faults_of_proposal(text: str, examples: Sequence[Any], *, by: Actor) -> list[str]:
    """Whatever keeps a set from being proposed, a sentence each."""
    engine = Cedar()
    found = [*engine.faults(text)]
    if found:
        return found
    try:
        read = read_examples(examples)
    except Invalid as fault:
        return [fault.detail]
    tried = try_examples(engine, text, read)
    return [*gaps(engine, text, tried), *unsatisfied(engine, text, tried), *own_assets(text, by=by)]


def check_proposal(text: str, examples: Sequence[Any], *, by: Actor) -> None:
    if faults := faults_of_proposal(text, examples, by=by):
        raise Invalid(" ".join(faults))


def own_assets(text: str, *, by: Actor) -> list[str]:
    """Rules that speak of an organisation of the actor's own, or of its experts: others have to answer for those."""
    ours = set(Membership.objects.filter(person=by.person_id).values_list("organisation__slug", flat=True))
    common = {word for words in names_in(default_policies()).values() for word in words}
    found = []
    for rule, words in names_in(text).items():
        named = sorted({word.partition("/")[0] for word in words - common} & ours)
        found += [
            f'"{rule}" names {slug}, an organisation of your own; somebody else has to propose and to activate it.'
            for slug in named
        ]
    return found


def check_own_assets(text: str, *, by: Actor) -> None:
    if faults := own_assets(text, by=by):
        raise Invalid(" ".join(faults))


def check_examples(policies: PolicySet) -> None:
    """A set that does not do what its examples say does not come to decide."""
    failing = [one for one in tried_examples(policies) if not one.as_expected]
    if failing:
        first = failing[0]
        said = " and ".join(first.refused_by) or "nothing"
        meant = " and ".join(first.example.refused_by) or "nothing"
        raise WrongState(
            f'{len(failing)} of the examples of {policies} fail, first "{first.example.name}": refused by {said}, '
            f"where the example says {meant}; correct the rules or the example, and propose it anew."
        )


def check_shadow(policies: PolicySet) -> None:
    """Somebody has looked at what it would change, since it was proposed and beside the set that decides now."""
    run, active = policies.shadow or {}, PolicySet.objects.filter(active=True).first()
    since = policies.proposed_at
    if policies.shadowed_at is None or (since is not None and policies.shadowed_at < since):
        raise WrongState(
            f"{policies} has not been run in shadow since it was proposed; do that (POST /shadow), read what it would "
            "change, then activate it."
        )
    if active is not None and run.get("against") != active.hash:
        raise WrongState(
            f"{policies} was run in shadow beside another set than {active}, which decides now; run it again, read "
            "what it would change, then activate it."
        )
