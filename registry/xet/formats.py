"""Xorbs and shards, the chunked form in which stock clients send large files: read strictly, by bytes that a stranger
chose. Whatever is wrong is Malformed, one sentence; nothing is unpacked beyond the bounds below.

A hash is written as four numbers of eight bytes, least significant byte first: its text is the groups turned around.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import lz4.frame
from blake3 import blake3

MAX_XORB = 65 * 2**20  # 64 MiB of chunks, their headers, and a footer that nobody reads
MAX_SHARD = 64 * 2**20
MAX_CHUNK = 128 * 2**10
MAX_CHUNKS = 8 * 2**10
MAX_FILES = 64
MAX_TERMS = 50_000
CHUNK_KEY = bytes.fromhex("6697f5775b9550de3135cbaca597181c9de421109beb2b58b4d0b04b93adf229")
NODE_KEY = bytes.fromhex("017ec5c7a5472996fd946666b48a02e65ddd536f37c76dd2f86352e64a53713f")
HEADER = 8
FOOTER = b"XETBLOB"
PLAIN, LZ4, GROUPED = 0, 1, 2
TAG = b"HFRepoMetaData\x00" + bytes([85, 105, 103, 69, 106, 123, 129, 87, 131, 165, 189, 217, 92, 205, 209, 74, 169])
ENTRY = 48
END = b"\xff" * 32
VERIFIED, DESCRIBED = 1 << 31, 1 << 30


class Malformed(Exception):
    """These bytes are not what they should be."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """How much of the xorb it takes, its header included, and how much it unpacks to."""

    stored: int
    size: int


@dataclass(frozen=True, slots=True)
class Xorb:
    """A checked xorb: the name that its content gives it, and where its chunks end."""

    hash: str
    chunks: tuple[Chunk, ...]
    length: int  # up to where a footer may follow


@dataclass(frozen=True, slots=True)
class Term:
    """A run of chunks of one xorb, up to and without `end`, and how many bytes it says it is."""

    xorb: str
    start: int
    end: int
    size: int


@dataclass(frozen=True, slots=True)
class File:
    """A file as the runs it is put together from; its digest is a claim until it was."""

    sha256: str  # hex
    terms: tuple[Term, ...]

    @property
    def size(self) -> int:
        return sum(term.size for term in self.terms)


def text_of(raw: bytes) -> str:
    """A hash as it is written in addresses, and a SHA-256 as everybody writes it."""
    return b"".join(raw[at : at + 8][::-1] for at in range(0, 32, 8)).hex()


def read_xorb(data: bytes) -> Xorb:
    """Every chunk unpacked and hashed once, one at a time."""
    if len(data) > MAX_XORB:
        raise Malformed(f"A xorb has at most {MAX_XORB} bytes.")
    chunks: list[Chunk] = []
    nodes: list[tuple[bytes, int]] = []
    at = 0
    while at < len(data) and data[at : at + len(FOOTER)] != FOOTER:
        if len(chunks) == MAX_CHUNKS:
            raise Malformed(f"A xorb has at most {MAX_CHUNKS} chunks.")
        stored = stored_size(data[at : at + HEADER])
        content = unpack(data[at : at + stored])
        chunks.append(Chunk(stored, len(content)))
        nodes.append((blake3(content, key=CHUNK_KEY).digest(), len(content)))
        at += stored
    if not chunks:
        raise Malformed("The xorb has no chunk.")
    return Xorb(text_of(_root(nodes)), tuple(chunks), at)


def stored_size(header: bytes) -> int:
    """How many bytes a chunk takes, by its header."""
    if len(header) < HEADER:
        raise Malformed("The xorb ends within the header of a chunk.")
    version, packed, scheme, size = header[0], _u24(header[1:4]), header[4], _u24(header[5:8])
    if version != 0 or scheme not in {PLAIN, LZ4, GROUPED}:
        raise Malformed(f"A chunk is of version {version} and compression {scheme}, which are not known here.")
    if not 0 < size <= MAX_CHUNK or not 0 < packed <= 2 * MAX_CHUNK:
        raise Malformed(f"A chunk has {packed} bytes that stand for {size}; at most {MAX_CHUNK} are taken.")
    return HEADER + packed


def unpack(chunk: bytes) -> bytes:
    """The bytes of one chunk, which begins with its header."""
    if len(chunk) < HEADER or len(chunk) != stored_size(chunk[:HEADER]):
        raise Malformed("The xorb ends within a chunk.")
    scheme, size, packed = chunk[4], _u24(chunk[5:8]), chunk[HEADER:]
    content = packed if scheme == PLAIN else _unpressed(packed, size)
    if len(content) != size:
        raise Malformed(f"A chunk unpacks to {len(content)} bytes, not to the {size} that it says.")
    return _ungrouped(content) if scheme == GROUPED else content


def read_shard(data: bytes) -> list[File]:
    """The files that a shard describes. What it says of xorbs is not read: they speak for themselves."""
    if len(data) > MAX_SHARD:
        raise Malformed(f"A shard has at most {MAX_SHARD} bytes.")
    if len(data) < ENTRY or data[:32] != TAG or struct.unpack_from("<Q", data, 32)[0] != 2:
        raise Malformed("This is not a shard of version 2.")
    files: list[File] = []
    entries = _entries(data)
    for head in entries:
        if head[:32] == END:
            if not files:
                raise Malformed("The shard describes no file.")
            return files
        if len(files) == MAX_FILES:
            raise Malformed(f"A shard describes at most {MAX_FILES} files.")
        files.append(_file(head, entries))
    raise Malformed("The shard ends before its list of files does.")


def _file(head: bytes, entries: Iterator[bytes]) -> File:
    flags, count = struct.unpack_from("<II", head, 32)
    if not 0 < count <= MAX_TERMS:
        raise Malformed(f"A file is put together from {count} runs of chunks; it must be 1 to {MAX_TERMS}.")
    if not flags & DESCRIBED:
        raise Malformed("A file comes without its SHA-256; use a client that sends it.")
    terms = [_term(_next(entries)) for _ in range(count)]
    for _ in range(count if flags & VERIFIED else 0):
        _next(entries)  # proof of holding the chunks: the xorbs were sent by the same person
    return File(text_of(_next(entries)[:32]), tuple(terms))


def _term(entry: bytes) -> Term:
    _, size, start, end = struct.unpack_from("<IIII", entry, 32)
    if not 0 <= start < end <= MAX_CHUNKS or size == 0:
        raise Malformed(f"A run of chunks goes from {start} to {end} and has {size} bytes; that is none.")
    return Term(text_of(entry[:32]), start, end, size)


def _entries(data: bytes) -> Iterator[bytes]:
    for at in range(ENTRY, len(data) - ENTRY + 1, ENTRY):
        yield data[at : at + ENTRY]


def _next(entries: Iterator[bytes]) -> bytes:
    entry = next(entries, None)
    if entry is None:
        raise Malformed("The shard ends within a file.")
    return entry


def _unpressed(packed: bytes, size: int) -> bytes:
    """One LZ4 frame; never more than a byte beyond what was announced."""
    frame = lz4.frame.LZ4FrameDecompressor()
    try:
        content = bytes(frame.decompress(packed, max_length=size + 1))
        while not frame.eof and len(content) <= size:
            if not (more := frame.decompress(b"", max_length=size + 1 - len(content))):
                break
            content += more
    except (RuntimeError, EOFError) as fault:
        raise Malformed("A chunk is not an LZ4 frame.") from fault
    if not frame.eof or frame.unused_data:
        raise Malformed("A chunk is not one whole LZ4 frame.")
    return content


def _ungrouped(content: bytes) -> bytes:
    """The bytes lie in four groups: all first bytes of four, all second, and so on."""
    whole, at = bytearray(len(content)), 0
    for group in range(4):
        count = len(range(group, len(content), 4))
        whole[group::4] = content[at : at + count]
        at += count
    return bytes(whole)


def _root(nodes: Sequence[tuple[bytes, int]]) -> bytes:
    """The hash of a tree whose branches end where a hash is divisible by four, or are nine wide."""
    level = list(nodes)
    while len(level) > 1:
        above, at = [], 0
        while at < len(level):
            width = _branch(level[at : at + 9])
            branch = level[at : at + width]
            lines = "".join(f"{text_of(name)} : {size}\n" for name, size in branch)
            above.append((blake3(lines.encode(), key=NODE_KEY).digest(), sum(size for _, size in branch)))
            at += width
        level = above
    return level[0][0]


def _branch(ahead: Sequence[tuple[bytes, int]]) -> int:
    """How many of the next nodes belong together; `ahead` has at most nine."""
    if len(ahead) <= 2:
        return len(ahead)
    return next((at + 1 for at in range(2, len(ahead)) if ahead[at][0][24] % 4 == 0), len(ahead))


def _u24(raw: bytes) -> int:
    return int.from_bytes(raw, "little")
