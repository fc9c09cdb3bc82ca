"""From a wish to a recipe: which experts are meant, what the policies say of them, what is to be built."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from flexcore.manifest import ExpertEntry, Recipe, recipe_digest
from registry.accounts.models import Organisation
from registry.actors import Actor
from registry.compositions.models import Model, OnWithdrawal
from registry.compositions.queries import candidate
from registry.compositions.rules import Wish, check_expert_names, check_top_k
from registry.digests import digest_of
from registry.errors import Invalid, NotFound
from registry.evidence.rules import PURPOSES
from registry.experts.models import Anchor, AnchorState, Expert, ExpertVersion
from registry.experts.queries import get_visible_expert
from registry.policy.actions import decide
from registry.policy.models import Decision
from registry.policy.queries import COMPOSE


@dataclass(frozen=True, slots=True)
class Ask:
    """What is to be built, and for what."""

    versions: Sequence[ExpertVersion]  # by registration number
    anchor: Anchor
    purpose: str
    top_k: int


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
    decisions = [
        decide(version, consumer=consumer, action=COMPOSE, purpose=asked.purpose, anchor=asked.anchor, by=by)
        for version in asked.versions
    ]
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
    recipe = Recipe(anchor_digest=asked.anchor.digest, experts=tuple(entries), top_k=asked.top_k)
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
