"""Reads a file of weights once, forwards, in bounded memory: takes its digests and sees that every value is finite."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import rfc8785

from flexcore.config import DTYPE_SIZE
from flexcore.headers import Header, TensorEntry, check_layout, parse_header, read_raw_header
from flexcore.layout import Layout
from flexcore.samples import Measured, Measuring
from flexcore.untrusted import Malformed, Readable, read_exactly

CHUNK = 2**20
_PATTERN: dict[str, npt.DTypeLike] = {"F32": "<u4", "BF16": "<u2"}
_EXPONENT = {"F32": 0x7F800000, "BF16": 0x7F80}  # all ones: infinity or not a number
_WITHOUT_SIGN = {"F32": 0x7FFFFFFF, "BF16": 0x7FFF}


@dataclass(frozen=True, slots=True)
class Weights:
    """A file of weights that was read to its end and found whole."""

    header: Header
    size: int
    file_digest: str  # sha256 of the whole file
    data_digest: str  # sha256 of what the tensors are and hold; the header's form and place do not matter
    measured: Mapping[str, Measured]  # by tensor, in the order of the data


def sha256(data: bytes) -> str:
    """A digest as it is written everywhere: its kind, a colon, its digits."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def data_digest(header: Header, chunks: Iterable[bytes]) -> str:
    """sha256 over the canonical list of (name, dtype, shape) and then the data, in the order of the data."""
    running = _begin_data_digest(header)
    for chunk in chunks:
        running.update(chunk)
    return f"sha256:{running.hexdigest()}"


def read_weights(
    file: Readable, *, size: int, label: str, layout: Layout, dtype: str, ordered: bool, aligned: int = 1
) -> Weights:
    """Check the header against what must be there, then the data against being finite; any fault is Malformed."""
    raw = read_raw_header(file, size=size, label=label)
    header = parse_header(raw, size=size, label=label)
    check_layout(header, layout, dtype, label=label, ordered=ordered)
    if header.data_offset % aligned:
        raise Malformed(
            f"{label}: its data begins at byte {header.data_offset}, not at a multiple of {aligned};"
            " pad the header with spaces."
        )
    whole, data = hashlib.sha256(raw), _begin_data_digest(header)
    measured = {}
    for entry in header.entries:
        measuring = Measuring(entry, tensors=len(header.entries))
        for chunk in _chunks(file, entry, label, measuring):
            whole.update(chunk)
            data.update(chunk)
        measured[entry.name] = measuring.done()
    if file.read(1):
        raise Malformed(f"{label} is longer than the {size} bytes it was announced with; send it again.")
    return Weights(header, size, f"sha256:{whole.hexdigest()}", f"sha256:{data.hexdigest()}", measured)


def _begin_data_digest(header: Header) -> "hashlib._Hash":
    listed = [(entry.name, entry.dtype, entry.shape) for entry in header.entries]
    return hashlib.sha256(rfc8785.dumps(listed))


def _chunks(file: Readable, entry: TensorEntry, label: str, measuring: Measuring) -> Iterator[bytes]:
    """A tensor's bytes, a piece at a time, each measured and seen to hold only finite values."""
    pattern, exponent = _PATTERN[entry.dtype], _EXPONENT[entry.dtype]
    left = entry.end - entry.begin
    while left:
        chunk = read_exactly(file, min(left, CHUNK), label)
        bits = np.frombuffer(chunk, dtype=pattern)
        size_of = bits & _WITHOUT_SIGN[entry.dtype]  # as whole numbers they are in the order of the values
        largest = int(size_of.max())
        if largest >= exponent:
            place = (entry.end - entry.begin - left) // DTYPE_SIZE[entry.dtype] + int((size_of >= exponent).argmax())
            raise Malformed(
                f"{label}: {entry.name} holds a value that is not finite (element {place});"
                " train again with a smaller learning rate."
            )
        measuring.see(bits, largest)
        left -= len(chunk)
        yield chunk
