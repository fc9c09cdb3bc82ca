"""What waits in the queue, and another worker's hand on a thing."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import psycopg
import redis
from django.conf import settings
from django.db import connection

from registry.jobs import Job
from workers.turns import LOCK, UNLOCK


def waiting(queue: str) -> list[tuple[str, list[str]]]:
    """Name and ids of the jobs in a queue, the oldest first."""
    with redis.Redis.from_url(settings.REDIS_URL) as valkey:
        messages = [json.loads(message) for message in valkey.lrange(queue, 0, -1)]
    return [(m["headers"]["task"], json.loads(base64.b64decode(m["body"]))[0]) for m in reversed(messages)]


@contextmanager
def another_worker_at(job: Job, thing: UUID) -> Iterator[psycopg.Connection]:
    """A session of its own holds the turn, until the end of the block or of its connection."""
    given = connection.get_connection_params()
    reach = {key: given[key] for key in ("dbname", "user", "password", "host", "port") if given.get(key)}
    with psycopg.connect(**reach, autocommit=True) as session:
        session.execute(LOCK, [f"{job.value}:{thing}"])
        yield session
        if not session.closed:
            session.execute(UNLOCK, [f"{job.value}:{thing}"])
