"""Whether one tree is the beginning of another (RFC 9162, 2.1.4.2, over the hashes of RFC 6962).

`proves_growth` answers False for anything but a whole proof, never less and never more.
"""

import hashlib
from collections.abc import Sequence

EMPTY_ROOT = hashlib.sha256().digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def proves_growth(old_size: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]) -> bool:
    """Does `proof` show that the tree of `size` begins with the tree of `old_size`?"""
    if old_size in {0, size}:
        return not proof and old_root == (EMPTY_ROOT if old_size == 0 else root)
    if not 0 < old_size < size or not proof:
        return False
    steps = list(proof)
    if old_size & (old_size - 1) == 0:  # the old tree is one whole subtree: its root is the first step
        steps.insert(0, old_root)
    left, right = old_size - 1, size - 1
    while left & 1:
        left, right = left >> 1, right >> 1
    old, new = steps[0], steps[0]
    for step in steps[1:]:
        if right == 0:
            return False
        if left & 1 or left == right:
            old, new = node_hash(step, old), node_hash(step, new)
            while not left & 1 and left:
                left, right = left >> 1, right >> 1
        else:
            new = node_hash(new, step)
        left, right = left >> 1, right >> 1
    return right == 0 and old == old_root and new == root
