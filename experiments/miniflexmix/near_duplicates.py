"""Tells a text that repeats an earlier one: more than half of its word 13-grams were seen before."""

import hashlib
import re

WORDS = 13
KEPT_OF = 4  # one hashed 13-gram in four is remembered: enough to judge by, a quarter of the memory
LIMIT = 0.5


class NearDuplicates:
    """Remembers the texts that it let pass, and only those."""

    def __init__(self) -> None:
        self._seen: set[int] = set()

    def repeats(self, text: str) -> bool:
        """Whether the text repeats earlier ones; if it does not, it is remembered."""
        shingles = _shingles(text)
        if not shingles:
            return False
        if len(shingles & self._seen) > LIMIT * len(shingles):
            return True
        self._seen |= shingles
        return False


def _shingles(text: str) -> set[int]:
    words = re.findall(r"\w+", text.lower())
    if len(words) < WORDS + 3:  # too short to sample from: the whole text is its own shingle
        return {_hash(words)}
    hashes = (_hash(words[start : start + WORDS]) for start in range(len(words) - WORDS + 1))
    return {value for value in hashes if value % KEPT_OF == 0}


def _hash(words: list[str]) -> int:
    return int.from_bytes(hashlib.blake2b(" ".join(words).encode(), digest_size=8).digest(), "big")
