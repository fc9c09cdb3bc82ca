"""What the actions of this room share: taking locks in one order, moving a build on, moving `main`.

Locks are taken versions first, then models, then compositions, each by id; whoever keeps to it waits, and never
for ever. Nothing here is called from outside this room.
"""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.utils import timezone

from registry.actors import Actor
from registry.audit.events import Event
from registry.audit.log import Deed, record, record_many
from registry.compositions.models import RUNNING, SERVED, Composition, CompositionState, Model
from registry.errors import NotFound
from registry.experts.models import ExpertVersion, VersionState
from registry.policy.models import Decision

S = CompositionState
EVENT_OF: dict[CompositionState, Event] = {
    S.REQUESTED: Event.COMPOSITION_REQUESTED,
    S.DECIDED: Event.COMPOSITION_DECIDED,
    S.ASSEMBLING: Event.COMPOSITION_ASSEMBLING,
    S.VALIDATING: Event.COMPOSITION_VALIDATING,
    S.PROVING: Event.COMPOSITION_INCLUDED,
    S.PUBLISHED: Event.COMPOSITION_PUBLISHED,
    S.REFUSED: Event.COMPOSITION_REFUSED,
    S.FAILED: Event.COMPOSITION_FAILED,
    S.CANCELLED: Event.COMPOSITION_CANCELLED,
    S.SUPERSEDED: Event.COMPOSITION_SUPERSEDED,
    S.WITHDRAWN: Event.REVISION_BLOCKED,
}


def lock_versions(ids: Iterable[UUID]) -> list[ExpertVersion]:
    """Nobody withdraws these while the transaction lasts. In the order of their registration."""
    rows = ExpertVersion.objects.select_for_update(no_key=True, of=("self",)).filter(id__in=list(ids)).order_by("id")
    return by_registration(rows.select_related("expert__organisation", "expert__anchor"))


def by_registration(versions: Iterable[ExpertVersion]) -> list[ExpertVersion]:
    """The order of their slots."""
    return sorted(versions, key=lambda version: (version.expert.registration or 0, str(version.id)))


def lock_model(model_id: UUID) -> Model:
    rows = Model.objects.select_for_update(of=("self",)).select_related("organisation", "anchor", "main")
    return rows.get(id=model_id)


def lock_models(ids: Iterable[UUID]) -> list[Model]:
    rows = Model.objects.select_for_update(of=("self",)).select_related("organisation", "anchor", "main")
    return list(rows.filter(id__in=list(ids)).order_by("id"))


def lock_builds(ids: Iterable[UUID]) -> list[Composition]:
    """By id, each with its model; those of one model in the order they were asked for."""
    rows = Composition.objects.select_for_update(of=("self",)).select_related("model__organisation", "model__anchor")
    locked = rows.filter(id__in=list(ids)).order_by("id")
    return sorted(locked, key=lambda build: (str(build.model_id), build.created_at))


def lock_composition(composition_id: UUID) -> Composition:
    rows = Composition.objects.select_for_update(of=("self",))
    found = rows.select_related("model__organisation", "model__anchor").filter(id=composition_id).first()
    if found is None:
        raise NotFound("There is no such composition.")
    return found


def move(
    composition: Composition,
    state: CompositionState,
    *,
    by: Actor,
    facts: dict[str, Any] | None = None,
    private: dict[str, Any] | None = None,
) -> int:
    """To the next state, with its event, whose id comes back. The row is saved whole: set the other fields before."""
    composition.move_to(state)
    composition.save()
    about_all = {"model": str(composition.model), "recipe_digest": composition.recipe_digest}
    return record(EVENT_OF[state], about=str(composition), by=by, facts=about_all | (facts or {}), private=private)


def start_build(
    model: Model, *, recipe: dict[str, Any], recipe_digest: str, decisions: Sequence[Decision], purpose: str, by: Actor
) -> Composition:
    """A new build, with the decisions that it stands on; not yet decided."""
    composition = Composition.objects.create(
        model=model, recipe=recipe, recipe_digest=recipe_digest, requested_by=str(by), state=S.REQUESTED
    )
    composition.decisions.set(decisions)
    facts = {"model": str(model), "recipe": recipe, "recipe_digest": recipe_digest, "purpose": purpose}
    record(EVENT_OF[S.REQUESTED], about=str(composition), by=by, facts=facts)
    return composition


def cancel_running(model: Model, *, but: Composition | None, reason: str, by: Actor) -> None:
    running = Composition.objects.select_for_update(of=("self",)).filter(model=model, state__in=RUNNING)
    for composition in running.order_by("id"):
        if composition != but:
            cancel(composition, reason=reason, by=by)


def cancel(composition: Composition, *, reason: str, by: Actor) -> None:
    composition.failure = reason
    move(composition, S.CANCELLED, by=by, private={"reason": reason})


def cancelled_as_unfit(composition: Composition, versions: Sequence[ExpertVersion], *, by: Actor) -> bool:
    """A running build whose expert is approved no longer ends here; nothing would ever come of it."""
    unfit = [f"{version} was {version.state}" for version in versions if version.state != VersionState.APPROVED]
    if not unfit or composition.state not in RUNNING:
        return False
    cancel(composition, reason=f"{' and '.join(unfit)} while the model was built.", by=by)
    return True


def move_main(model: Model, composition: Composition, *, by: Actor) -> None:
    """Point `main` at a served build; the one it pointed at is superseded and stays to be had by its revision."""
    if model.main_id == composition.id:
        return
    before = model.main
    model.main = composition
    model.save(update_fields=["main"])
    facts = {"from": before.revision if before else None, "to": composition.revision}
    record(Event.MAIN_MOVED, about=f"model:{model}", by=by, facts=facts)
    if before is not None:
        previous = lock_composition(before.id)
        if previous.state == S.PUBLISHED:
            move(previous, S.SUPERSEDED, by=by, facts={"revision": previous.revision})


def block_all(builds: Sequence[Composition], *, reason: str, by: Actor) -> None:
    """From now on the hub knows these revisions no more, and these builds are cancelled; a `main` that pointed at one
    is gone, and a client that loads it is told so. In one go: there may be a thousand.
    """
    now, deeds, closed = timezone.now(), [], []
    for build in builds:
        served = build.state in SERVED
        build.move_to(S.WITHDRAWN if served else S.CANCELLED)
        facts = {"model": str(build.model), "recipe_digest": build.recipe_digest}
        build.failure = reason
        if served:
            build.blocked_at = now
            facts["revision"] = build.revision
        build.changed_at = now
        deeds.append(Deed(EVENT_OF[CompositionState(build.state)], str(build), by, facts, {"reason": reason}))
        if build.model.main_id == build.id:
            cleared = {"from": build.revision}
            deeds.append(Deed(Event.MAIN_CLEARED, f"model:{build.model}", by, cleared, {"reason": reason}))
            build.model.main = None
            closed.append(build.model)
    Composition.objects.bulk_update(builds, ["state", "blocked_at", "failure", "changed_at"])
    Model.objects.bulk_update(closed, ["main"])
    record_many(deeds)
