"""What a request for a model would come to, without asking for it: nothing is stored, nothing is recorded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from registry.accounts.models import Role
from registry.accounts.queries import demand_role, get_organisation
from registry.actors import Actor
from registry.compositions.builds import by_registration
from registry.compositions.licensing import licences_together
from registry.compositions.models import RUNNING, SERVED, Composition, CompositionState, OnWithdrawal
from registry.compositions.queries import experts_beside, verdicts_on
from registry.compositions.requests import (
    Ask,
    clashes_in,
    narrowed,
    read_wish,
    recipe_of,
    still_allowed,
    versions_meant,
)
from registry.compositions.rules import check_model_name
from registry.compositions.selectors import experts_selected
from registry.evidence.combining import Combined
from registry.experts.models import Expert, ExpertVersion
from registry.policy.rules import Verdict

ASSEMBLED = {CompositionState.VALIDATING, CompositionState.PROVING} | SERVED


@dataclass(frozen=True, slots=True)
class DryRun:
    """`allowed`: it would be built, from `recipe`. `revision` is known when the same recipe was built before."""

    allowed: bool
    verdicts: list[tuple[ExpertVersion, Verdict]]
    licences: Combined
    refusals: Sequence[Mapping[str, str]] = ()  # what the licences of several have against one another
    recipe: dict[str, Any] | None = None
    recipe_digest: str = ""
    revision: str = ""
    composition: Composition | None = None  # the build that answers it already


def dry_run(
    organisation: str,
    name: str,
    *,
    anchor: str,
    experts: Sequence[str] | None = None,
    selector: Mapping[str, Sequence[str]] | None = None,
    purpose: str,
    top_k: int | None = None,
    on_withdrawal: str = OnWithdrawal.RECOMPOSE,
    tuning: bool = False,
    by: Actor,
) -> DryRun:
    """A request that could not be asked is refused in the same sentence as the request itself."""
    owner = get_organisation(organisation)
    demand_role(by, Role.CONSUMER, owner)
    check_model_name(name)
    wish, beside, rows = read_wish(
        anchor=anchor,
        experts=experts,
        selector=selector,
        purpose=purpose,
        top_k=top_k,
        on_withdrawal=on_withdrawal,
        tuning=tuning,
        by=by,
    )
    meant: Sequence[Expert] = rows
    if wish.selector is not None:
        meant = list(experts_beside(beside, seen_by=by).filter(**experts_selected(wish.selector, beside)))
    named = wish.selector is None
    verdicts = verdicts_on(meant, consumer=owner, anchor=beside, purpose=purpose, seen_by=by, together=named)
    versions = by_registration(versions_meant(wish, beside, rows, by=by))
    asked = narrowed(Ask(versions, beside, purpose, wish.top_k, tuning), wish, consumer=owner)
    together = licences_together(asked.versions, anchor=beside, purpose=purpose)
    refusals = clashes_in(asked)
    if refusals or len(still_allowed(asked, consumer=owner)) < len(asked.versions):
        return DryRun(allowed=False, verdicts=verdicts, licences=together, refusals=refusals)
    recipe, digest = recipe_of(asked)
    same = Composition.objects.filter(recipe_digest=digest)
    known = same.filter(state__in=ASSEMBLED).order_by("-created_at").first()
    ours = same.filter(model__organisation=owner, model__name=name, state__in=RUNNING | SERVED)
    return DryRun(
        allowed=True,
        verdicts=verdicts,
        licences=together,
        recipe=recipe,
        recipe_digest=digest,
        revision=known.revision if known else "",
        composition=ours.first(),
    )
