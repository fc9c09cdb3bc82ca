"""The Range header, as far as downloads need it: one span of bytes."""

import re
from dataclasses import dataclass

SPAN = re.compile(r"bytes=(\d{0,19})-(\d{0,19})")


class OutOfRange(Exception):
    """The span begins behind the last byte."""


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes from `start` up to and without `end`."""

    start: int
    end: int


def span_of(header: str | None, *, size: int) -> Span | None:
    """The span asked for; None for the whole file, also where the header is one that we need not follow (RFC 9110)."""
    match = SPAN.fullmatch((header or "").strip())
    if match is None:
        return None
    first, last = match.groups()
    if first:
        start, end = int(first), min(int(last) + 1, size) if last else size
        if last and int(last) < start:
            return None
    elif last:
        start, end = max(size - int(last), 0), size
    else:
        return None
    if start >= size or start == end:
        raise OutOfRange
    return Span(start, end)
