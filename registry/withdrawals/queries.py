"""What a withdrawal would hit, what it has hit, and how far it is."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from registry.audit import clock
from registry.compositions.models import RUNNING, Composition, CompositionState, Inclusion, Model, OnWithdrawal
from registry.compositions.queries import compositions_with
from registry.errors import NotFound
from registry.evidence.licences import terms_of
from registry.evidence.models import LicenceTerms
from registry.experts.models import ROADS, ExpertVersion, VersionState
from registry.usage.models import Download
from registry.withdrawals.destruction import hold_on
from registry.withdrawals.models import Step, Withdrawal


@dataclass(frozen=True, slots=True)
class Hit:
    """One revision that holds the version, and whose it is."""

    model: str
    revision: str
    main: bool
    consumer: str


@dataclass(frozen=True, slots=True)
class Preview:
    """What the click would do, before it is made."""

    versions: list[str]
    models: list[Hit]
    downloads: int
    irrevocable: bool
    notice: str


@dataclass(frozen=True, slots=True)
class Affected:
    """A model that held the version: what was blocked, and what stands in its place by now."""

    model: str
    revision: str
    state: str
    recomposed_revision: str | None


@dataclass(frozen=True, slots=True)
class StepTold:
    """One line of the checklist."""

    name: str
    state: str  # done | running | waiting | held | failed
    at: datetime | None
    facts: dict[str, Any]
    sentence: str


def preview_of(versions: Iterable[ExpertVersion]) -> Preview:
    """What taking all of these back would hit."""
    wanted = list(versions)
    held = Composition.objects.filter(
        id__in=[build for version in wanted for build in compositions_with(version).values_list("id", flat=True)]
    ).select_related("model__organisation")
    hits = [
        Hit(
            model=str(composition.model),
            revision=composition.revision,
            main=composition.model.main_id == composition.id,
            consumer=composition.model.organisation.name,
        )
        for composition in held.order_by("model_id", "created_at")
    ]
    licences = {str(version): _licence_of(version) for version in wanted}
    irrevocable = [licence for licence in licences.values() if not terms_of(licence).revocable]
    return Preview(
        versions=sorted(licences),
        models=hits,
        downloads=Download.objects.filter(composition__in=held.values("id")).count(),
        irrevocable=bool(irrevocable),
        notice=_notice(irrevocable),
    )


def in_use_of(**which: Any) -> QuerySet[ExpertVersion]:
    """The versions that a withdrawal of an expert, or of an organisation's all, would take back."""
    able = [state for state in VersionState.values if VersionState.WITHDRAWN in ROADS[state]]
    rows = ExpertVersion.objects.filter(state__in=able, **which).select_related("expert__organisation")
    return rows.order_by("expert__name", "number")


def withdrawal_of(version_id: UUID) -> Withdrawal:
    return _found(Withdrawal.objects.filter(version=version_id), "This version has not been withdrawn.")


def get_withdrawal(withdrawal_id: UUID) -> Withdrawal:
    return _found(Withdrawal.objects.filter(id=withdrawal_id), "There is no such withdrawal.")


def _found(rows: QuerySet[Withdrawal], otherwise: str) -> Withdrawal:
    withdrawal = rows.select_related("version__expert__organisation", "version__expert__anchor").first()
    if withdrawal is None:
        raise NotFound(otherwise)
    return withdrawal


def affected_by(withdrawal: Withdrawal) -> list[Affected]:
    """Every build that the withdrawal stopped, with the revision that its model's main stands at now."""
    return [
        Affected(
            model=str(build.model),
            revision=build.revision,
            state=build.state,
            recomposed_revision=build.model.main.revision if build.model.main else None,
        )
        for build in stopped_by(withdrawal).select_related("model__organisation", "model__main")
    ]


def stopped_by(withdrawal: Withdrawal) -> QuerySet[Composition]:
    """Revisions that held the version, and builds that were on their way with it when it was withdrawn."""
    blocked = Q(state=CompositionState.WITHDRAWN, id__in=_holding(withdrawal))
    stopped = Composition.objects.filter(blocked | _on_its_way(withdrawal)).distinct()
    return stopped.order_by("model_id", "created_at")


