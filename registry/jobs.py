"""What to do later, by name. The web process sends a name and an id; the code lives in workers.

A job is a hint, never the truth: the row's state is, and a sweep sends again what the queue lost.
"""

from enum import StrEnum
from functools import cache
from uuid import UUID

from celery import Celery
from django.conf import settings
from django.db import transaction


class Job(StrEnum):
    VERIFY_ANCHOR = "verify_anchor"
    VERIFY_VERSION = "verify_version"
    PROBE_VERSION = "probe_version"
    JOIN_OBJECT = "join_object"
    COMPOSE = "compose"
    TUNE_ROUTER = "tune_router"
    VALIDATE_COMPOSITION = "validate_composition"
    PUBLISH_COMPOSITION = "publish_composition"
    FOLLOW_SELECTORS = "follow_selectors"
    FOLLOW_SELECTOR = "follow_selector"
    CARRY_ON_WITHDRAWAL = "carry_on_withdrawal"
    FOLLOW_POLICIES = "follow_policies"
    FOLLOW_REVIEW = "follow_review"
    CARRY_ON_RECALL = "carry_on_recall"
    DELIVER = "deliver"
    SWEEP = "sweep"
    TIDY = "tidy"


QUEUE_OF: dict[Job, str] = {
    Job.PROBE_VERSION: "gpu",
    Job.TUNE_ROUTER: "gpu",
    Job.VALIDATE_COMPOSITION: "gpu",
    Job.DELIVER: "notices",
    # A model that is ready does not stand behind a thousand that are still to be composed.
    Job.PUBLISH_COMPOSITION: "publishing",
    Job.VERIFY_VERSION: "default",
}


@cache
def _sender() -> Celery:
    # A sender of its own: the web process loads no worker code.
    return Celery("registry", broker=settings.REDIS_URL, set_as_current=False)


def send(job: Job, *ids: UUID) -> None:
    _sender().send_task(job.value, args=[str(i) for i in ids], queue=QUEUE_OF.get(job, "default"))


def after_commit(job: Job, *ids: UUID) -> None:
    """Send the job when, and only when, the caller's transaction is there to be read."""
    transaction.on_commit(lambda: send(job, *ids), robust=True)
