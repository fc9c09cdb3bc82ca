"""Proving to published: when everybody can see in the log that the experts are included, the model is served.

The entry, its proof and a signature over all the other files lie beside the model's, so that whoever has a copy can
check it without us.
"""

import logging
import time
from uuid import UUID

from celery import shared_task

from registry.actors import ASSEMBLER
from registry.audit.queries import index_of, is_published, leaf_at, proof_of
from registry.compositions.actions import FileRow, publish_composition
from registry.compositions.models import Composition, CompositionState
from registry.compositions.papers import SIGNATURE, signature_of
from registry.compositions.queries import get_composition
from registry.errors import WrongState
from registry.jobs import Job
from workers.papers import paper, plain_digests
from workers.turns import turn
from workers.waiting import look_after_withdrawals

logger = logging.getLogger(__name__)

ENTRY, PROOF = "inclusion.json", "inclusion.tlog-proof"
PATIENCE = 5.0  # seconds for the log to catch up; what takes longer is left to the sweep
LOOK = 0.05


@shared_task(name=Job.PUBLISH_COMPOSITION.value)
def publish(composition_id: str) -> None:
    """Safe to run twice: a build that is published, or was cancelled meanwhile, is left alone."""
    with turn(Job.PUBLISH_COMPOSITION, UUID(composition_id)) as ours:
        composition = get_composition(UUID(composition_id))
        if not ours or composition.state != CompositionState.PROVING or not _shown(composition):
            return
        try:
            digests = plain_digests(composition)
            proof = _proof(composition)
            signed = digests | {file.path: file.sha256 for file in proof}
            signature = paper(SIGNATURE, signature_of(str(composition.model), signed))
            publish_composition(composition.id, proof=[*proof, signature], sha256=digests, by=ASSEMBLER)
        except WrongState as moved:
            logger.info("%s is no longer to be published: %s", composition, moved)
    look_after_withdrawals()


def _shown(composition: Composition) -> bool:
    entry = composition.included_entry
    end = time.monotonic() + PATIENCE
    while entry is not None and not is_published(entry):
        if time.monotonic() > end:
            return False
        time.sleep(LOOK)
    return entry is not None


def _proof(composition: Composition) -> list[FileRow]:
    index = index_of(composition.included_entry or 0)
    if index is None:
        raise RuntimeError(f"{composition} is published in the log and has no place there")
    return [paper(ENTRY, leaf_at(index)), paper(PROOF, proof_of(index).encode())]
