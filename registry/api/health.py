"""How the parts of the service are, each asked now: the database, the broker, the store, the log and its witnesses."""

import platform
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from time import perf_counter

import django
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection
from redis import RedisError

from registry import storage
from registry.audit import clock
from registry.audit.keys import witnesses
from registry.audit.notes import cosignature_of
from registry.audit.queries import log_status, published_note
from registry.jobs import look_at_broker

LATE = timedelta(seconds=15)  # the sequencer publishes within a second; longer than this, it does not run


@dataclass(frozen=True, slots=True)
class Part:
    """One part: is it well, what is to be said of it, and how long it took to answer."""

    name: str
    well: bool
    sentence: str
    version: str
    milliseconds: int


@dataclass(frozen=True, slots=True)
class Finding:
    well: bool
    sentence: str
    version: str = ""


def health() -> list[Part]:
    looks = {
        "Web": web,
        "Database": database,
        "Broker and workers": broker,
        "Object store": store,
        "Log": log,
        "Witnesses": cosignatures,
    }
    return [_look(name, at) for name, at in looks.items()]


def _look(name: str, at: Callable[[], Finding]) -> Part:
    begun = perf_counter()
    try:
        found = at()
    except (DatabaseError, RedisError, BotoCoreError, ClientError, ImproperlyConfigured) as fault:
        found = Finding(False, f"It does not answer as it should ({type(fault).__name__}).")
    taken = round((perf_counter() - begun) * 1000)
    return Part(name, found.well, found.sentence, found.version, taken)


def web() -> Finding:
    mail = "Mail goes out." if settings.EMAIL_URL else "No mail server is named."
    return Finding(True, mail, f"Python {platform.python_version()}, Django {django.get_version()}")


def database() -> Finding:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version'), pg_database_size(current_database())")
        version, size = cursor.fetchone() or ("", 0)
    return Finding(True, f"It answers; the database has {size / 1e6:,.0f} MB.", f"PostgreSQL {version}")


def broker() -> Finding:
    seen = look_at_broker()
    idle = [queue.name for queue in seen.queues if not queue.workers]
    version = f"Valkey or Redis {seen.version}"
    if idle:
        return Finding(False, f"No worker serves {', '.join(idle)}.", version)
    return Finding(True, f"{len({w for q in seen.queues for w in q.workers})} workers serve every queue.", version)


def store() -> Finding:
    storage.size_of("there-is-no-such-object")
    return Finding(True, f"It answers for the bucket {settings.S3_BUCKET}.")


def log() -> Finding:
    status = log_status()
    if status.halted:
        return Finding(False, f"It is halted: {status.halted}")
    if status.waiting_since is not None and clock.now() - status.waiting_since > LATE:
        return Finding(False, f"Entries wait for their place since {status.waiting_since:%d %B, %H:%M:%S} UTC.")
    return Finding(True, f"{status.published:,} of {status.written:,} entries are published.")


def cosignatures() -> Finding:
    asked = [key for key, _ in witnesses()]
    note = published_note()
    if not asked:
        return Finding(settings.WITNESS_QUORUM == 0, "None is asked to sign.")
    signed = sum(bool(cosignature_of(note, note.rpartition("\n\n")[2], key)) for key in asked)
    well = signed >= max(1, settings.WITNESS_QUORUM)
    return Finding(well, f"{signed} of {len(asked)} have signed the newest checkpoint.")
