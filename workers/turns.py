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


EVERYTHING = UUID(int=0)  # for jobs that are about no single thing
SHELF = "the shelf of composed files"
SHARE = "SELECT pg_advisory_lock_shared(hashtextextended(%s, 0))"
LEAVE = "SELECT pg_advisory_unlock_shared(hashtextextended(%s, 0))"
ALONE = "SELECT pg_advisory_lock(hashtextextended(%s, 0))"
PATIENCE = "SET lock_timeout = '60s'"


@contextmanager
def shelf(*, alone: bool = False) -> Iterator[None]:
    """Many may put models together at once; whoever destroys does it alone, so that nobody counts on what goes."""
    with connection.cursor() as cursor:
        cursor.execute(PATIENCE)
        cursor.execute(ALONE if alone else SHARE, [SHELF])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(UNLOCK if alone else LEAVE, [SHELF])


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
