"""One hand on one thing at a time. Not needed to be right (tasks may run twice), but to do slow work only once.

PostgreSQL holds the lock for the session, so it is free the moment the worker is gone, however it went.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.db import connection

from registry.jobs import Job

LOCK = "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))"
UNLOCK = "SELECT pg_advisory_unlock(hashtextextended(%s, 0))"


@contextmanager
def turn(job: Job, thing: UUID) -> Iterator[bool]:
    """True: the thing is ours until the end of the block. False: another worker is at it, leave it."""
    name = f"{job.value}:{thing}"
    with connection.cursor() as cursor:
        cursor.execute(LOCK, [name])
        ours = bool(cursor.fetchone()[0])
    try:
        yield ours
    finally:
        if ours:
            with connection.cursor() as cursor:
                cursor.execute(UNLOCK, [name])
