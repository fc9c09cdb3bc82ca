"""The only place that writes the log. A deed and its record land together, or neither."""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection

from registry.actors import Actor
from registry.audit import clock
from registry.audit.events import Event
from registry.audit.models import Payload
from registry.audit.schemas import SHAPES
from registry.digests import canonical, sha256

LEAF_VERSION = 1
MAX_LEAF_BYTES = 65_535  # an entry's length is two bytes in the C2SP tile format
SALT_BYTES = 32
# The entries and their tickets for the sequencer, in one round trip however many they are.
WRITE = """
WITH written AS (
    INSERT INTO registry_entry (at, event, about, actor, leaf, leaf_hash)
    SELECT at, event, about, actor, leaf, leaf_hash
    FROM unnest(%s::timestamptz[], %s::text[], %s::text[], %s::text[], %s::bytea[], %s::text[])
        WITH ORDINALITY AS deed (at, event, about, actor, leaf, leaf_hash, place)
    ORDER BY place
    RETURNING id
), queued AS (
    INSERT INTO registry_pending (entry_id) SELECT id FROM written
)
SELECT id FROM written ORDER BY id
"""


@dataclass(frozen=True, slots=True)
class Deed:
    """What is to be told. `private` is committed to by a salted digest, and kept where it can be erased."""

    event: Event
    about: str
    by: Actor
    facts: Mapping[str, Any] = field(default_factory=dict)
    private: Mapping[str, Any] = field(default_factory=dict)


def record(
    event: Event, *, about: str, by: Actor, facts: Mapping[str, Any], private: Mapping[str, Any] | None = None
) -> int:
    """Write one entry in the caller's transaction, and answer its id; outside a transaction, raise.

    Facts are those that `schemas.py` names for the event: ids, digests and decisions as plain JSON. Free text, and
    whatever is personal or confidential, is private. The entry's place in the log is given later, by the sequencer.
    """
    return record_many([Deed(event, about, by, facts, private or {})])[0]


def record_many(deeds: Sequence[Deed]) -> list[int]:
    """The same for many at once, in their order."""
    if not connection.in_atomic_block:
        raise RuntimeError(f"{deeds[0].event if deeds else 'nothing'} was recorded outside a transaction")
    if not deeds:
        return []
    at = clock.now()
    salts = [{name: secrets.token_bytes(SALT_BYTES) for name in deed.private} for deed in deeds]
    leaves = [leaf_of(deed, at, salt) for deed, salt in zip(deeds, salts, strict=True)]
    columns: list[list[Any]] = [
        [at] * len(deeds),
        [deed.event.value for deed in deeds],
        [deed.about for deed in deeds],
        [str(deed.by) for deed in deeds],
        leaves,
        [leaf_hash(leaf) for leaf in leaves],
    ]
    with connection.cursor() as cursor:
        cursor.execute(WRITE, columns)
        ids = [int(row[0]) for row in cursor.fetchall()]
    kept = [
        Payload(entry_id=entry_id, name=name, salt=salt[name], value=value)
        for entry_id, deed, salt in zip(ids, deeds, salts, strict=True)
        for name, value in deed.private.items()
    ]
    if kept:
        Payload.objects.bulk_create(kept)
    return ids


def leaf_of(deed: Deed, at: datetime, salts: Mapping[str, bytes]) -> bytes:
    fault = SHAPES[deed.event].fault(frozenset(deed.facts), frozenset(deed.private))
    if fault:
        raise ValueError(f"An entry {deed.event} {fault}.")
    committed = {name: {"commitment": commitment(salts[name], value)} for name, value in deed.private.items()}
    leaf = canonical(
        {
            "version": LEAF_VERSION,
            "at": at.isoformat(timespec="microseconds"),
            "event": deed.event.value,
            "about": deed.about,
            "actor": str(deed.by),
            "facts": {**deed.facts, **committed},
        }
    )
    if len(leaf) > MAX_LEAF_BYTES:
        raise ValueError(f"the facts of {deed.event} come to {len(leaf)} bytes; a log entry holds {MAX_LEAF_BYTES}")
    return leaf


def commitment(salt: bytes, value: Any) -> str:
    """Whoever is shown salt and value can check that the leaf meant them; the leaf alone tells nothing."""
    return sha256(salt + canonical(value))


def leaf_hash(leaf: bytes) -> str:
    """RFC 6962: the leaf prefix is one zero byte."""
    return hashlib.sha256(b"\x00" + leaf).hexdigest()
