"""Xorbs and shards: what stock clients send is read, and whatever else comes is refused in words, in bounded memory."""

import hashlib
import struct
import tracemalloc

import lz4.frame
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from registry.hub.commits import read_commit
from registry.hub.wire import BadRequest
from registry.xet.formats import (
    ENTRY,
    GROUPED,
    LZ4,
    MAX_CHUNK,
    MAX_CHUNKS,
    PLAIN,
    TAG,
    Malformed,
    Term,
    read_shard,
    read_xorb,
    unpack,
)
from tests.registry.chunked import chunk_of, name_of, shard_of, xorb_of

CONTENTS = [bytes(range(256)) * 40 + b"odd", b"the end"]
XORB = xorb_of(CONTENTS, LZ4)
SHARD = shard_of((b"a file", [("0" * 64, 0, 2, 6)]))
COMMIT = (
    b'{"key":"header","value":{}}\n{"key":"file","value":{"path":"expert.json","content":"e30=","encoding":"base64"}}'
)


@pytest.mark.parametrize("scheme", [PLAIN, LZ4, GROUPED])
def test_a_xorb_is_named_by_what_its_chunks_hold_however_they_are_packed(scheme: int) -> None:
    data = xorb_of(CONTENTS, scheme)

    xorb = read_xorb(data + b"XETBLOB and a footer that nobody reads")

    assert xorb.hash == name_of(CONTENTS)
    assert [chunk.size for chunk in xorb.chunks] == [len(content) for content in CONTENTS]
    assert xorb.length == len(data)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 6, 7, 1000])
def test_grouped_bytes_find_their_places(size: int) -> None:
    content = hashlib.shake_256(b"any").digest(size)

    assert unpack(chunk_of(content, GROUPED)) == content


def test_a_shard_tells_of_its_files() -> None:
    runs = [("ab" * 32, 0, 2, 4), ("cd" * 32, 3, 4, 2)]

    [file] = read_shard(shard_of((b"a file", runs)))

    assert file.sha256 == hashlib.sha256(b"a file").hexdigest()
    assert file.terms == (Term("ab" * 32, 0, 2, 4), Term("cd" * 32, 3, 4, 2))
    assert file.size == 6


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "The xorb has no chunk."),
        (b"XETBLOB", "The xorb has no chunk."),
        (XORB[:5], "ends within the header of a chunk"),
        (XORB[:-1], "ends within a chunk"),
        (b"\x01" + XORB[1:], "version 1"),
        (XORB[:4] + b"\x03" + XORB[5:], "compression 3"),
        (chunk_of(b"abc", size=4), "unpacks to 3 bytes, not to the 4"),
        (chunk_of(b"abcd", LZ4, size=3), "unpacks to 4 bytes, not to the 3"),
        (chunk_of(b"abc", size=0), "stand for 0"),
        (chunk_of(b"x" * (MAX_CHUNK + 1)), "at most 131072 are taken"),
        (chunk_of(b"x") * (MAX_CHUNKS + 1), "at most 8192 chunks"),
        (bytes([0, 9, 0, 0, LZ4, 9, 0, 0]) + b"not a fra", "is not an LZ4 frame"),
    ],
)
def test_a_xorb_that_is_none_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(Malformed, match=words):
        read_xorb(data)


def test_a_chunk_that_would_unpack_to_much_more_is_stopped() -> None:
    bomb = lz4.frame.compress(bytes(2**26))  # 64 MiB of nothing in 256 KiB
    packed = bomb[: 2 * MAX_CHUNK]
    header = bytes([0]) + len(packed).to_bytes(3, "little") + bytes([LZ4]) + (100).to_bytes(3, "little")
    tracemalloc.start()

    with pytest.raises(Malformed):
        read_xorb(header + packed)

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * 2**20


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not a shard"),
        (TAG + struct.pack("<QQ", 3, 0), "not a shard"),
        (TAG + struct.pack("<QQ", 2, 0), "ends before its list of files does"),
        (SHARD[: 2 * ENTRY], "ends within a file"),
        (SHARD[:ENTRY] + b"\xff" * 32 + bytes(16), "describes no file"),
        (shard_of((b"", [])), "from 0 runs"),
        (shard_of((b"", [("0" * 64, 2, 2, 1)])), "goes from 2 to 2"),
        (shard_of((b"", [("0" * 64, 0, MAX_CHUNKS + 1, 1)])), "goes from 0 to 8193"),
        (shard_of((b"", [("0" * 64, 0, 1, 0)])), "has 0 bytes"),
        (shard_of(*[(b"", [("0" * 64, 0, 1, 1)])] * 65), "at most 64 files"),
        (SHARD[: ENTRY + 32] + struct.pack("<I", 1 << 31) + SHARD[ENTRY + 36 :], "without its SHA-256"),
        (SHARD[: ENTRY + 36] + struct.pack("<I", 2**32 - 1) + SHARD[ENTRY + 40 :], "from 4294967295 runs"),
    ],
)
def test_a_shard_that_is_none_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(Malformed, match=words):
        read_shard(data)


def spoiled(good: bytes) -> st.SearchStrategy[bytes]:
    """Good bytes with some of them changed, cut off, or put in twice; or any bytes at all."""
    places = st.integers(0, len(good))
    changes = st.lists(st.tuples(places, st.integers(0, 3), st.binary(max_size=6)), max_size=4)

    def change(what: list[tuple[int, int, bytes]]) -> bytes:
        data = good
        for place, kind, more in what:
            at = min(place, len(data))
            data = [data[:at] + more + data[at + len(more) :], data[:at], data[at:], data[:at] + more + data[at:]][kind]
        return data

    return changes.map(change) | st.binary(max_size=400)


@settings(max_examples=600, deadline=None)
@given(data=spoiled(xorb_of(CONTENTS, GROUPED)) | spoiled(XORB) | spoiled(xorb_of(CONTENTS)))
@example(data=b"XETBLO")
def test_no_bytes_make_a_xorb_raise_anything_but_a_refusal(data: bytes) -> None:
    try:
        xorb = read_xorb(data)
    except Malformed:
        return
    assert xorb.length <= len(data)
    assert sum(chunk.stored for chunk in xorb.chunks) == xorb.length


@settings(max_examples=600, deadline=None)
@given(data=spoiled(SHARD) | spoiled(SHARD[ENTRY:]).map(lambda rest: SHARD[:ENTRY] + rest))
def test_no_bytes_make_a_shard_raise_anything_but_a_refusal(data: bytes) -> None:
    try:
        files = read_shard(data)
    except Malformed:
        return
    assert all(0 <= term.start < term.end for file in files for term in file.terms)


@settings(max_examples=600, deadline=None)
@given(body=spoiled(COMMIT))
@example(body=b'{"key":"file","value":{"path":"\\ud800","content":"e30=","encoding":"base64"}}')
@example(body=b"[" * 100_000)
@example(body=b'{"key":"lfsFile","value":{"path":"a","oid":"0","size":' + b"9" * 5000 + b"}}")
def test_no_bytes_make_a_commit_raise_anything_but_a_refusal(body: bytes) -> None:
    try:
        told = read_commit(body)
    except BadRequest:
        return
    assert all(isinstance(path, str) for path in told.files)
