"""The only place that writes the log. A deed and its record land together, or neither."""

import hashlib
from collections.abc import Mapping
from typing import Any

from django.db import connection
from django.utils import timezone

from registry.actors import Actor
from registry.audit.events import Event
from registry.audit.models import Entry
from registry.digests import canonical

LEAF_VERSION = 1
MAX_LEAF_BYTES = 65_535  # an entry's length is two bytes in the C2SP tile format


def record(event: Event, *, about: str, by: Actor, facts: Mapping[str, Any]) -> Entry:
    """Write one entry in the caller's transaction; outside one, raise.

    Facts are ids, digests and decisions: plain JSON, nothing personal.
    """
    if not connection.in_atomic_block:
        raise RuntimeError(f"{event} was recorded outside a transaction")
    at = timezone.now()
    leaf = canonical(
        {
            "version": LEAF_VERSION,
            "at": at.isoformat(timespec="microseconds"),
            "event": event.value,
            "about": about,
            "actor": str(by),
            "facts": dict(facts),
        }
    )
    if len(leaf) > MAX_LEAF_BYTES:
        raise ValueError(f"the facts of {event} come to {len(leaf)} bytes; a log entry holds {MAX_LEAF_BYTES}")
    return Entry.objects.create(at=at, event=event, about=about, actor=str(by), leaf=leaf, leaf_hash=leaf_hash(leaf))


def leaf_hash(leaf: bytes) -> str:
    """RFC 6962: the leaf prefix is one zero byte."""
    return hashlib.sha256(b"\x00" + leaf).hexdigest()
