"""Rows that were tuned for a recipe: made once, kept for every build of it, gone with the first who took part."""

from collections.abc import Mapping
from uuid import UUID

from django.db import transaction

from registry.actors import Actor
from registry.audit.events import Event
from registry.audit.log import record
from registry.compositions.builds import cancelled_as_unfit, lock_composition, lock_versions
from registry.compositions.models import Composition, CompositionState, TunedRouter
from registry.compositions.queries import versions_in
from registry.digests import sha256
from registry.errors import WrongState
from registry.jobs import Job, after_commit


def tuned_router(composition: Composition) -> bytes | None:
    found = TunedRouter.objects.filter(recipe_digest=composition.recipe_digest).first()
    return bytes(found.router) if found else None


def is_to_be_tuned(composition: Composition) -> bool:
    """Its recipe asks for it, and nobody has done it yet."""
    known = TunedRouter.objects.filter(recipe_digest=composition.recipe_digest)
    return "tuning" in composition.recipe and not known.exists()


@transaction.atomic
def keep_tuned_router(
    composition_id: UUID, *, recipe_digest: str, router: bytes, measured: Mapping[str, float], by: Actor
) -> None:
    """The rows are there, and the build goes on. Whoever is second with the same recipe uses what is there.

    A build whose expert is approved no longer is cancelled instead, and the rows are not kept.
    """
    found = Composition.objects.select_related("model__organisation").get(id=composition_id)
    versions = lock_versions(version.id for _, version in versions_in(found))
    composition = lock_composition(composition_id)
    if composition.state != CompositionState.DECIDED or composition.recipe_digest != recipe_digest:
        raise WrongState(f"{composition} is {composition.state}; its router is no longer tuned.")
    if cancelled_as_unfit(composition, versions, by=by):
        return
    row, new = TunedRouter.objects.get_or_create(
        recipe_digest=recipe_digest, defaults={"router": router, "measured": dict(measured)}
    )
    if new:
        row.participants.set(versions)
        facts = {
            "recipe_digest": recipe_digest,
            "router_digest": sha256(router),
            "participants": [version.data_digest for version in versions],
        }
        record(Event.ROUTER_TUNED, about=f"recipe:{recipe_digest}", by=by, facts=facts)
    after_commit(Job.COMPOSE, composition.id)
