"""After a database was restored from an old backup, or the store lost the log: making the two one history again.

What is published is the truth: nothing in it is ever changed. The database learns the entries it has forgotten; entries
that were written meanwhile are queued again, and get places behind the published ones.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from registry import storage
from registry.audit.keys import log_signers
from registry.audit.log import leaf_hash
from registry.audit.merkle import WIDTH, grow, root, tile_path
from registry.audit.models import Entry, LogState, Pending, Sequenced, Tile
from registry.audit.notes import read_checkpoint, signed_by
from registry.audit.placing import CHECKPOINT, place
from registry.audit.reading import leaves as leaves_in_rows
from registry.audit.reading import reader
from registry.audit.sequencer import state_of_log, write_tiles

MAX_NOTE, MAX_BUNDLE = 2**16, WIDTH * (2 + 65_535)
STEP = 16 * WIDTH


class CannotRecover(Exception):
    """The published log cannot be trusted as it lies there; one sentence for the operator."""


@dataclass(frozen=True, slots=True)
class Recovered:
    """What was done: the leaves that the database had forgotten, and how many entries were queued again."""

    learned: tuple[bytes, ...]
    queued_again: int
    republished: bool


def recover() -> Recovered:
    """Make the database and the published log one history. The sequencer is stopped while this runs."""
    state = state_of_log()
    note = _published_note()
    size = read_checkpoint(note).size if note else 0
    if size < state.published_size:
        return _publish_again(state, note, size)
    if not note:
        return Recovered((), 0, republished=False)
    return _learn(note, size)


def _published_note() -> str:
    try:
        note = storage.read(place(CHECKPOINT), limit=MAX_NOTE).decode()
    except storage.Missing:
        return ""
    if not any(signed_by(note, key.verifier) for key in log_signers()):
        raise CannotRecover("The store's checkpoint is not signed by any key in GUILDHALL_LOG_KEYS; set the key back.")
    return note


def _publish_again(state: LogState, note: str, size: int) -> Recovered:
    """The store is behind, or empty: everything is written to it once more."""
    if note and read_checkpoint(note).root != root(reader(), size):
        raise CannotRecover(f"The first {size} entries in the store are not those of the database: two histories.")
    write_tiles(0, state.published_size)
    storage.put(place(CHECKPOINT), state.published_note.encode())
    LogState.objects.filter(id=1).update(halted="")
    return Recovered((), 0, republished=True)


def _learn(note: str, size: int) -> Recovered:
    published = list(_published_leaves(size))
    tiles = _tiles_of(published)
    if root(lambda level, index: tiles.get((level, index), []), size) != read_checkpoint(note).root:
        raise CannotRecover("The store's entries do not lead to its own checkpoint; they were changed. Restore them.")
    with transaction.atomic():
        LogState.objects.select_for_update().get(id=1)
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL guildhall.recovery = 'on'")
        common = _common(published)
        queued = _queue_again(common)
        learned = _give_places(published, common)
        Tile.objects.all().delete()
        rows = [Tile(level=level, index=index, hashes=b"".join(h)) for (level, index), h in tiles.items() if level]
        Tile.objects.bulk_create(rows)
        LogState.objects.filter(id=1).update(
            size=size,
            root=read_checkpoint(note).root.hex(),
            published_size=size,
            published_note=note,
            halted="",
        )
    return Recovered(tuple(learned), queued, republished=False)


def _published_leaves(size: int) -> Iterator[bytes]:
    for first in range(0, size, WIDTH):
        name = f"tile/entries/{tile_path(first // WIDTH, min(WIDTH, size - first))}"
        try:
            data = storage.read(place(name), limit=MAX_BUNDLE)
        except storage.Missing:
            raise CannotRecover(f"The store has no {name} any more; restore it from the store's own backup.") from None
        while data:
            length = int.from_bytes(data[:2], "big")
            yield data[2 : 2 + length]
            data = data[2 + length :]


def _tiles_of(leaves: list[bytes]) -> dict[tuple[int, int], list[bytes]]:
    tiles: dict[tuple[int, int], list[bytes]] = {}
    for first in range(0, len(leaves), STEP):
        edge = {level: tiles.get((level, (first >> (8 * level)) // WIDTH), []) for level in range(8)}
        tiles |= grow(edge, first, [bytes.fromhex(leaf_hash(leaf)) for leaf in leaves[first : first + STEP]])
    return tiles


def _common(published: list[bytes]) -> int:
    """How many entries the database and the store have alike from the first."""
    for first in range(0, len(published), STEP):
        ours = leaves_in_rows(first, first + STEP)
        for at, leaf in enumerate(published[first : first + STEP]):
            if at >= len(ours) or ours[at] != leaf:
                return first + at
    return len(published)


def _queue_again(common: int) -> int:
    """Places beyond what both have alike were never published: their entries wait again."""
    rows = Sequenced.objects.filter(index__gte=common)
    waiting = list(rows.values_list("entry", flat=True))
    rows.delete()
    Pending.objects.bulk_create([Pending(entry_id=entry) for entry in waiting], ignore_conflicts=True)
    return len(waiting)


def _give_places(published: list[bytes], common: int) -> list[bytes]:
    learned = []
    for index in range(common, len(published)):
        leaf = published[index]
        entry = Entry.objects.filter(leaf_hash=leaf_hash(leaf), place=None).first() or _written(leaf)
        if not Pending.objects.filter(entry_id=entry.id).delete()[0]:
            learned.append(leaf)
        Sequenced.objects.create(index=index, entry=entry)
    return learned


def _written(leaf: bytes) -> Entry:
    told = json.loads(leaf)
    return Entry.objects.create(
        at=datetime.fromisoformat(told["at"]),
        event=told["event"],
        about=told["about"],
        actor=told["actor"],
        leaf=leaf,
        leaf_hash=leaf_hash(leaf),
    )
