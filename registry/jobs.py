"""What to do later, by name. The web process sends a name and an id; the code lives in workers.

A job is a hint, never the truth: the row's state is, and a sweep sends again what the queue lost.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from uuid import UUID

from celery import Celery
from django.conf import settings
from django.db import transaction
from redis import Redis


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


QUEUES = ("default", "publishing", "gpu", "notices")
SENT_AT = "sent_at"
PATIENCE = 1.0  # seconds in which a worker says that it is there


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits in the broker under one name, since when the oldest does (where it says so), and who takes it up."""

    name: str
    length: int
    waiting_since: datetime | None
    workers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Broker:
    version: str
    queues: tuple[Queue, ...]


def look_at_broker() -> Broker:
    """Raises redis.RedisError when there is none."""
    with Redis.from_url(settings.REDIS_URL, socket_timeout=5, decode_responses=True) as broker:
        version = str(broker.info("server").get("valkey_version") or broker.info("server")["redis_version"])
        # The oldest message is the rightmost: they are pushed from the left and taken from the right.
        found = [(name, int(broker.llen(name)), broker.lindex(name, -1)) for name in QUEUES]
    heard = _sender().control.inspect(timeout=PATIENCE).active_queues() or {}
    serving = {name: sorted(w for w, theirs in heard.items() if name in {q["name"] for q in theirs}) for name in QUEUES}
    return Broker(
        version=version,
        queues=tuple(
            Queue(name, length, _sent_at(oldest) if oldest else None, tuple(serving[name]))
            for name, length, oldest in found
        ),
    )


def _sent_at(message: str) -> datetime | None:
    text = json.loads(message)["headers"].get(SENT_AT)
    return datetime.fromisoformat(text) if text else None


@cache
def _sender() -> Celery:
    # A sender of its own: the web process loads no worker code.
    return Celery("registry", broker=settings.REDIS_URL, set_as_current=False)


def send(job: Job, *ids: UUID) -> None:
    _sender().send_task(
        job.value,
        args=[str(i) for i in ids],
        queue=QUEUE_OF.get(job, "default"),
        headers={SENT_AT: datetime.now(UTC).isoformat()},
    )


def after_commit(job: Job, *ids: UUID) -> None:
    """Send the job when, and only when, the caller's transaction is there to be read."""
    transaction.on_commit(lambda: send(job, *ids), robust=True)
