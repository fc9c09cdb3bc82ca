"""A log's published files (C2SP tlog-tiles), from its address or from a folder copy, and what they say of any subtree.

Nothing that is read here is believed yet: it is to be hashed up to a checkpoint that a trusted key signed.
"""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import httpx

from client.connection import ATTEMPTS, PASSING, pause_before
from client.verify.merkle import node_hash, whole_tree
from client.verify.strict import NotVerified, read_file, shown

WIDTH = 256
HASH = 32
MAX_TILE = WIDTH * HASH
MAX_BUNDLE = WIDTH * (2 + 65_535)
MAX_KEYS = 4 * 1024 * 1024
TIMEOUT = httpx.Timeout(30.0, connect=10.0)
SECONDS = 120.0  # for one file, however slowly it comes


class Missing(NotVerified):
    """There is no such file."""


class Source(Protocol):
    """Where a log's files are."""

    name: str

    def read(self, path: str, *, limit: int) -> bytes:
        """The file's bytes, at most `limit` of them; Missing, or NotVerified."""


class Folder:
    """A copy of a log's files."""

    def __init__(self, folder: Path) -> None:
        self.name = str(folder.resolve())
        self._folder = folder

    def read(self, path: str, *, limit: int) -> bytes:
        file = self._folder / path
        if not file.is_file():
            raise Missing(f"{shown(file)} is missing; copy the whole log.")
        return read_file(file, limit=limit)


class Remote:
    """A log at its address. Safe to use from several threads; never follows a redirect."""

    def __init__(self, url: str) -> None:
        self.name = url.rstrip("/")
        self._http = httpx.Client(timeout=TIMEOUT, limits=httpx.Limits(max_connections=16))

    def close(self) -> None:
        self._http.close()

    def read(self, path: str, *, limit: int) -> bytes:
        for attempt in range(ATTEMPTS):
            try:
                return self._once(path, limit)
            except httpx.TransportError as fault:
                if attempt + 1 == ATTEMPTS:
                    raise NotVerified(f"{shown(self.name)} cannot be reached: {shown(fault)}.") from fault
            except httpx.HTTPStatusError as fault:
                status = fault.response.status_code
                if status == 404:
                    raise Missing(f"{shown(self.name)} has no {path}.") from fault
                if status not in PASSING or attempt + 1 == ATTEMPTS:
                    raise NotVerified(f"{shown(self.name)} answered {status} for {path}.") from fault
            time.sleep(pause_before(attempt))
        raise AssertionError("the last attempt returns or raises")

    def _once(self, path: str, limit: int) -> bytes:
        deadline, data = time.monotonic() + SECONDS, bytearray()
        with self._http.stream("GET", f"{self.name}/{path}") as answer:
            answer.raise_for_status()
            for piece in answer.iter_bytes():
                data += piece
                if len(data) > limit:
                    raise NotVerified(
                        f"{path} of {shown(self.name)} is larger than {limit} bytes, more than it can be."
                    )
                if time.monotonic() > deadline:
                    raise NotVerified(f"{path} of {shown(self.name)} did not arrive within {SECONDS:g} seconds.")
        return bytes(data)


def tile_name(level: int | str, number: int, width: int = WIDTH) -> str:
    """The path of a tile, or of a bundle for the level "entries"."""
    parts = [f"{number % 1000:03d}"]
    while number := number // 1000:
        parts.insert(0, f"x{number % 1000:03d}")
    return f"tile/{level}/{'/'.join(parts)}" + (f".p/{width}" if width < WIDTH else "")


class Tiles:
    """The tiles of a tree of `size`. Each is read once and kept, so a caller reads few (see `history` for all)."""

    def __init__(self, source: Source, size: int) -> None:
        self._source = source
        self.size = size
        self._kept: dict[tuple[int, int], list[bytes]] = {}
        self._lock = threading.Lock()

    def tile(self, level: int, number: int) -> list[bytes]:
        """The hashes of one tile, as many as a tree of this size has there."""
        with self._lock:
            if (level, number) not in self._kept:
                self._kept[level, number] = read_tile(self._source, level, number, self.size)
            return self._kept[level, number]

    def path(self, index: int) -> list[bytes]:
        """The inclusion path of an entry (PATH of RFC 6962, 2.1.1)."""
        return list(self._path(index, 0, self.size))

    def root(self) -> bytes:
        return self._range(0, self.size)

    def _path(self, index: int, start: int, end: int) -> Iterator[bytes]:
        if end - start == 1:
            return
        half = start + _half(end - start)
        if index < half:
            yield from self._path(index, start, half)
            yield self._range(half, end)
        else:
            yield from self._path(index, half, end)
            yield self._range(start, half)

    def _range(self, start: int, end: int) -> bytes:
        leaves = end - start
        if leaves & (leaves - 1) == 0 and start % leaves == 0:
            return self._subtree(leaves.bit_length() - 1, start // leaves)
        half = start + _half(leaves)
        return node_hash(self._range(start, half), self._range(half, end))

    def _subtree(self, height: int, number: int) -> bytes:
        """The hash over 2**height entries, from the tile that holds it or its nearest parts."""
        level, rise = divmod(height, 8)
        first = number << rise
        tile = self.tile(level, first // WIDTH)
        return whole_tree(tile[first % WIDTH : first % WIDTH + (1 << rise)])


def width_of(level: int, number: int, size: int) -> int:
    """How many hashes this tile has in a tree of this size."""
    return min(WIDTH, (size >> (8 * level)) - number * WIDTH)


def read_tile(source: Source, level: int, number: int, size: int) -> list[bytes]:
    width = width_of(level, number, size)
    data = _full_or_partial(source, level, number, width, MAX_TILE)
    if len(data) < width * HASH or len(data) % HASH:
        raise NotVerified(f"{tile_name(level, number, width)} has {len(data)} bytes, not {width} hashes.")
    return [data[at : at + HASH] for at in range(0, width * HASH, HASH)]


def read_bundle(source: Source, number: int, size: int) -> list[bytes]:
    """The entries of one bundle, as many as a log of this size has there."""
    width = width_of(0, number, size)
    data = _full_or_partial(source, "entries", number, width, MAX_BUNDLE)
    name, at = tile_name("entries", number, width), 0
    entries: list[bytes] = []
    while at < len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        if end > len(data):
            raise NotVerified(f"{name} ends inside entry {number * WIDTH + len(entries)}.")
        entries.append(data[at + 2 : end])
        at = end
    if len(entries) < width or len(entries) > WIDTH:
        raise NotVerified(f"{name} has {len(entries)} entries, not {width}.")
    return entries[:width]


def read_entry(source: Source, index: int, size: int) -> bytes:
    return read_bundle(source, index // WIDTH, size)[index % WIDTH]


def _full_or_partial(source: Source, level: int | str, number: int, width: int, limit: int) -> bytes:
    """A partial tile may be gone once the full one is there; that one begins with it."""
    try:
        return source.read(tile_name(level, number, width), limit=limit)
    except Missing:
        if width == WIDTH:
            raise
    try:
        return source.read(tile_name(level, number), limit=limit)
    except Missing as fault:
        raise Missing(
            f"{shown(source.name)} has neither {tile_name(level, number, width)} nor the full one."
        ) from fault


def _half(leaves: int) -> int:
    return 1 << ((leaves - 1).bit_length() - 1)
