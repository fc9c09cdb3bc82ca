"""Recalls: revisions are blocked, whoever has them is told, and their models are asked for again, as in a withdrawal;
but nothing is destroyed, and nothing certified.

What was approved once and then rejected is recalled wherever it is; a revision whose licences no longer go together is
recalled by itself. The rows say what is to be done, so that a job that the queue lost is found by the sweep.
"""

from collections.abc import Sequence
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from registry.actors import Actor
from registry.audit import clock
from registry.audit.events import Event
from registry.audit.log import record
from registry.compositions.actions import block_clashing, block_compositions_with
from registry.compositions.models import Composition, CompositionState, Model, OnWithdrawal
from registry.experts.models import ExpertVersion, VersionState
from registry.experts.queries import lock_version
from registry.notices.actions import announce
from registry.usage.queries import Recipients, readers_of, recipients_of
from registry.withdrawals.models import Recall, RecallCause, Withdrawal

TELLS = {RecallCause.REJECTED.value: "version.rejected", RecallCause.LICENCES.value: "revision.recalled"}


def versions_to_recall() -> QuerySet[ExpertVersion]:
    """What was approved once and is rejected now, and nobody has recalled yet."""
    recalled = Recall.objects.filter(version__isnull=False).values("version")
    return ExpertVersion.objects.filter(state=VersionState.REJECTED, approved_at__isnull=False).exclude(id__in=recalled)


def open_recalls() -> QuerySet[Recall]:
    return Recall.objects.filter(ended_at=None).order_by("opened_at", "id")


def get_recall(recall_id: UUID) -> Recall:
    rows = Recall.objects.select_related("version__expert__organisation", "composition__model__organisation")
    return rows.get(id=recall_id)


@transaction.atomic
def open_recall(version_id: UUID, *, by: Actor) -> Recall | None:
    """The recall of a version that was rejected after it had been approved; None for any other."""
    version = lock_version(version_id)
    known = Recall.objects.filter(version=version).first()
    if known is not None or version.state != VersionState.REJECTED or version.approved_at is None:
        return known
    recall = Recall.objects.create(
        cause=RecallCause.REJECTED, version=version, reason=f"{version} was rejected in a new review."
    )
    record(Event.RECALL_OPENED, about=recall.about, by=by, facts={"cause": recall.cause})
    return recall


@transaction.atomic
def recall_clashing(composition_id: UUID, *, by: Actor) -> Recall | None:
    """Block a served revision whose licences do not go together as they are read now; None when they do."""
    build, sentence = block_clashing(composition_id, by=by)
    if build is None:
        return None
    recall = Recall.objects.create(cause=RecallCause.LICENCES, composition=build, reason=sentence)
    recall.builds.add(build)
    record(Event.RECALL_OPENED, about=recall.about, by=by, facts={"cause": recall.cause})
    _note_blocked(recall, by=by)
    return recall


@transaction.atomic
def block_some_of(recall_id: UUID, *, by: Actor) -> Sequence[Composition]:
    """Block the revisions and builds of some of the models that hold the version; empty when none is left."""
    recall = get_recall(recall_id)
    if recall.blocked_at is not None or recall.version is None:
        return []
    hit = block_compositions_with(recall.version.id, by=by, reason=recall.reason, models_at_once=settings.BLOCK_AT_ONCE)
    recall.builds.add(*hit)
    if not hit:
        _note_blocked(_locked(recall_id), by=by)
    return hit


def _note_blocked(recall: Recall, *, by: Actor) -> None:
    if recall.blocked_at is None:
        recall.blocked_at = clock.now()
        recall.save(update_fields=["blocked_at"])
        blocked = recall.builds.filter(state=CompositionState.WITHDRAWN).count()
        record(Event.RECALL_BLOCKED, about=recall.about, by=by, facts={"revisions": blocked})


@transaction.atomic
def announce_recall(recall_id: UUID, *, by: Actor) -> None:
    """Tell whoever has it, once. What its owner has withdrawn meanwhile is told as a withdrawal."""
    recall = _locked(recall_id)
    if recall.announced_at is not None:
        return
    found = _recipients(recall)
    facts = {
        home: {
            "title": f"{recall.about} was recalled" if recall.version is None else f"{recall.version} was rejected",
            "text": f"{recall.reason} What holds it is served no more. Your models are composed again without it where "
            "that is possible, or stand without a main where you asked for that. Please stop using your copies of the "
            "revisions named here, and acknowledge this message.",
            "about": recall.about,
            "revisions": revisions[:500],
            "recall": str(recall.id),
        }
        for home, revisions in found.revisions.items()
    }
    sent = announce(TELLS[recall.cause], facts, found.people, about=str(recall), by=by) if facts else []
    recall.announced_at = clock.now()
    recall.save(update_fields=["announced_at"])
    told = {"organisations": len(facts), "deliveries": len(sent)}
    record(Event.RECALL_ANNOUNCED, about=recall.about, by=by, facts=told)


def _recipients(recall: Recall) -> Recipients:
    if recall.composition is not None:
        return readers_of(recall.composition)
    if recall.version is None or Withdrawal.objects.filter(version=recall.version).exists():
        return Recipients({}, [])
    return recipients_of(recall.version)


def models_to_ask_again(recall: Recall) -> QuerySet[Model]:
    """Those that lost their main, or the build on its way to it, whose consumer wants another in its place, and that
    nobody has asked for since.
    """
    stopped = recall.builds.filter(state=CompositionState.CANCELLED).values("model")
    later = Composition.objects.filter(created_at__gt=recall.opened_at).values("model")
    lost = Model.objects.filter(Q(main=None) | Q(id__in=stopped), id__in=recall.builds.values("model"))
    return lost.filter(on_withdrawal=OnWithdrawal.RECOMPOSE).exclude(id__in=later).order_by("id")


@transaction.atomic
def end_recall(recall_id: UUID, *, by: Actor) -> None:
    """Every model has been seen to."""
    recall = _locked(recall_id)
    if recall.ended_at is None:
        recall.ended_at = clock.now()
        recall.save(update_fields=["ended_at"])
        models = recall.builds.values("model").distinct().count()
        record(Event.RECALL_ENDED, about=recall.about, by=by, facts={"models": models})


def _locked(recall_id: UUID) -> Recall:
    rows = Recall.objects.select_for_update(of=("self",))
    return rows.select_related("version__expert__organisation", "composition__model__organisation").get(id=recall_id)
