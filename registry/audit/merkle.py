"""The tree of RFC 6962 over tiles of 256 hashes (C2SP tlog-tiles): growing it, its root, proofs. Pure.

A tile (level, index) holds the hashes of 256 neighbouring subtrees of 256**level leaves each; at the right edge fewer.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

HEIGHT = 8
WIDTH = 1 << HEIGHT
EMPTY = hashlib.sha256(b"").digest()

Read = Callable[[int, int], Sequence[bytes]]  # level, index -> the hashes of that tile


@dataclass(frozen=True, slots=True)
class Span:
    """A tile and how much of it there is."""

    level: int
    index: int
    width: int

    @property
    def path(self) -> str:
        return f"{self.level}/{tile_path(self.index, self.width)}"


def tile_path(index: int, width: int = WIDTH) -> str:
    """`x001/x234/067`, and `.p/W` behind it where the tile is not full."""
    groups = [f"{index % 1000:03}"]
    while index := index // 1000:
        groups.append(f"x{index % 1000:03}")
    whole = "/".join(reversed(groups))
    return whole if width == WIDTH else f"{whole}.p/{width}"


def node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def fold(hashes: Sequence[bytes]) -> bytes:
    """The root of a whole subtree: 2**n hashes."""
    while len(hashes) > 1:
        hashes = [node(hashes[i], hashes[i + 1]) for i in range(0, len(hashes), 2)]
    return hashes[0]


def grow(edge: Mapping[int, Sequence[bytes]], size: int, leaves: Sequence[bytes]) -> dict[tuple[int, int], list[bytes]]:
    """The tiles that change when leaves are added to a tree of `size`. `edge` has, by level, the last tile's hashes
    where it is not full.
    """
    changed: dict[tuple[int, int], list[bytes]] = {}
    level, at, fresh = 0, size, list(leaves)
    while fresh:
        index = at // WIDTH
        hashes = [*list(edge.get(level, ()))[: at % WIDTH], *fresh]
        above = []
        for start in range(0, len(hashes), WIDTH):
            tile = changed[level, index + start // WIDTH] = hashes[start : start + WIDTH]
            if len(tile) == WIDTH:
                above.append(fold(tile))
        level, at, fresh = level + 1, at // WIDTH, above
    return changed


def spans(old: int, new: int) -> Iterator[Span]:
    """The tiles of a tree of `new` leaves that a tree of `old` had not, or had only in part."""
    level = 0
    while new >> (HEIGHT * level):
        have, want = old >> (HEIGHT * level), new >> (HEIGHT * level)
        if have == want:
            return
        for index in range(have // WIDTH, -(-want // WIDTH)):
            yield Span(level, index, min(WIDTH, want - index * WIDTH))
        level += 1


def root(read: Read, size: int) -> bytes:
    return _range(read, 0, size) if size else EMPTY


def inclusion(read: Read, index: int, size: int) -> list[bytes]:
    """The audit path of RFC 6962, 2.1.1: from the leaf's sibling to the root's child."""
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {index}")
    path: list[bytes] = []
    low, high = 0, size
    while high - low > 1:
        split = low + _split(high - low)
        if index < split:
            path.append(_range(read, split, high))
            high = split
        else:
            path.append(_range(read, low, split))
            low = split
    return path[::-1]


def consistency(read: Read, old: int, new: int) -> list[bytes]:
    """RFC 6962, 2.1.2: that the tree of `new` leaves begins with that of `old`."""
    if not 0 <= old <= new:
        raise ValueError(f"a tree of {new} leaves does not begin with one of {old}")
    if old in {0, new}:
        return []
    proof: list[bytes] = []
    low, high, whole = 0, new, True
    while high != old:
        split = low + _split(high - low)
        if old <= split:
            proof.append(_range(read, split, high))
            high = split
        else:
            proof.append(_range(read, low, split))
            low, whole = split, False
    if not whole:
        proof.append(_range(read, low, high))
    return proof[::-1]


def _split(count: int) -> int:
    """The largest power of two that is smaller."""
    return 1 << ((count - 1).bit_length() - 1)


def _range(read: Read, low: int, high: int) -> bytes:
    count = high - low
    if count & (count - 1) == 0:
        level, rest = divmod(count.bit_length() - 1, HEIGHT)
        first = low >> (HEIGHT * level)
        at = first % WIDTH
        return fold(read(level, first // WIDTH)[at : at + (1 << rest)])
    split = low + _split(count)
    return node(_range(read, low, split), _range(read, split, high))
