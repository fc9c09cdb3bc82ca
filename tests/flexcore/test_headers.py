"""Reading a header: a lie in it is one clear sentence, and nothing a stranger sends brings anything but Malformed."""

import io
import json
import struct
from typing import Any

import pytest
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st

from flexcore.headers import MAX_HEADER, Header, encode_header, read_header
from flexcore.layout import expert_layout, slot_layout
from flexcore.shards import PAD
from flexcore.untrusted import Malformed
from tests.flexcore.packages import TINY

D = TINY.dimensions
PLAIN = {"a": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}}
TWO = PLAIN | {"b": {"dtype": "BF16", "shape": [4], "data_offsets": [24, 32]}}


def file_of(listed: object, data: int, *, length: int | None = None) -> bytes:
    text = json.dumps(listed).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + bytes(data)


def read(data: bytes) -> Header:
    return read_header(io.BytesIO(data), size=len(data), label="expert.safetensors")


def changed(**changes: Any) -> dict[str, Any]:
    return {"a": PLAIN["a"] | changes}


def test_it_finds_each_tensor_and_stops_at_the_data() -> None:
    file = io.BytesIO(file_of(TWO | {"__metadata__": {"format": "pt"}}, 32))

    header = read_header(file, size=len(file.getvalue()), label="x")

    assert [(e.name, e.dtype, e.shape, e.begin, e.end) for e in header.entries] == [
        ("a", "F32", (2, 3), 0, 24),
        ("b", "BF16", (4,), 24, 32),
    ]
    assert header.metadata == {"format": "pt"}
    assert header.data_offset == file.tell() == len(file.getvalue()) - 32


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "too few for a safetensors file"),
        (b"\x80\x04K\x01.", "too few for a safetensors file"),
        (struct.pack("<Q", 2**63) + b"{}", "announces a header of 9223372036854775808 bytes, more than"),
        (struct.pack("<Q", MAX_HEADER + 1) + b"{}", f"more than {MAX_HEADER}"),
        (file_of(PLAIN, 24, length=5000), "announces a header of 5000 bytes but has only"),
        (file_of(PLAIN, 23), "holds 23 bytes of data but its header describes 24"),
        (file_of(PLAIN, 25), "holds 25 bytes of data but its header describes 24"),
        (file_of([], 0), "is not a safetensors file"),
        (b"PK\x03\x04" + bytes(40), "announces a header of"),
        (file_of({}, 0), "holds no tensor"),
        (file_of(changed(dtype="F64"), 24), "a: dtype must be F32 or BF16, not 'F64'"),
        (file_of(changed(dtype=["F32"]), 24), "dtype must be F32 or BF16"),
        (file_of(changed(shape=[2, -3]), 24), "shape must be at most 4 whole numbers from 1"),
        (file_of(changed(shape=[2, True]), 24), "shape must be"),
        (file_of(changed(shape=[0]), 0), "shape must be"),
        (file_of(changed(shape=[2, 3, 1, 1, 1]), 24), "shape must be"),
        (file_of(changed(shape=[2**40, 2**40]), 24), "by its shape but 24 by its offsets"),
        (file_of(changed(data_offsets=[0, 20]), 20), "takes 24 bytes by its shape but 20 by its offsets"),
        (file_of(changed(data_offsets=[24, 0]), 24), "takes 24 bytes by its shape but -24"),
        (file_of(changed(data_offsets=[0, 2**70]), 24), "beyond 2^53"),
        (file_of(changed(data_offsets=[4, 28]), 28), "the data of a does not begin at 0"),
        (file_of(changed(extra=1), 24), "dtype, shape and data_offsets and nothing else"),
        (file_of({"a": None}, 24), "dtype, shape and data_offsets and nothing else"),
        (file_of(TWO | {"b": TWO["b"] | {"data_offsets": [28, 36]}}, 36), "a leaves a hole before b"),
        (file_of(TWO | {"b": TWO["b"] | {"data_offsets": [20, 28]}}, 28), "a overlaps b"),
        (file_of(PLAIN | {"__metadata__": {"n": 1}}, 24), "__metadata__ must map texts to texts"),
        (file_of({"a": {"dtype": [[[[]]]]}}, 24), "nested deeper than 3 levels"),
    ],
)
def test_a_lie_is_refused_in_one_sentence(data: bytes, sentence: str) -> None:
    with pytest.raises(Malformed) as refusal:
        read(data)

    assert sentence in str(refusal.value)
    assert str(refusal.value).endswith(".")


def test_a_name_given_twice_is_refused() -> None:
    one = '"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}'
    text = f"{{{one},{one}}}".encode()

    with pytest.raises(Malformed, match="names a twice"):
        read(struct.pack("<Q", len(text)) + text + bytes(4))


def test_a_download_that_breaks_off_is_refused() -> None:
    whole = file_of(PLAIN, 24)

    with pytest.raises(Malformed, match="ends 60 bytes too early"):
        read_header(io.BytesIO(whole[:-84]), size=len(whole), label="x")


def test_what_we_write_is_what_safetensors_reads() -> None:
    layout = expert_layout(D)
    header = encode_header(layout, "F32", multiple_of=4096)
    size = 4 * sum(rows * columns for rows, columns in layout.values())

    loaded = safetensors.numpy.load(header + bytes(size))

    assert len(header) % 4096 == 0
    assert {name: array.shape for name, array in loaded.items()} == layout
    assert list(read(header + bytes(size)).layout) == list(layout)


def test_a_header_padded_to_five_mebibytes_is_read() -> None:
    layout = slot_layout(D, 7)
    raw = encode_header(layout, "BF16", multiple_of=PAD)
    size = 2 * sum(rows * columns for rows, columns in layout.values())

    header = read(raw + bytes(size))

    assert header.data_offset == len(raw) == PAD


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 99) | st.floats() | st.text(max_size=4) | st.just("F32"),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["a", "dtype", "shape", "data_offsets", "__metadata__"]), inner)
    ),
    max_leaves=12,
)


@given(st.binary(max_size=200))
def test_noise_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        read(data)


@given(st.binary(max_size=100))
def test_noise_behind_an_honest_length_is_malformed(text: bytes) -> None:
    with pytest.raises(Malformed):
        read(struct.pack("<Q", len(text)) + text)


@given(JSON, st.integers(0, 40))
def test_odd_json_is_malformed_or_describes_every_byte(listed: object, data: int) -> None:
    try:
        header = read(file_of(listed, data))
    except Malformed:
        return

    assert sum(entry.end - entry.begin for entry in header.entries) == data


@given(st.integers(0, 150), st.binary(min_size=1, max_size=4))
def test_a_damaged_header_is_malformed_or_still_describes_every_byte(place: int, damage: bytes) -> None:
    whole = bytearray(file_of(TWO, 32))
    whole[place : place + len(damage)] = damage

    try:
        header = read(bytes(whole))
    except Malformed:
        return

    assert sum(entry.end - entry.begin for entry in header.entries) == header.data_size
    assert header.data_offset + header.data_size == len(whole)
