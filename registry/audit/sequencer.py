"""Gives committed entries their place in the log, and publishes the log as tiles and a signed checkpoint.

One at a time: whoever calls holds the advisory lock (see the command `sequence`). Three steps, each of which may be
killed at any line and done again: places are given in one transaction and never change; the tree is grown in another;
then everything that the published log lacks is written to the store, the checkpoint last.
"""

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from django.db import connection, transaction

from registry import storage
from registry.audit import clock
from registry.audit.keys import log_signers, origin
from registry.audit.merkle import WIDTH, Span, grow, root, spans, tile_path
from registry.audit.models import LogState, Sequenced, Tile
from registry.audit.notes import Checkpoint, read_checkpoint, signed_note
from registry.audit.placing import CHECKPOINT, place
from registry.audit.reading import leaf_hashes, leaves, reader, tile
from registry.audit.rotation import note_keys, note_rotations
from registry.audit.witnesses import Witnesses

logger = logging.getLogger(__name__)

BATCH = 16_384  # entries a step
WRITERS = 8
# Older entries first; a transaction's own entries stay in their order.
ASSIGN = """
WITH taken AS (
    DELETE FROM registry_pending
    WHERE entry_id IN (SELECT entry_id FROM registry_pending ORDER BY entry_id LIMIT %s) RETURNING entry_id
)
INSERT INTO registry_sequenced (index, entry_id)
SELECT (SELECT coalesce(max(index), -1) FROM registry_sequenced) + row_number() OVER (ORDER BY entry_id), entry_id
FROM taken
"""


class Halted(Exception):
    """The log must not go on: what is published and what the database holds are not one history."""


class Sequencer:
    """Remembers how far it has come, so that a database that goes back in time under it is noticed."""

    def __init__(self) -> None:
        self.witnesses = Witnesses()
        self.seen = 0

    def begin(self) -> None:
        """Compare the database with what is published, before anything is added."""
        fault = fault_between(state_of_log(), published_checkpoint())
        if fault:
            halt(fault)
            raise Halted(fault)
        note_keys()

    def step(self) -> bool:
        """Bring in what waits, and publish it; False when there was nothing to do."""
        state = state_of_log()
        if state.published_size < self.seen:
            fault = f"The database knows a log of {state.published_size} entries, and {self.seen} are published."
            halt(fault)
            raise Halted(fault)
        if state.halted:
            raise Halted(state.halted)
        if state.size == state.published_size and not assign() and not _unfinished(state):
            return False
        state = integrate()
        self.publish(state)
        self.seen = state.size
        return True

    def publish(self, state: LogState) -> None:
        write_tiles(state.published_size, state.size)
        checkpoint = Checkpoint(origin(), state.size, bytes.fromhex(state.root))
        note = self.witnesses.cosigned(signed_note(checkpoint.body, log_signers()))
        storage.put(place(CHECKPOINT), note.encode())
        mark_published(state.size, note)


@transaction.atomic
def assign() -> int:
    """Places for entries that have none; how many."""
    with connection.cursor() as cursor:
        cursor.execute(ASSIGN, [BATCH])
        return int(cursor.rowcount)


@transaction.atomic
def integrate() -> LogState:
    """Grow the tree over the places that are given."""
    state = LogState.objects.select_for_update().get(id=1)
    fresh = leaf_hashes(state.size, state.size + BATCH)
    if not fresh:
        return state
    levels = range(_levels(state.size))
    edge = {level: tile(level, (state.size >> (8 * level)) // WIDTH) for level in levels}
    grown = grow(edge, state.size, fresh)
    Tile.objects.bulk_create(
        [Tile(level=level, index=index, hashes=b"".join(hashes)) for (level, index), hashes in grown.items() if level],
        update_conflicts=True,
        unique_fields=["level", "index"],
        update_fields=["hashes"],
    )
    state.size += len(fresh)
    state.root = root(reader(), state.size).hex()
    state.save(update_fields=["size", "root"])
    return state


@transaction.atomic
def mark_published(size: int, note: str) -> None:
    LogState.objects.filter(id=1).update(published_size=size, published_note=note, published_at=clock.now())
    note_rotations(note)


def state_of_log() -> LogState:
    state, _ = LogState.objects.get_or_create(id=1, defaults={"root": root(reader(), 0).hex()})
    return state


def published_checkpoint() -> Checkpoint | None:
    try:
        return read_checkpoint(storage.read(place(CHECKPOINT), limit=2**16).decode())
    except storage.Missing:
        return None


def fault_between(state: LogState, published: Checkpoint | None) -> str:
    """Why the published checkpoint is not one that this database gave out, or nothing."""
    if published is None:
        return "" if state.published_size == 0 else "The store has no checkpoint of the log any more."
    if published.origin != origin():
        return f"The store holds the log {published.origin}, and this is {origin()}."
    if published.size > state.size:
        return f"{published.size} entries are published, and the database knows only {state.size}: it is an old one."
    if published.size < state.published_size:
        return f"{state.published_size} entries were published, and the store's checkpoint has {published.size}."
    if published.root != root(reader(), published.size):
        return f"The first {published.size} entries of the database are not those that are published."
    return ""


def halt(fault: str) -> None:
    logger.critical("The log is halted: %s See docs/operate.md, Recovery.", fault)
    LogState.objects.filter(id=1, halted="").update(halted=fault)


def write_tiles(old: int, new: int) -> None:
    """Everything that a reader of a log of `new` entries needs and one of `old` had not. Again writes the same."""
    with ThreadPoolExecutor(max_workers=WRITERS) as pool:
        for _ in pool.map(lambda item: storage.put(*item, cache_for_ever=True), _objects(old, new)):
            pass
    for span in spans(old, new):
        if span.width == WIDTH and old >> (8 * span.level) > span.index * WIDTH:
            _drop_parts(span)


def _objects(old: int, new: int) -> Iterator[tuple[str, bytes]]:
    for span in spans(old, new):
        first = span.index * WIDTH
        if span.level == 0:
            yield place(f"tile/{span.path}"), b"".join(leaf_hashes(first, first + span.width))
            bundle = leaves(first, first + span.width)
            name = f"tile/entries/{tile_path(span.index, span.width)}"
            yield place(name), b"".join(len(leaf).to_bytes(2, "big") + leaf for leaf in bundle)
        else:
            yield place(f"tile/{span.path}"), b"".join(tile(span.level, span.index)[: span.width])


def _drop_parts(span: Span) -> None:
    """A full tile takes the place of its parts; the format lets them go."""
    storage.delete_under(place(f"tile/{span.path}.p/"))
    if span.level == 0:
        storage.delete_under(place(f"tile/entries/{tile_path(span.index)}.p/"))


def _unfinished(state: LogState) -> bool:
    """Places that were given before somebody was killed."""
    return Sequenced.objects.filter(index__gte=state.size).exists()


def _levels(size: int) -> int:
    return max(1, -(-size.bit_length() // 8))
