"""From a wish to a build: which experts are meant, what the policies say of them, and what is done about it.

Called from the actions of this room only, in their transactions and under their locks.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings

from flexcore.manifest import ExpertEntry, Recipe, Tuning, recipe_digest
from registry.accounts.models import Organisation
from registry.actors import Actor
from registry.audit.events import Event
from registry.audit.log import record
from registry.compositions.builds import cancel_running, lock_composition, move, move_main, start_build
from registry.compositions.licensing import clashes, digest_now
from registry.compositions.models import RUNNING, SERVED, Composition, CompositionState, Model, OnWithdrawal
from registry.compositions.queries import candidates
from registry.compositions.rules import (
    MAX_EXPERTS,
    Wish,
    check_expert_names,
    check_top_k,
    read_selector,
    top_k_of,
)
from registry.compositions.selectors import versions_selected
from registry.digests import digest_of
from registry.errors import Busy, Invalid, NotFound
from registry.evidence.rules import PURPOSES
from registry.experts.models import Anchor, AnchorState, Expert, ExpertVersion
from registry.experts.queries import get_visible_expert
from registry.jobs import Job, after_commit
from registry.policy.actions import decide_all
from registry.policy.models import Decision
from registry.policy.queries import COMPOSE, judge_all

S = CompositionState


@dataclass(frozen=True, slots=True)
class Ask:
    """What is to be built, and for what."""

    versions: Sequence[ExpertVersion]  # by registration number
    anchor: Anchor
    purpose: str
    top_k: int  # as wished; fewer experts make it less
    tuning: bool = False

    def without_all_but(self, versions: Sequence[ExpertVersion]) -> "Ask":
        return replace(self, versions=[version for version in self.versions if version in versions])


@dataclass(frozen=True, slots=True)
class Answer:
    """What the policies said of the versions that were asked for, and the licences of one another."""

    versions: tuple[ExpertVersion, ...]
    decisions: tuple[Decision, ...]
    clashes: tuple[dict[str, str], ...] = ()  # what the licences of several have against one another

    @property
    def allowed(self) -> list[ExpertVersion]:
        return [v for v, d in zip(self.versions, self.decisions, strict=True) if d.allowed]

    @property
    def refusals(self) -> list[dict[str, str]]:
        refused = [
            {"expert": str(version), **reason}
            for version, decision in zip(self.versions, self.decisions, strict=True)
            for reason in decision.reasons
        ]
        return [*refused, *self.clashes]


def read_wish(
    *,
    anchor: str,
    experts: Sequence[str] | None,
    selector: Mapping[str, Sequence[str]] | None,
    purpose: str,
    top_k: int | None,
    on_withdrawal: str,
    tuning: bool,
    by: Actor,
) -> tuple[Wish, Anchor, list[Expert]]:
    """The wish as it was checked, and the rows that it names."""
    if (experts is None) == (selector is None):
        raise Invalid("Name the experts or give a selector: one of the two.")
    names = check_expert_names(experts) if experts is not None else ()
    if purpose not in PURPOSES:
        raise Invalid(f'"{purpose[:40]}" is not a purpose we know; choose one of {", ".join(PURPOSES)}.')
    if on_withdrawal not in OnWithdrawal.values:
        raise Invalid(f"on_withdrawal is {on_withdrawal[:40]!r}; choose one of {', '.join(OnWithdrawal.values)}.")
    beside = Anchor.objects.filter(slug=anchor, state=AnchorState.VERIFIED).first()
    if beside is None:
        raise Invalid(f'There is no verified anchor called "{anchor[:40]}"; see the list of anchors.')
    if tuning and not beside.public_text_digest:
        raise Invalid(
            f"Routers beside {anchor} cannot be tuned, for no public text is kept for it; ask without tuning, or "
            "ask the operator to keep one."
        )
    rows = _experts_named(names, beside, by=by)
    wish = Wish(
        anchor=anchor,
        experts=names,
        selector=read_selector(selector) if selector is not None else None,
        purpose=purpose,
        top_k=check_top_k(top_k, experts=len(names) if selector is None else MAX_EXPERTS),
        on_withdrawal=on_withdrawal,
        tuning=tuning,
    )
    return wish, beside, rows


def _experts_named(names: Iterable[str], anchor: Anchor, *, by: Actor) -> list[Expert]:
    rows = []
    for name in names:
        try:
            found = get_visible_expert(name, actor=by)
        except NotFound as fault:
            raise Invalid(f"There is no expert called {name} that you may ask for; see the catalogue.") from fault
        if found.anchor_id != anchor.id:
            raise Invalid(f"{name} was trained beside {found.anchor.name}, not {anchor.name}; choose experts of one.")
        rows.append(found)
    return rows


def versions_meant(wish: Wish, anchor: Anchor, experts: Sequence[Expert], *, by: Actor) -> list[ExpertVersion]:
    """The versions that a wish means, before the policies are asked. An expert that has nothing to offer is named."""
    if wish.selector is not None:
        versions = versions_selected(wish.selector, anchor)
        if not versions:
            raise Invalid(f"There is no approved expert {wish.selector} beside {anchor.slug}; see the catalogue.")
        return versions
    found = candidates(experts, seen_by=by)
    for expert in experts:
        if expert.id not in found:
            raise Invalid(f"{expert} has no version yet; leave it out.")
    return list(found.values())


def narrowed(asked: Ask, wish: Wish, *, consumer: Organisation) -> Ask:
    """Of what a selector matches, that which the policies allow: the rest is not meant."""
    if wish.selector is None:
        return asked
    rest = asked.without_all_but(still_allowed(asked, consumer=consumer, each_alone=True))
    count = len(rest.versions)
    if not count:
        raise Invalid(
            f"The policies allow none of the {len(asked.versions)} experts that the selector matches for "
            f"{asked.purpose}; ask for an explanation to read why."
        )
    if count > MAX_EXPERTS:
        raise Invalid(
            f"The selector matches {count} experts, and a model has at most {MAX_EXPERTS} beside the public one; "
            "name domains or organisations to have fewer."
        )
    check_top_k(asked.top_k, experts=count)
    return rest


def ask_policies(asked: Ask, *, consumer: Organisation, by: Actor) -> Answer:
    decisions = decide_all(
        asked.versions, consumer=consumer, action=COMPOSE, purpose=asked.purpose, anchor=asked.anchor, by=by
    )
    return Answer(versions=tuple(asked.versions), decisions=tuple(decisions), clashes=tuple(clashes_in(asked)))


def clashes_in(asked: Ask) -> list[dict[str, str]]:
    return clashes(asked.versions, anchor=asked.anchor, purpose=asked.purpose)


def recipe_of(asked: Ask) -> tuple[dict[str, Any], str]:
    """The recipe as it goes into the manifest, and its digest."""
    entries = []
    for version in asked.versions:
        if version.expert.registration is None:
            raise RuntimeError(f"{version} is approved and has no registration number")
        entries.append(
            ExpertEntry(
                name=str(version.expert),
                version=version.number,
                data_digest=version.data_digest,
                router_digest=version.router_digest,
                registration=version.expert.registration,
            )
        )
    top_k = top_k_of(asked.top_k, experts=len(entries))
    tuning = Tuning.usual(asked.anchor.public_text_digest) if asked.tuning else None
    recipe = Recipe(anchor_digest=asked.anchor.digest, experts=tuple(entries), top_k=top_k, tuning=tuning)
    return recipe.value(), recipe_digest(recipe)


def refused_recipe(asked: Ask) -> tuple[dict[str, Any], str]:
    """What was asked for and will not be built: some of its versions may have no digests yet."""
    recipe: dict[str, Any] = {
        "anchor_digest": asked.anchor.digest,
        "experts": [{"name": str(version.expert), "version": version.number} for version in asked.versions],
        "top_k": asked.top_k,
    }
    return recipe, digest_of(recipe)


def same_wish(model: Model, wish: Wish) -> bool:
    experts = sorted(str(expert) for expert in model.experts.select_related("organisation"))
    asked = (
        model.anchor.slug,
        tuple(experts),
        model.selector,
        model.purpose,
        model.top_k,
        model.on_withdrawal,
        model.tuning,
    )
    return asked == (wish.anchor, wish.experts, _value(wish), wish.purpose, wish.top_k, wish.on_withdrawal, wish.tuning)


def _value(wish: Wish) -> dict[str, list[str]] | None:
    return wish.selector.value() if wish.selector is not None else None


def told(wish: Wish) -> dict[str, Any]:
    chosen: dict[str, Any] = {} if wish.selector is None else {"selector": wish.selector.value()}
    if wish.tuning:
        chosen["tuning"] = True
    return chosen | {
        "anchor": wish.anchor,
        "experts": list(wish.experts),
        "purpose": wish.purpose,
        "top_k": wish.top_k,
        "on_withdrawal": str(wish.on_withdrawal),
    }


def fields_of(wish: Wish, anchor: Anchor) -> dict[str, Any]:
    """The wish as a model's row keeps it, but for its experts."""
    return {
        "anchor": anchor,
        "selector": _value(wish),
        "purpose": wish.purpose,
        "top_k": wish.top_k,
        "on_withdrawal": wish.on_withdrawal,
        "tuning": wish.tuning,
    }


