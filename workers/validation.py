"""Validating to proving: the composed model is fetched as a client would, loaded, and tried on public text.

It goes on record when every tensor is there and it does not tell the text much worse than its anchor; else it fails and
says so. Models of one recipe are the same bytes, and are tried once. Runs on the gpu queue, with or without a GPU.
"""

import logging
from collections.abc import Mapping
from pathlib import Path
from uuid import UUID

from celery import shared_task
from django.conf import settings

from flexcore.package import Malformed
from registry import storage
from registry.actors import ASSEMBLER
from registry.compositions.actions import fail_composition, include_composition
from registry.compositions.models import Composition, CompositionState
from registry.compositions.papers import papers_of
from registry.compositions.progress import note_progress
from registry.compositions.queries import get_composition, tried_before
from registry.errors import WrongState
from registry.jobs import Job
from workers.papers import NOTHING, paper, plain_digests
from workers.scratch import scratch_folder
from workers.turns import turn
from workers.waiting import look_after_withdrawals

logger = logging.getLogger(__name__)


class Unsound(Exception):
    """The model is not to be published: one sentence for its consumer."""


@shared_task(name=Job.VALIDATE_COMPOSITION.value)
def validate_composition(composition_id: str) -> None:
    """Safe to run twice: a build that is past this, or was cancelled meanwhile, is left alone."""
    with turn(Job.VALIDATE_COMPOSITION, UUID(composition_id)) as ours:
        composition = get_composition(UUID(composition_id))
        if not ours or composition.state != CompositionState.VALIDATING:
            return
        try:
            validation, fetched = tried_before(composition), NOTHING
            if validation is None:
                validation, fetched = _try_out(composition)
            digests = plain_digests(composition, fetched=fetched)
            papers = [paper(path, data) for path, data in papers_of(composition, digests).items()]
            include_composition(composition.id, validation=validation, papers=papers, sha256=digests, by=ASSEMBLER)
        except WrongState as moved:
            logger.info("%s is no longer to be published: %s", composition, moved)
        except (Malformed, Unsound) as fault:
            fail_composition(composition.id, reason=str(fault), by=ASSEMBLER)
    look_after_withdrawals()


def _try_out(composition: Composition) -> tuple[dict[str, object], Mapping[str, str]]:
    """What the trial found, and the plain digests of the files that were read for it."""
    # Loaded here: torch is heavy, and the workers of the default queue never need it.
    from workers.probe import probe  # noqa: PLC0415

    with scratch_folder() as folder:
        fetched = _fetch_revision(composition, folder)
        found = probe(folder)
    if not found.finite:
        raise Unsound("The composed model gives values that are not finite on public text; leave an expert out.")
    limit = settings.VALIDATION_MAX_REGRESSION
    if found.regression > limit:
        raise Unsound(
            f"The composed model needs {found.model:.3f} bits per byte on public text, its anchor {found.anchor:.3f}; "
            f"that is {found.regression:.0%} worse, and at most {limit:.0%} is published. Leave an expert out."
        )
    if not found.agreed:
        raise Unsound(
            f"Stock transformers {found.stock.version} needs {found.stock.bits_per_byte:.3f} bits per byte with these "
            f"files, we {found.model:.3f}; it is to be one model. This is a fault of the service: tell its operator."
        )
    return found.as_json(), fetched


def _fetch_revision(composition: Composition, folder: Path) -> dict[str, str]:
    """Every file as a client gets it, and its SHA-256 (hex), by path."""
    fetched = {}
    files = list(composition.files.order_by("path"))
    for done, file in enumerate(files):
        note_progress(composition.id, step="validation", done=done, total=len(files))
        to = folder / file.path
        to.parent.mkdir(parents=True, exist_ok=True)
        fetched[file.path] = storage.fetch(file.key, to)
        if to.stat().st_size != file.size:
            raise OSError(f"{file.key} came with {to.stat().st_size} bytes, not {file.size}")
        if file.sha256 and file.sha256 != fetched[file.path]:
            raise OSError(f"{file.key} came with other bytes than were put there")
    return fetched
