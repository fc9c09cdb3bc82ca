"""What follows from a review beyond its own room: who holds the version is told, and what was rejected after all is
recalled; and what leads to one: what the policies send back. Each step looks first at what is there, so that it may be
run again from anywhere.
"""

import logging
from uuid import UUID

from celery import shared_task

from registry.actors import PROPAGATOR
from registry.compositions.actions import request_composition
from registry.compositions.licensing import revisions_to_ask_again
from registry.jobs import Job, send
from registry.policy.actions import send_back
from registry.policy.queries import active_set
from registry.policy.rereview import approved_versions, demands
from registry.withdrawals.holders import tell_holders
from registry.withdrawals.recalls import (
    announce_recall,
    block_some_of,
    end_recall,
    get_recall,
    models_to_ask_again,
    open_recall,
    recall_clashing,
)
from workers.turns import turn

logger = logging.getLogger(__name__)


@shared_task(name=Job.FOLLOW_REVIEW.value)
def follow_review(version_id: str) -> None:
    """Safe to run twice, and at any time."""
    tell_holders(UUID(version_id), by=PROPAGATOR)
    recall = open_recall(UUID(version_id), by=PROPAGATOR)
    if recall is not None:
        carry_on_recall(str(recall.id))
    mind_the_licences()  # another one may have been concluded meanwhile


@shared_task(name=Job.CARRY_ON_RECALL.value)
def carry_on_recall(recall_id: str) -> None:
    """Safe to run twice: what was done is not done again. A model that meets trouble is asked for by the next sweep."""
    with turn(Job.CARRY_ON_RECALL, UUID(recall_id)) as ours:
        recall = get_recall(UUID(recall_id))
        if not ours or recall.ended_at is not None:
            return
        while block_some_of(recall.id, by=PROPAGATOR):
            pass
        announce_recall(recall.id, by=PROPAGATOR)
        asked = [_asked_again(model_id) for model_id in models_to_ask_again(recall).values_list("id", flat=True)]
        if all(asked):
            end_recall(recall.id, by=PROPAGATOR)


@shared_task(name=Job.FOLLOW_POLICIES.value)
def follow_policies() -> None:
    """What the set that decides sends back to review is suspended. Safe to run twice, and at any time."""
    for demand in demands(active_set().text, approved_versions()):
        try:
            send_back(demand.version.id, by=PROPAGATOR)
        except Exception:
            logger.exception("%s could not be sent back to review; the next sweep tries again.", demand.version)


def mind_the_licences() -> None:
    """What is served is asked about again where its licences, or what they are read to say, are not what they were."""
    for build in revisions_to_ask_again():
        try:
            recall = recall_clashing(build, by=PROPAGATOR)
        except Exception:
            logger.exception("The licences of build %s could not be asked about; the next sweep tries again.", build)
            continue
        if recall is not None:
            send(Job.CARRY_ON_RECALL, recall.id)


def _asked_again(model_id: UUID) -> bool:
    try:
        request_composition(model_id, by=PROPAGATOR)
    except Exception:
        logger.exception("Model %s could not be asked for again; it is tried again.", model_id)
        return False
    return True