def change_wish(model: Model, wish: Wish, anchor: Anchor, experts: Sequence[Expert], *, by: Actor) -> None:
    fields = fields_of(wish, anchor)
    for name, value in fields.items():
        setattr(model, name, value)
    model.save(update_fields=list(fields))
    model.experts.set(experts)
    record(Event.MODEL_CHANGED, about=f"model:{model}", by=by, facts=told(wish))


def still_allowed(asked: Ask, *, consumer: Organisation, each_alone: bool = False) -> list[ExpertVersion]:
    """The versions that the policies would allow this consumer now, together or each alone; nothing is stored."""
    verdicts = judge_all(
        asked.versions,
        consumer=consumer,
        action=COMPOSE,
        purpose=asked.purpose,
        anchor=asked.anchor,
        experts=1 if each_alone else None,
    )
    return [version for version, verdict in zip(asked.versions, verdicts, strict=True) if verdict.allowed]


def would_be_built(asked: Ask, *, consumer: Organisation) -> bool:
    """Neither the policies nor the licences together have anything against it."""
    return len(still_allowed(asked, consumer=consumer)) == len(asked.versions) and not clashes_in(asked)


def standing_build(model: Model, asked: Ask) -> Composition | None:
    """The build that answers this already: it runs, or `main` points at it."""
    living = _living_build(model, recipe_of(asked)[1]) if asked.versions else None
    return living if living and (living.state in RUNNING or living.id == model.main_id) else None


