"""Reading the log: its entries, their places, proofs, and whether it is whole."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q, QuerySet

from registry.audit.log import leaf_hash
from registry.audit.merkle import inclusion
from registry.audit.models import Entry, LogKey, LogState, Payload, Pending, Sequenced
from registry.audit.proofs import proof_text
from registry.audit.reading import leaves, reader
from registry.errors import NotFound

STEP = 4096


@dataclass(frozen=True, slots=True)
class Told:
    """An entry as a reader sees it: the leaf's own words, not the look-up columns."""

    id: int
    index: int | None  # its place in the log; none while it is on its way
    at: datetime
    event: str
    about: str
    actor: str
    facts: dict[str, Any]
    leaf_hash: str


@dataclass(frozen=True, slots=True)
class Key:
    """A key of the service as the log tells of it."""

    purpose: str
    vkey: str
    added: int | None
    retired: int | None
    rotation: str


def told(entry: Entry) -> Told:
    leaf = json.loads(bytes(entry.leaf))
    place: Sequenced | None = getattr(entry, "place", None)
    return Told(
        id=entry.id,
        index=place.index if place else None,
        at=entry.at,
        event=leaf["event"],
        about=leaf["about"],
        actor=leaf["actor"],
        facts=leaf["facts"],
        leaf_hash=entry.leaf_hash,
    )


def entries(
    *,
    about: str = "",
    event: str = "",
    actor: str = "",
    organisation: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
) -> QuerySet[Entry]:
    """Entries in the order they were written. An organisation's are those about it, its experts and its models."""
    rows = Entry.objects.select_related("place").order_by("id")
    if about:
        rows = rows.filter(about=about)
    if organisation:
        names = ("", "expert:", "model:")
        own = Q(about=f"organisation:{organisation}")
        rows = rows.filter(reduce(or_, (Q(about__startswith=f"{name}{organisation}/") for name in names), own))
    if since:
        rows = rows.filter(at__gte=since)
    if until:
        rows = rows.filter(at__lt=until)
    if event:
        rows = rows.filter(event=event)
    if actor:
        rows = rows.filter(actor=actor)
    return rows


def ids_of_person(pseudonym: str) -> list[int]:
    """The entries of what somebody did, and of what was done about them."""
    return list(Entry.objects.filter(Q(actor=pseudonym) | Q(about=pseudonym)).values_list("id", flat=True))


def published_size() -> int:
    state = LogState.objects.filter(id=1).first()
    return state.published_size if state else 0


def published_note() -> str:
    state = LogState.objects.filter(id=1).first()
    return state.published_note if state else ""


def index_of(entry_id: int) -> int | None:
    return Sequenced.objects.filter(entry=entry_id).values_list("index", flat=True).first()


def is_published(entry_id: int) -> bool:
    """Is the entry under a checkpoint that everybody can see?"""
    return Sequenced.objects.filter(entry=entry_id, index__lt=published_size()).exists()


def leaf_at(index: int) -> bytes:
    found = leaves(index, index + 1)
    if not found:
        raise NotFound(f"The log has no entry {index}.")
    return found[0]


def proof_of(index: int) -> str:
    """The c2sp tlog-proof of one entry, against the newest checkpoint."""
    state = LogState.objects.filter(id=1).first()
    if state is None or not 0 <= index < state.published_size:
        raise NotFound(f"The published log has no entry {index}.")
    return proof_text(index, inclusion(reader(), index, state.published_size), state.published_note)


def published_leaves(first: int = 0) -> Iterator[tuple[int, bytes]]:
    """The published log from a place on: index and leaf."""
    size = published_size()
    for start in range(first, size, STEP):
        yield from enumerate(leaves(start, min(start + STEP, size)), start)


def keys_of_the_log() -> list[Key]:
    rows = LogKey.objects.order_by("added_entry")
    return [
        Key(
            purpose=row.purpose,
            vkey=row.vkey,
            added=index_of(row.added_entry),
            retired=index_of(row.retired_entry) if row.retired_entry is not None else None,
            rotation=row.rotation,
        )
        for row in rows
    ]


def entry_of_key(vkey: str) -> int:
    """The id of the entry in which the log tells of a key."""
    row = LogKey.objects.filter(vkey=vkey).first()
    if row is None:
        raise NotFound("The log does not tell of this key yet; the sequencer does when it starts.")
    return row.added_entry


def payloads_of(entry_ids: list[int]) -> dict[int, dict[str, Any]]:
    """What is still kept of the private facts of these entries."""
    found: dict[int, dict[str, Any]] = {}
    for payload in Payload.objects.filter(entry__in=entry_ids):
        found.setdefault(payload.entry_id, {})[payload.name] = payload.value
    return found


def first_broken() -> int | None:
    """The id of the first entry whose leaf no longer has its hash or its columns; None when all is whole."""
    for entry in Entry.objects.order_by("id").iterator():
        leaf = json.loads(bytes(entry.leaf))
        columns = (entry.event, entry.about, entry.actor)
        if leaf_hash(bytes(entry.leaf)) != entry.leaf_hash or columns != (
            leaf["event"],
            leaf["about"],
            leaf["actor"],
        ):
            return entry.id
    return None


@dataclass(frozen=True, slots=True)
class LogStatus:
    """How far the log is: entries written, entries published, since when the oldest of the others waits."""

    written: int
    published: int
    waiting_since: datetime | None
    halted: str


def log_status() -> LogStatus:
    state = LogState.objects.filter(id=1).first()
    published = state.published_size if state else 0
    placed = Sequenced.objects.filter(index__gte=published).order_by("index").values_list("entry", flat=True).first()
    waiting = Pending.objects.order_by("entry_id").values_list("entry_id", flat=True).first()
    oldest = min((entry for entry in (placed, waiting) if entry is not None), default=None)
    return LogStatus(
        written=Entry.objects.count(),
        published=published,
        waiting_since=Entry.objects.get(id=oldest).at if oldest is not None else None,
        halted=state.halted if state else "",
    )


def every_leaf() -> Iterator[bytes]:
    """All entries that are written, published or not, in the order in which their things happened."""
    for entry in Entry.objects.order_by("id").only("leaf").iterator(chunk_size=STEP):
        yield bytes(entry.leaf)
