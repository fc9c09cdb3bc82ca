"""What an extractor yields and a corpus holds, and the cleaning that every text goes through."""

import hashlib
import re
from dataclasses import dataclass

_WIDE_SPACES = dict.fromkeys(map(ord, "\u00a0\u2009\u200a\u202f\u2007\u3000"), " ")


@dataclass(frozen=True, slots=True)
class Piece:
    """A text as its package holds it. Pieces of one group (an article, a play) never part company."""

    group: str
    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Document:
    """A piece in its place: which domain it is for, where it came from, under which licence."""

    id: str
    domain: str
    source: str
    licence: str
    group: str
    text: str

    @property
    def size(self) -> int:
        return len(self.text.encode())


def clean(text: str) -> str:
    """One kind of line end and of space, no control signs, no more than one empty line."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").translate(_WIDE_SPACES)
    text = text.replace("\ufeff", "").replace("\u200b", "")
    text = re.sub(r"[ \t]+\n", "\n", text)
    text = re.sub(r"\n{3,}", "\n\n", text)
    return "".join(sign for sign in text if sign in "\n\t" or ord(sign) >= 32).strip()


def key_of(text: str) -> str:
    """A short stable name for a text that has none."""
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()[:12]