def _holding(withdrawal: Withdrawal) -> QuerySet[Any, Any]:
    return Inclusion.objects.filter(version=withdrawal.version).values("composition")


def _on_its_way(withdrawal: Withdrawal) -> Q:
    decided = Composition.decisions.through.objects.filter(decision__version=withdrawal.version)
    return Q(
        state=CompositionState.CANCELLED,
        id__in=decided.values("composition"),
        changed_at__gte=withdrawal.requested_at,
    )


def open_withdrawals() -> QuerySet[Withdrawal]:
    return Withdrawal.objects.filter(ended_at=None).order_by("requested_at")


def affected_models(withdrawal: Withdrawal) -> QuerySet[Model]:
    return Model.objects.filter(id__in=stopped_by(withdrawal).order_by().values("model")).order_by("id")


def models_to_recompose(withdrawal: Withdrawal) -> QuerySet[Model]:
    """The models that lost their main, or the build on its way to it, and whose consumer wants another in its place.

    A model that lost only an older revision keeps the main it has.
    """
    waiting = Composition.objects.filter(_on_its_way(withdrawal)).values("model")
    lost = affected_models(withdrawal).filter(Q(main=None) | Q(id__in=waiting))
    return lost.filter(on_withdrawal=OnWithdrawal.RECOMPOSE)


def unanswered(withdrawal: Withdrawal) -> QuerySet[Model]:
    """Those of them that nobody has asked for since. If the answer failed, trying again would not help."""
    later = Composition.objects.filter(created_at__gt=withdrawal.requested_at).values("model")
    return models_to_recompose(withdrawal).exclude(id__in=later)


def settled(withdrawal: Withdrawal) -> bool:
    """True when no build that answers to this withdrawal is still running."""
    return not Composition.objects.filter(model__in=affected_models(withdrawal), state__in=RUNNING).exists()


def checklist_of(withdrawal: Withdrawal) -> list[StepTold]:
    rows = {row.name: row for row in withdrawal.steps.all()}
    done = {name for name, row in rows.items() if row.done_at}
    told = []
    for step in Step:
        row = rows.get(step)
        if row is None:
            continue
        state, sentence = ("done", "") if row.done_at else _state_of(withdrawal, step, row.failure, done)
        told.append(StepTold(name=str(step), state=state, at=row.done_at, facts=row.facts, sentence=sentence))
    return told


def _state_of(withdrawal: Withdrawal, step: Step, failure: str, done: set[str]) -> tuple[str, str]:
    if step == Step.DESTROY:
        sentence = why_not_destroyed(withdrawal)
        if sentence:
            return ("held" if hold_on(withdrawal.version) else "waiting"), sentence
    if failure:
        return "failed", f"{failure} It is tried again."
    before = [each for each in Step if each not in done]
    return ("running" if before and before[0] == step else "waiting"), ""


def why_not_destroyed(withdrawal: Withdrawal) -> str:
    """Why the bytes are kept for now; empty when they may go."""
    if hold_on(withdrawal.version) is not None:
        return "A legal hold keeps the bytes; nothing is served."
    if withdrawal.destruction_confirmed_at is None:
        return "An owner has to confirm the destruction with their password."
    if withdrawal.destroy_after and clock.now() < withdrawal.destroy_after:
        return f"The bytes are kept until {withdrawal.destroy_after:%Y-%m-%d %H:%M} UTC."
    return ""


def _licence_of(version: ExpertVersion) -> str:
    terms = LicenceTerms.objects.filter(version=version).first()
    return str(terms) if terms else "NONE"


def _notice(irrevocable: list[str]) -> str:
    if irrevocable:
        return (
            f"{' and '.join(sorted(set(irrevocable)))} cannot be taken back: whoever has a copy may keep using it. "
            "Withdrawing stops what we serve, and every future model."
        )
    return "The licence ends with the withdrawal; recipients are asked to delete their copies."
