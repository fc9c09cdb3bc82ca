"""The tree over tiles against the plain definition of RFC 6962, for every size up to a few hundred and across tiles."""

import hashlib
from collections.abc import Sequence

import pytest

from registry.audit.merkle import (
    WIDTH,
    Read,
    Span,
    consistency,
    grow,
    inclusion,
    node,
    root,
    spans,
    tile_path,
)

LEAVES = [hashlib.sha256(b"\x00" + str(n).encode()).digest() for n in range(2 * WIDTH * 3 + 77)]


def plain_root(leaves: Sequence[bytes]) -> bytes:
    """As the RFC writes it."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while 2 * split < len(leaves):
        split *= 2
    return node(plain_root(leaves[:split]), plain_root(leaves[split:]))


def grown(steps: Sequence[int]) -> dict[tuple[int, int], list[bytes]]:
    """Tiles after growing to each of these sizes in turn."""
    tiles: dict[tuple[int, int], list[bytes]] = {}
    size = 0
    for to in steps:
        edge = {level: tiles.get((level, (size >> (8 * level)) // WIDTH), []) for level in range(4)}
        tiles |= grow(edge, size, LEAVES[size:to])
        size = to
    return tiles


def reader(tiles: dict[tuple[int, int], list[bytes]]) -> Read:
    return lambda level, index: tiles.get((level, index), [])


def check_inclusion(index: int, size: int, path: Sequence[bytes], leaf: bytes) -> bytes:
    """The root that a path leads to (RFC 9162, 2.1.3.2)."""
    at, last, value = index, size - 1, leaf
    for step in path:
        if at & 1 or at == last:
            value = node(step, value)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            value = node(value, step)
        at, last = at >> 1, last >> 1
    assert last == 0
    return value


def check_consistency(old: int, new: int, old_root: bytes, proof: Sequence[bytes]) -> bytes:
    """The new root that a proof leads to, when it leads to the old one too (RFC 9162, 2.1.4.2)."""
    steps = list(proof)
    if old & (old - 1) == 0:
        steps.insert(0, old_root)
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    first = second = steps[0]
    for step in steps[1:]:
        assert last != 0
        if at & 1 or at == last:
            first, second = node(step, first), node(step, second)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            second = node(second, step)
        at, last = at >> 1, last >> 1
    assert last == 0
    assert first == old_root
    return second


@pytest.mark.parametrize("size", [0, 1, 2, 3, 7, 8, 255, 256, 257, 511, 512, 513, 767, len(LEAVES)])
def test_the_root_is_that_of_the_rfc_however_it_was_grown(size: int) -> None:
    at_once = grown([size])
    in_steps = grown([n for n in (1, 5, 250, 256, 300, 600, size) if n <= size])

    assert root(reader(at_once), size) == plain_root(LEAVES[:size])
    assert in_steps == at_once


@pytest.mark.parametrize("size", [1, 2, 6, 256, 257, 700, len(LEAVES)])
def test_every_leaf_has_a_proof_that_leads_to_the_root(size: int) -> None:
    read = reader(grown([size]))
    expected = root(read, size)

    for index in {0, 1, size // 2, size - 1, 255, 256} & set(range(size)):
        assert check_inclusion(index, size, inclusion(read, index, size), LEAVES[index]) == expected


@pytest.mark.parametrize(("old", "new"), [(1, 2), (6, 8), (7, 7), (255, 256), (256, 257), (300, 700), (512, 1000)])
def test_a_tree_begins_with_each_tree_before_it(old: int, new: int) -> None:
    read = reader(grown([new]))

    proof = consistency(read, old, new)

    if old == new:
        assert proof == []
    else:
        assert check_consistency(old, new, root(read, old), proof) == root(read, new)


def test_the_tiles_to_write_are_those_that_changed() -> None:
    assert list(spans(0, 3)) == [Span(0, 0, 3)]
    assert list(spans(3, 256)) == [Span(0, 0, 256), Span(1, 0, 1)]
    assert list(spans(256, 300)) == [Span(0, 1, 44)]
    assert list(spans(250, 600)) == [Span(0, 0, 256), Span(0, 1, 256), Span(0, 2, 88), Span(1, 0, 2)]
    assert list(spans(9, 9)) == []


def test_a_tile_s_path_is_that_of_the_format() -> None:
    assert tile_path(5) == "005"
    assert tile_path(1_234_067) == "x001/x234/067"
    assert tile_path(273, 5) == "273.p/5"
