"""Standing selectors: when an expert is approved, paused or resumed, or the policies change, their models follow.

What a model was last built from stands in its row, so that a job that the queue lost is found by the sweep.
"""

from uuid import UUID

from celery import shared_task

from registry.actors import PROPAGATOR
from registry.compositions.actions import request_composition
from registry.compositions.selectors import models_to_follow
from registry.jobs import Job, send


@shared_task(name=Job.FOLLOW_SELECTORS.value)
def follow_selectors() -> None:
    """A job for each model that may have to be built anew."""
    for model_id in models_to_follow():
        send(Job.FOLLOW_SELECTOR, model_id)


@shared_task(name=Job.FOLLOW_SELECTOR.value)
def follow_selector(model_id: str) -> None:
    """Safe to run twice: what would come out as it is, is left as it is."""
    request_composition(UUID(model_id), by=PROPAGATOR)
