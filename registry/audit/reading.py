"""Tiles of the tree as the database has them: the leaves' from the entries, those above from their own table."""

from collections.abc import Sequence
from functools import cache

from django.db import connection

from registry.audit.merkle import WIDTH, Read
from registry.audit.models import Tile

LEAVES = """
SELECT entry.leaf_hash FROM registry_sequenced place JOIN registry_entry entry ON entry.id = place.entry_id
WHERE place.index >= %s AND place.index < %s ORDER BY place.index
"""
BUNDLE = LEAVES.replace("entry.leaf_hash", "entry.leaf", 1)
HASH = 32


def reader() -> Read:
    """Reads each tile once. Ask for a new one when the log has grown."""
    return cache(tile)


def tile(level: int, index: int) -> Sequence[bytes]:
    if level == 0:
        return leaf_hashes(index * WIDTH, (index + 1) * WIDTH)
    row = Tile.objects.filter(level=level, index=index).values_list("hashes", flat=True).first()
    return cut(bytes(row)) if row is not None else []


def leaf_hashes(first: int, end: int) -> list[bytes]:
    with connection.cursor() as cursor:
        cursor.execute(LEAVES, [first, end])
        return [bytes.fromhex(row[0]) for row in cursor.fetchall()]


def leaves(first: int, end: int) -> list[bytes]:
    with connection.cursor() as cursor:
        cursor.execute(BUNDLE, [first, end])
        return [bytes(row[0]) for row in cursor.fetchall()]


def cut(hashes: bytes) -> list[bytes]:
    return [hashes[at : at + HASH] for at in range(0, len(hashes), HASH)]
