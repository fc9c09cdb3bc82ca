"""The safetensors header: written so that one list of tensors has one form, and read as a stranger's.

A file is an 8-byte length, a JSON header that may end in spaces, and data without holes.
"""

import json
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from flexcore.config import DTYPE_SIZE
from flexcore.layout import Layout
from flexcore.untrusted import Fields, Malformed, Readable, parse_json, read_exactly, shown

MAX_HEADER = 16 * 2**20  # room for 5 MiB of padding, far below the 100 MB that the format allows
MAX_HEADER_JSON = 4 * 2**20
MAX_RANK = 4


@dataclass(frozen=True, slots=True)
class TensorEntry:
    """A tensor and where its bytes lie, counted from the start of the data."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Header:
    """What a file says it holds: entries in the order of their data, without a hole or an overlap."""

    entries: tuple[TensorEntry, ...]
    metadata: Mapping[str, str]
    data_offset: int
    data_size: int

    @property
    def layout(self) -> Layout:
        return {entry.name: entry.shape for entry in self.entries}


def encode_header(layout: Layout, dtype: str, *, multiple_of: int = 8) -> bytes:
    """Length, JSON and spaces: the data begins at a multiple of `multiple_of`. The same tensors give the same bytes."""
    listed: dict[str, object] = {"__metadata__": {"format": "pt"}}
    begin = 0
    for name, shape in layout.items():
        end = begin + tensor_size(shape, dtype)
        listed[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [begin, end]}
        begin = end
    text = json.dumps(listed, separators=(",", ":")).encode()
    padded = -(-(8 + len(text)) // multiple_of) * multiple_of - 8
    return struct.pack("<Q", padded) + text.ljust(padded, b" ")


def tensor_size(shape: tuple[int, ...], dtype: str) -> int:
    return math.prod(shape) * DTYPE_SIZE[dtype]


def layout_size(layout: Layout, dtype: str) -> int:
    """How many bytes of data these tensors are."""
    return sum(tensor_size(shape, dtype) for shape in layout.values())


def read_header(file: Readable, *, size: int, label: str) -> Header:
    """Read a header from a file of `size` bytes and leave the file at the start of its data."""
    return parse_header(read_raw_header(file, size=size, label=label), size=size, label=label)


def read_raw_header(file: Readable, *, size: int, label: str) -> bytes:
    """The length and the header as they stand; the length is bounded before anything it announces is read."""
    if size < 10:
        raise Malformed(f"{label} has {size} bytes, too few for a safetensors file; send the whole file again.")
    prefix = read_exactly(file, 8, label)
    length = int.from_bytes(prefix, "little")
    if length > MAX_HEADER:
        raise Malformed(
            f"{label} announces a header of {length} bytes, more than {MAX_HEADER}; save it as safetensors again."
        )
    if length > size - 8:
        raise Malformed(f"{label} announces a header of {length} bytes but has only {size}; send the whole file again.")
    return prefix + read_exactly(file, length, label)


def parse_header(raw: bytes, *, size: int, label: str) -> Header:
    """Check a whole header against the file's size: every byte of data belongs to exactly one tensor."""
    text = raw[8:].rstrip(b" ")
    if not text.startswith(b"{"):
        raise Malformed(f"{label} is not a safetensors file; save the weights as safetensors.")
    listed = parse_json(text, f"The header of {label}", max_bytes=MAX_HEADER_JSON, max_depth=3)
    metadata = _metadata(listed.pop("__metadata__", {}), label)
    entries = sorted((_entry(name, said, label) for name, said in listed.items()), key=lambda e: e.begin)
    if not entries:
        raise Malformed(f"{label} holds no tensor; write the weights into it.")
    if entries[0].begin != 0:
        raise Malformed(f"{label}: the data of {shown(entries[0].name)} does not begin at 0; save the file again.")
    for before, after in pairwise(entries):
        if after.begin != before.end:
            fault = "overlaps" if after.begin < before.end else "leaves a hole before"
            raise Malformed(f"{label}: {shown(before.name)} {fault} {shown(after.name)}; save the file again.")
    data_size = size - len(raw)
    if entries[-1].end != data_size:
        raise Malformed(
            f"{label} holds {data_size} bytes of data but its header describes {entries[-1].end};"
            " send the whole file again."
        )
    return Header(tuple(entries), metadata, len(raw), data_size)


def _metadata(found: Any, label: str) -> dict[str, str]:
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise Malformed(f"{label}: __metadata__ must map texts to texts; save the file again.")
    return found


def _entry(name: str, said: Any, label: str) -> TensorEntry:
    where = f"{label}: {shown(name)}"
    if not isinstance(said, dict) or said.keys() != {"dtype", "shape", "data_offsets"}:
        raise Malformed(f"{where} must have dtype, shape and data_offsets and nothing else; save the file again.")
    fields = Fields(said, where)
    dtype = said["dtype"]
    if not isinstance(dtype, str) or dtype not in DTYPE_SIZE:
        fields.refuse("dtype", "F32 or BF16")
    shape = _counts(said["shape"])
    if shape is None or len(shape) > MAX_RANK or 0 in shape:
        fields.refuse("shape", f"at most {MAX_RANK} whole numbers from 1")
    offsets = _counts(said["data_offsets"])
    if offsets is None or len(offsets) != 2:
        fields.refuse("data_offsets", "two whole numbers from 0")
    begin, end = offsets
    wanted = tensor_size(shape, dtype)
    if end - begin != wanted:
        raise Malformed(
            f"{where} takes {wanted} bytes by its shape but {end - begin} by its offsets; save the file again."
        )
    return TensorEntry(name, dtype, shape, begin, end)


def _counts(found: Any) -> tuple[int, ...] | None:
    """A short list of whole numbers that are not negative, else None."""
    if not isinstance(found, list) or len(found) > 8:
        return None
    if not all(isinstance(n, int) and not isinstance(n, bool) and n >= 0 for n in found):
        return None
    return tuple(found)


def check_layout(header: Header, layout: Layout, dtype: str, *, label: str, ordered: bool) -> None:
    """Exactly these tensors, in these shapes and this dtype; in this order too where `ordered`."""
    for name in layout:
        if name not in header.layout:
            raise Malformed(f"{label} lacks {name}; write every tensor of the architecture.")
    for entry in header.entries:
        wanted = layout.get(entry.name)
        if wanted is None:
            raise Malformed(f"{label} holds {shown(entry.name)}, which does not belong there; leave it out.")
        if entry.shape != wanted:
            raise Malformed(
                f"{label}: {entry.name} has shape {list(entry.shape)}, but the architecture says {list(wanted)};"
                " train beside this anchor."
            )
        if entry.dtype != dtype:
            raise Malformed(f"{label}: {entry.name} is {entry.dtype}, but must be {dtype}; convert the weights.")
    if ordered:
        for entry, name in zip(header.entries, layout, strict=True):
            if entry.name != name:
                raise Malformed(
                    f"{label}: {entry.name} stands where {name} belongs; write the tensors layer by layer"
                    " as gate, up, down."
                )
    for key, value in header.metadata.items():
        if (key, value) != ("format", "pt"):
            raise Malformed(f"{label} carries metadata {shown(key)}; only format = pt is allowed, leave it out.")
