"""From a wish to a build: which experts are meant, what the policies say of them, and what is done about it.

Called from the actions of this room only, in their transactions and under their locks.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flexcore.manifest import ExpertEntry, Recipe, recipe_digest
from registry.accounts.models import Organisation
from registry.actors import Actor
from registry.audit.events import Event
from registry.audit.log import record
from registry.compositions.builds import cancel_running, lock_composition, move, move_main, start_build
from registry.compositions.models import RUNNING, SERVED, Composition, CompositionState, Model, OnWithdrawal
from registry.compositions.queries import candidate
from registry.compositions.rules import Wish, check_expert_names, check_top_k, top_k_of
from registry.digests import digest_of
from registry.errors import Invalid, NotFound
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

    def without_all_but(self, versions: Sequence[ExpertVersion]) -> "Ask":
        return replace(self, versions=[version for version in self.versions if version in versions])


@dataclass(frozen=True, slots=True)
class Answer:
    """What the policies said of the versions that were asked for."""

    versions: tuple[ExpertVersion, ...]
    decisions: tuple[Decision, ...]

    @property
    def allowed(self) -> list[ExpertVersion]:
        return [v for v, d in zip(self.versions, self.decisions, strict=True) if d.allowed]

    @property
    def refusals(self) -> list[dict[str, str]]:
        return [
            {"expert": str(version), **reason}
            for version, decision in zip(self.versions, self.decisions, strict=True)
            for reason in decision.reasons
        ]


def read_wish(
    *, anchor: str, experts: Sequence[str], purpose: str, top_k: int | None, on_withdrawal: str, by: Actor
) -> tuple[Wish, Anchor, list[Expert]]:
    """The wish as it was checked, and the rows that it names."""
    names = check_expert_names(experts)
    if purpose not in PURPOSES:
        raise Invalid(f'"{purpose[:40]}" is not a purpose we know; choose one of {", ".join(PURPOSES)}.')
    if on_withdrawal not in OnWithdrawal.values:
        raise Invalid(f"on_withdrawal is {on_withdrawal[:40]!r}; choose one of {', '.join(OnWithdrawal.values)}.")
    beside = Anchor.objects.filter(slug=anchor, state=AnchorState.VERIFIED).first()
    if beside is None:
        raise Invalid(f'There is no verified anchor called "{anchor[:40]}"; see the list of anchors.')
    rows = _experts_named(names, beside, by=by)
    wish = Wish(
        anchor=anchor,
        experts=names,
        purpose=purpose,
        top_k=check_top_k(top_k, experts=len(names)),
        on_withdrawal=on_withdrawal,
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


def versions_meant(experts: Iterable[Expert], *, by: Actor) -> list[ExpertVersion]:
    """The version of each expert that a request means. One that has nothing to offer is named."""
    versions = []
    for expert in experts:
        version = candidate(expert, seen_by=by)
        if version is None:
            raise Invalid(f"{expert} has no version yet; leave it out.")
        versions.append(version)
    return versions


def ask_policies(asked: Ask, *, consumer: Organisation, by: Actor) -> Answer:
    decisions = decide_all(
        asked.versions, consumer=consumer, action=COMPOSE, purpose=asked.purpose, anchor=asked.anchor, by=by
    )
    return Answer(versions=tuple(asked.versions), decisions=tuple(decisions))


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
    recipe = Recipe(anchor_digest=asked.anchor.digest, experts=tuple(entries), top_k=top_k)
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
    asked = (model.anchor.slug, tuple(experts), model.purpose, model.top_k, model.on_withdrawal)
    return asked == (wish.anchor, wish.experts, wish.purpose, wish.top_k, wish.on_withdrawal)


def told(wish: Wish) -> dict[str, Any]:
    return {
        "anchor": wish.anchor,
        "experts": list(wish.experts),
        "purpose": wish.purpose,
        "top_k": wish.top_k,
        "on_withdrawal": str(wish.on_withdrawal),
    }


def change_wish(model: Model, wish: Wish, anchor: Anchor, experts: Sequence[Expert], *, by: Actor) -> None:
    model.anchor = anchor
    model.purpose = wish.purpose
    model.top_k = wish.top_k
    model.on_withdrawal = wish.on_withdrawal
    model.save(update_fields=["anchor", "purpose", "top_k", "on_withdrawal"])
    model.experts.set(experts)
    record(Event.MODEL_CHANGED, about=f"model:{model}", by=by, facts=told(wish))


def still_allowed(asked: Ask, model: Model) -> list[ExpertVersion]:
    """The versions that the policies would allow this model now; nothing is stored."""
    verdicts = judge_all(
        asked.versions, consumer=model.organisation, action=COMPOSE, purpose=asked.purpose, anchor=asked.anchor
    )
    return [version for version, verdict in zip(asked.versions, verdicts, strict=True) if verdict.allowed]


def standing_build(model: Model, asked: Ask) -> Composition | None:
    """The build that answers this already: it runs, or `main` points at it."""
    living = _living_build(model, recipe_of(asked)[1]) if asked.versions else None
    return living if living and (living.state in RUNNING or living.id == model.main_id) else None


def _living_build(model: Model, digest: str) -> Composition | None:
    return Composition.objects.filter(model=model, recipe_digest=digest, state__in=RUNNING | SERVED).first()


def build_or_bring_back(model: Model, asked: Ask, decisions: Sequence[Decision], *, by: Actor) -> Composition:
    """The living build of this recipe, back in its place; else a new one. Any other that still runs is cancelled."""
    recipe, digest = recipe_of(asked)
    living = _living_build(model, digest)
    cancel_running(model, reason="A newer request took its place.", but=living, by=by)
    if living is None:
        composition = start_build(
            model, recipe=recipe, recipe_digest=digest, decisions=decisions, purpose=asked.purpose, by=by
        )
        move(composition, S.DECIDED, by=by)
        after_commit(Job.COMPOSE, composition.id)
        return composition
    composition = lock_composition(living.id)
    composition.decisions.add(*decisions)
    if composition.state in SERVED:
        if composition.state == S.SUPERSEDED:
            move(composition, S.PUBLISHED, by=by, facts={"revision": composition.revision})
        move_main(model, composition, by=by)
    return composition


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
