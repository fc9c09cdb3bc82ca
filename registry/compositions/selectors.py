"""Standing selectors: what they match now, and which models have not been looked at since that changed.

What there is to choose from is told by the approved versions, the policies that decide and what is under quarantine, so
a digest of these says whether anything can have changed. Where a version is withdrawn, a model that is to fail closed
follows nothing.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from registry.compositions.models import Inclusion, Model, OnWithdrawal
from registry.compositions.rules import Selector
from registry.digests import digest_of
from registry.experts.models import Anchor, Expert, ExpertVersion, VersionState
from registry.policy.models import PolicySet, Quarantine


def selector_of(model: Model) -> Selector | None:
    if model.selector is None:
        return None
    return Selector(tuple(model.selector["domains"]), tuple(model.selector["organisations"]))


def experts_selected(selector: Selector, anchor: Anchor) -> dict[str, Any]:
    """What an expert must be to be meant, as a filter."""
    wanted: dict[str, Any] = {"anchor": anchor}
    if selector.domains:
        wanted["domain__in"] = selector.domains
    if selector.organisations:
        wanted["organisation__slug__in"] = selector.organisations
    return wanted


def versions_selected(selector: Selector, anchor: Anchor) -> list[ExpertVersion]:
    """The newest approved version of each expert that is meant; the policies have not been asked yet."""
    meant = Expert.objects.filter(**experts_selected(selector, anchor))
    approved = ExpertVersion.objects.filter(state=VersionState.APPROVED, expert__in=meant)
    newest = approved.order_by("expert_id", "-number").distinct("expert_id")
    return list(newest.select_related("expert__organisation", "expert__anchor"))


def supply_of(anchor_id: UUID) -> str:
    """A digest of all that a selector's answer follows from, beside this anchor."""
    return supplies([anchor_id])[anchor_id]


def supplies(anchors: Iterable[UUID]) -> dict[UUID, str]:
    policies = PolicySet.objects.filter(active=True).values_list("hash", flat=True).first() or ""
    held = sorted(str(key) for key in Quarantine.objects.filter(lifted_at=None).values_list("id", flat=True))
    approved: dict[UUID, list[str]] = {anchor: [] for anchor in anchors}
    rows = ExpertVersion.objects.filter(state=VersionState.APPROVED, expert__anchor__in=list(approved)).order_by("id")
    for anchor, version in rows.values_list("expert__anchor", "id"):
        approved[anchor].append(str(version))
    return {anchor: digest_of([policies, *versions, *held]) for anchor, versions in approved.items()}


def is_closed(model: Model) -> bool:
    """It is to fail closed, and an expert of it is out of use: only its consumer brings it back."""
    if model.on_withdrawal != OnWithdrawal.CLOSE:
        return False
    if model.main_id is None:
        return True
    held = Inclusion.objects.filter(composition=model.main_id)
    return held.exclude(version__state=VersionState.APPROVED).exists()


def models_to_follow() -> list[UUID]:
    """Models with a selector for which there may be something else to choose from than when they were last built."""
    models = list(Model.objects.filter(selector__isnull=False).order_by("id"))
    now = supplies({model.anchor_id for model in models}) if models else {}
    return [model.id for model in models if model.followed != now[model.anchor_id] and not is_closed(model)]