def _living_build(model: Model, digest: str) -> Composition | None:
    return Composition.objects.filter(model=model, recipe_digest=digest, state__in=RUNNING | SERVED).first()


def build_or_bring_back(model: Model, asked: Ask, decisions: Sequence[Decision], *, by: Actor) -> Composition:
    """The living build of this recipe, back in its place; else a new one. Any other that still runs is cancelled."""
    recipe, digest = recipe_of(asked)
    terms = digest_now(asked.versions, anchor=asked.anchor, purpose=asked.purpose)
    living = _living_build(model, digest)
    cancel_running(model, reason="A newer request took its place.", but=living, by=by)
    if living is None:
        if by.person_id is not None:
            _demand_room(model)
        composition = start_build(
            model, recipe=recipe, recipe_digest=digest, decisions=decisions, purpose=asked.purpose, by=by
        )
        composition.terms_digest = terms  # saved with the move
        move(composition, S.DECIDED, by=by)
        after_commit(Job.COMPOSE, composition.id)
        return composition
    composition = lock_composition(living.id)
    composition.decisions.add(*decisions)
    composition.terms_digest = terms
    composition.save(update_fields=["terms_digest"])
    if composition.state in SERVED:
        if composition.state == S.SUPERSEDED:
            move(composition, S.PUBLISHED, by=by, facts={"revision": composition.revision})
        move_main(model, composition, by=by)
    return composition


def _demand_room(model: Model) -> None:
    """One after the other, so that two requests at once do not both take the last place."""
    owner = Organisation.objects.select_for_update(no_key=True).get(id=model.organisation_id)
    limit = settings.BUILDS_AT_ONCE
    if Composition.objects.filter(model__organisation=owner, state__in=RUNNING).count() >= limit:
        raise Busy(f"{owner} has {limit} builds under way, and no more run at once; ask again when one has ended.")


def refuse(model: Model, asked: Ask, answer: Answer, *, by: Actor) -> Composition:
    """Keep the refusal. The same one to the same request, when it is the last word already, is not kept twice."""
    recipe, digest = refused_recipe(asked)
    latest = Composition.objects.filter(model=model).order_by("-created_at").first()
    last_word = (latest.state, latest.recipe_digest, latest.refusals) if latest else None
    if latest is not None and last_word == (S.REFUSED, digest, answer.refusals):
        return latest
    composition = start_build(
        model, recipe=recipe, recipe_digest=digest, decisions=answer.decisions, purpose=asked.purpose, by=by
    )
    composition.refusals = answer.refusals
    policies = sorted({refusal["policy"] for refusal in answer.refusals})
    move(composition, S.REFUSED, by=by, facts={"policies": policies})
    return composition
