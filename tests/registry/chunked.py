"""Xorbs and shards as stock clients write them, written here by hand; and wrongly, where a test wants them wrong."""

import hashlib
import struct
from collections.abc import Sequence

import lz4.frame
from blake3 import blake3

from registry.xet.formats import CHUNK_KEY, DESCRIBED, END, GROUPED, LZ4, NODE_KEY, PLAIN, TAG, VERIFIED

Run = tuple[str, int, int, int]  # xorb, first chunk, end, bytes


def chunk_of(content: bytes, scheme: int = PLAIN, *, size: int | None = None) -> bytes:
    grouped = b"".join(content[at::4] for at in range(4)) if scheme == GROUPED else content
    packed = lz4.frame.compress(grouped) if scheme in (LZ4, GROUPED) else content
    size = len(content) if size is None else size
    return bytes([0]) + _u24(len(packed)) + bytes([scheme]) + _u24(size) + packed


def xorb_of(contents: Sequence[bytes], scheme: int = PLAIN) -> bytes:
    return b"".join(chunk_of(content, scheme) for content in contents)


def name_of(contents: Sequence[bytes]) -> str:
    """The name of a xorb of up to two chunks: one is named by itself, two by their parent."""
    names = [_text(blake3(content, key=CHUNK_KEY).digest()) for content in contents]
    if len(names) == 1:
        return names[0]
    assert len(names) == 2
    lines = "".join(f"{name} : {len(content)}\n" for name, content in zip(names, contents, strict=True))
    return _text(blake3(lines.encode(), key=NODE_KEY).digest())


def shard_of(*files: tuple[bytes, Sequence[Run]], verified: bool = True) -> bytes:
    """Each file by its content, of which only the digest is told, and its runs."""
    blocks = [TAG + struct.pack("<QQ", 2, 0)]
    for content, runs in files:
        flags = DESCRIBED | (VERIFIED if verified else 0)
        blocks.append(bytes(32) + struct.pack("<IIQ", flags, len(runs), 0))
        blocks += [_raw(xorb) + struct.pack("<IIII", 0, size, start, end) for xorb, start, end, size in runs]
        blocks += [bytes(48)] * (len(runs) if verified else 0)
        blocks.append(_raw(hashlib.sha256(content).hexdigest()) + bytes(16))
    return b"".join([*blocks, END + bytes(16), END + bytes(16)])


def _text(raw: bytes) -> str:
    return "".join(raw[at : at + 8][::-1].hex() for at in range(0, 32, 8))


def _raw(text: str) -> bytes:
    return bytes.fromhex(_text(bytes.fromhex(text)))


def _u24(number: int) -> bytes:
    return number.to_bytes(3, "little")
