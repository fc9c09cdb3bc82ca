"""Decided, and asked to be tuned: the experts are put beside one another and their router rows learn on public text.

Runs on the gpu queue, with or without a GPU, before the build is assembled. Killed at any line it begins again, with
the same result; rows of a recipe are tuned once.
"""

import logging
from pathlib import Path
from uuid import UUID

from celery import shared_task

from flexcore.package import Malformed
from registry import storage
from registry.actors import ASSEMBLER
from registry.compositions.actions import fail_composition
from registry.compositions.models import Composition, CompositionState
from registry.compositions.progress import note_progress
from registry.compositions.queries import get_composition, versions_in
from registry.compositions.tuning import is_to_be_tuned, keep_tuned_router
from registry.errors import WrongState
from registry.jobs import Job, send
from workers.fetching import fetched
from workers.scratch import scratch_folder
from workers.turns import turn
from workers.waiting import look_after_withdrawals

logger = logging.getLogger(__name__)


@shared_task(name=Job.TUNE_ROUTER.value)
def tune_router(composition_id: str) -> None:
    """Safe to run twice, at once or after a kill; what was cancelled meanwhile is left alone."""
    with turn(Job.TUNE_ROUTER, UUID(composition_id)) as ours:
        composition = get_composition(UUID(composition_id))
        if not ours or composition.state != CompositionState.DECIDED:
            return
        if not is_to_be_tuned(composition):
            send(Job.COMPOSE, composition.id)
            return
        try:
            _tune(composition)
        except WrongState as moved:
            logger.info("%s is no longer to be tuned: %s", composition, moved)
        except Malformed as fault:
            fail_composition(composition.id, reason=str(fault), by=ASSEMBLER)
            look_after_withdrawals()


def _tune(composition: Composition) -> None:
    # Loaded here: torch is heavy, and the workers of the default queue never need it.
    from workers.routers import tuned  # noqa: PLC0415

    anchor, versions = composition.model.anchor, [version for _, version in versions_in(composition)]
    recipe, steps = composition.recipe, composition.recipe["tuning"]["steps"]

    def watch(step: int) -> None:
        if get_composition(composition.id).state != CompositionState.DECIDED:
            raise WrongState("it was cancelled")
        note_progress(composition.id, step="tuning", done=step, total=steps)

    watch(0)
    with scratch_folder() as folder:
        packages = [fetched(version.files.all(), folder / str(slot)) for slot, version in enumerate(versions, start=1)]
        found = tuned(
            fetched(anchor.files.all(), folder / "anchor"),
            packages,
            _public_text(composition, folder / "public.jsonl"),
            tuning={name: value for name, value in recipe["tuning"].items() if name != "participants"},
            top_k=recipe["top_k"],
            watch=watch,
        )
    measured = {"before": round(found.before, 6), "after": round(found.after, 6)}
    keep_tuned_router(
        composition.id,
        recipe_digest=composition.recipe_digest,
        router=found.router,
        measured=measured,
        by=ASSEMBLER,
    )
    if get_composition(composition.id).state == CompositionState.CANCELLED:
        look_after_withdrawals()


def _public_text(composition: Composition, to: Path) -> Path:
    """The very text that the recipe names; another may have been kept since."""
    wanted = composition.recipe["tuning"]["public_text"].removeprefix("sha256:")
    if storage.fetch(f"public-texts/{wanted}", to) != wanted:
        raise OSError(f"the public text {wanted} came with other bytes than were put there")
    return to
