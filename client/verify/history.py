"""Reading a whole log: every entry is hashed, every tile compared, and the root must be the signed one.

Memory stays bounded however long the log is. What was changed is named: an entry, or the tile that lies about it.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from client.verify.merkle import Frontier, leaf_hash, whole_tree
from client.verify.notes import Checkpoint
from client.verify.strict import NotVerified
from client.verify.tiles import WIDTH, Source, read_bundle, read_tile, tile_name, width_of

AHEAD = 16  # bundles on their way; each may have 16 MiB
LEVELS = 8

Visit = Callable[[int, bytes], None]


@dataclass(frozen=True, slots=True)
class Seen:
    """A head that was verified before."""

    origin: str
    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class Difference:
    """A tile's hash that is not what the entries hash to: the first found, at the lowest level."""

    level: int
    index: int

    @property
    def first_entry(self) -> int:
        return self.index << 8 * self.level

    @property
    def last_entry(self) -> int:
        return (self.index + 1 << 8 * self.level) - 1


def read_history(
    source: Source, head: Checkpoint, *, visits: Sequence[Visit] = (), tiles: bool = True, before: Seen | None = None
) -> None:
    """Go through all entries under `head`; raise unless they are what was signed, and continue `before`.

    `visits` are given each entry with its index, before the root is known to be right: believe nothing of it until this
    returns. Without `tiles`, only the entries are read, which is enough to know them.
    """
    if before is not None:
        _check_size(head, before)
    walk = _Walk(source, head.size, tiles=tiles)
    earlier = walk.run(visits, before.size if before else None)
    if walk.frontier.root() != head.root:
        _name_the_change(source, head, walk)
    if walk.difference is not None:
        tile, size = walk.difference, head.size
        number = tile.index // WIDTH
        name = tile_name(tile.level, number, width_of(tile.level, number, size))
        raise NotVerified(f"{name} was changed: its hash {tile.index % WIDTH} is not that of the entries below it.")
    if before is not None and earlier != before.root:
        raise NotVerified(
            f"The log was rewritten: its first {before.size} entries are not those that were verified before."
        )


def _check_size(head: Checkpoint, before: Seen) -> None:
    if head.origin != before.origin:
        raise NotVerified(f"This is the log {head.origin}, but {before.origin} was verified before.")
    if head.size < before.size:
        raise NotVerified(f"The log shrank: it has {head.size} entries, and had {before.size} when last verified.")


def _name_the_change(source: Source, head: Checkpoint, walk: "_Walk") -> None:
    """The entries are not the signed ones: say which, as narrowly as the tiles can tell."""
    found = walk.difference
    if found is None and not walk.tiles:
        again = _Walk(source, head.size, tiles=True)
        again.run((), None)
        found = again.difference
    if found is None:
        raise NotVerified(
            f"The entries and tiles agree with each other, but not with the root of the checkpoint of size {head.size}:"
            " they are of another log, or all of them were changed."
        )
    bundle = tile_name("entries", found.first_entry // WIDTH, width_of(0, found.first_entry // WIDTH, head.size))
    which = f"Entry {found.index}" if found.level == 0 else f"One of the entries {found.first_entry}-{found.last_entry}"
    raise NotVerified(f"{which} is not what the checkpoint covers: {bundle} was changed.")


class _Walk:
    """One pass over the entries, from the left."""

    def __init__(self, source: Source, size: int, *, tiles: bool) -> None:
        self.frontier = Frontier()
        self.difference: Difference | None = None
        self.tiles = tiles
        self._source, self._size = source, size
        self._rows: list[list[bytes]] = [[] for _ in range(LEVELS)]  # hashes of tiles not yet full, by level

    def run(self, visits: Sequence[Visit], earlier_size: int | None) -> bytes | None:
        """The root of the first `earlier_size` entries, where that is asked for."""
        earlier = self.frontier.root() if earlier_size == 0 else None
        for number, (entries, hashes, tile) in enumerate(self._bundles()):
            start = number * WIDTH
            for visit in visits:
                for offset, entry in enumerate(entries):
                    visit(start + offset, entry)
            if earlier_size is not None and start < earlier_size <= start + len(hashes):
                earlier = self._root_at(hashes[: earlier_size - start])
            if tile is not None:
                self._compare(0, start, hashes, tile)
            self._add(hashes)
        if self.tiles:
            for level in range(1, LEVELS):
                self._check_row(level)
        return earlier

    def _bundles(self) -> Iterator[tuple[list[bytes], list[bytes], list[bytes] | None]]:
        """Each bundle's entries, their hashes and, where tiles are checked, the tile's; fetched ahead, in order."""
        count = -(-self._size // WIDTH)
        with ThreadPoolExecutor(max_workers=8) as pool:
            coming: deque[Future[tuple[list[bytes], list[bytes], list[bytes] | None]]] = deque()
            try:
                for number in range(count):
                    coming.append(pool.submit(self._fetch, number))
                    if len(coming) >= AHEAD:
                        yield coming.popleft().result()
                while coming:
                    yield coming.popleft().result()
            finally:
                for late in coming:
                    late.cancel()

    def _fetch(self, number: int) -> tuple[list[bytes], list[bytes], list[bytes] | None]:
        entries = read_bundle(self._source, number, self._size)
        tile = read_tile(self._source, 0, number, self._size) if self.tiles else None
        return entries, [leaf_hash(entry) for entry in entries], tile

    def _root_at(self, hashes: list[bytes]) -> bytes:
        past = self.frontier.copy()
        for one in hashes:
            past.add(one)
        return past.root()

    def _add(self, hashes: list[bytes]) -> None:
        if len(hashes) < WIDTH:
            for one in hashes:
                self.frontier.add(one)
            return
        subtree = whole_tree(hashes)
        self.frontier.add(subtree, WIDTH)
        level = 1
        while self.tiles:
            self._rows[level].append(subtree)
            if len(self._rows[level]) < WIDTH:
                return
            subtree = whole_tree(self._rows[level])
            self._check_row(level)
            level += 1

    def _check_row(self, level: int) -> None:
        """Compare the tile that ends where the entries read so far end."""
        row = self._rows[level]
        if row:
            number = ((self.frontier.size >> 8 * level) - 1) // WIDTH
            self._compare(level, number * WIDTH, row, read_tile(self._source, level, number, self._size))
        self._rows[level] = []

    def _compare(self, level: int, start: int, ours: list[bytes], theirs: list[bytes]) -> None:
        if ours == theirs:
            return
        at = next(at for at, (one, other) in enumerate(zip(ours, theirs, strict=True)) if one != other)
        found = Difference(level, start + at)
        if self.difference is None or (found.level, found.index) < (self.difference.level, self.difference.index):
            self.difference = found
