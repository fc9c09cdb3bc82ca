"""Trees as RFC 6962 hashes them, and the two proofs of RFC 9162 (2.1.3.2, 2.1.4.2).

A proof with a step too few or too many proves nothing.
"""

import hashlib
from collections.abc import Sequence

EMPTY_ROOT = hashlib.sha256().digest()


def leaf_hash(entry: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def whole_tree(hashes: Sequence[bytes]) -> bytes:
    """The root over a power of two of hashes."""
    sha256, layer = hashlib.sha256, hashes
    while len(layer) > 1:
        layer = [sha256(b"\x01" + layer[at] + layer[at + 1]).digest() for at in range(0, len(layer), 2)]
    return layer[0]


class Frontier:
    """A tree that grows by whole subtrees; it remembers one hash a level."""

    def __init__(self) -> None:
        self.size = 0
        self._subtrees: list[tuple[int, bytes]] = []  # (leaves, hash), the larger to the left

    def copy(self) -> "Frontier":
        twin = Frontier()
        twin.size, twin._subtrees = self.size, list(self._subtrees)
        return twin

    def add(self, subtree: bytes, leaves: int = 1) -> None:
        """`leaves` is a power of two that divides the size so far."""
        self.size += leaves
        while self._subtrees and self._subtrees[-1][0] == leaves:
            subtree = node_hash(self._subtrees.pop()[1], subtree)
            leaves *= 2
        self._subtrees.append((leaves, subtree))

    def root(self) -> bytes:
        if not self._subtrees:
            return EMPTY_ROOT
        *left, (_, root) = self._subtrees
        for _, subtree in reversed(left):
            root = node_hash(subtree, root)
        return root


def includes(size: int, root: bytes, index: int, leaf: bytes, path: Sequence[bytes]) -> bool:
    """Does `path` show that the leaf of this hash is at `index` of the tree?"""
    if not 0 <= index < size:
        return False
    at, last, found = index, size - 1, leaf
    for step in path:
        if last == 0:
            return False
        if at & 1 or at == last:
            found = node_hash(step, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, step)
        at, last = at >> 1, last >> 1
    return last == 0 and found == root


def grows(old_size: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]) -> bool:
    """Does `proof` show that the tree of `size` begins with the tree of `old_size`?"""
    if old_size in {0, size}:
        return not proof and old_root == (EMPTY_ROOT if old_size == 0 else root)
    if not 0 < old_size < size or not proof:
        return False
    steps = [*([old_root] if old_size & (old_size - 1) == 0 else []), *proof]
    at, last = old_size - 1, size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old = new = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            old, new = node_hash(step, old), node_hash(step, new)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new = node_hash(new, step)
        at, last = at >> 1, last >> 1
    return last == 0 and old == old_root and new == root
