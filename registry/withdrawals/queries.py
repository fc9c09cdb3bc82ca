"""What a withdrawal would hit, what it has hit, and what is still to be done for it."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q, QuerySet

from registry.compositions.models import RUNNING, Composition, CompositionState, Model, OnWithdrawal
from registry.compositions.queries import compositions_with
from registry.errors import NotFound
from registry.evidence.licences import terms_of
from registry.evidence.models import LicenceTerms
from registry.experts.models import ExpertVersion
from registry.usage.queries import downloads_of
from registry.withdrawals.models import Withdrawal


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


def preview_of(version: ExpertVersion) -> Preview:
    held = compositions_with(version).select_related("model__organisation").order_by("model_id", "created_at")
    hits = [
        Hit(
            model=str(composition.model),
            revision=composition.revision,
            main=composition.model.main_id == composition.id,
            consumer=composition.model.organisation.name,
        )
        for composition in held
    ]
    irrevocable = not terms_of(_licence_of(version)).revocable
    return Preview(
        models=hits,
        downloads=sum(downloads_of(composition).count() for composition in held),
        irrevocable=irrevocable,
        notice=_notice(_licence_of(version), irrevocable=irrevocable),
    )


def withdrawal_of(version_id: UUID) -> Withdrawal:
    withdrawal = Withdrawal.objects.select_related("version__expert__organisation").filter(version=version_id).first()
    if withdrawal is None:
        raise NotFound("This version has not been withdrawn.")
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
        for build in _stopped(withdrawal).select_related("model__organisation", "model__main")
    ]


def _stopped(withdrawal: Withdrawal) -> QuerySet[Composition]:
    """Revisions that held the version, and builds that were on their way with it when it was withdrawn."""
    blocked = Q(state=CompositionState.WITHDRAWN, inclusions__version=withdrawal.version)
    stopped = Composition.objects.filter(blocked | _on_its_way(withdrawal)).distinct()
    return stopped.order_by("model_id", "created_at")


def _on_its_way(withdrawal: Withdrawal) -> Q:
    return Q(
        state=CompositionState.CANCELLED,
        decisions__version=withdrawal.version,
        changed_at__gte=withdrawal.requested_at,
    )


def open_withdrawals() -> QuerySet[Withdrawal]:
    return Withdrawal.objects.filter(propagated_at=None).order_by("requested_at")


def affected_models(withdrawal: Withdrawal) -> QuerySet[Model]:
    return Model.objects.filter(id__in=_stopped(withdrawal).order_by().values("model")).order_by("id")


def models_to_recompose(withdrawal: Withdrawal) -> QuerySet[Model]:
    """The models that lost their main, or the build on its way to it, and whose consumer wants another in its place.

    A model that lost only an older revision keeps the main it has.
    """
    waiting = Composition.objects.filter(_on_its_way(withdrawal)).values("model")
    lost = affected_models(withdrawal).filter(Q(main=None) | Q(id__in=waiting))
    return lost.filter(on_withdrawal=OnWithdrawal.RECOMPOSE)


def settled(withdrawal: Withdrawal) -> bool:
    """True when no build that answers to this withdrawal is still running."""
    return not Composition.objects.filter(model__in=affected_models(withdrawal), state__in=RUNNING).exists()


def _licence_of(version: ExpertVersion) -> str:
    terms = LicenceTerms.objects.filter(version=version).first()
    return str(terms) if terms else "NONE"


def _notice(licence: str, *, irrevocable: bool) -> str:
    if irrevocable:
        return (
            f"{licence} cannot be taken back: whoever has a copy may keep using it. Withdrawing stops what we serve, "
            "and every future model."
        )
    return "The licence ends with the withdrawal; recipients are asked to delete their copies."
