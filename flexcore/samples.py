"""A few values of each tensor, always from the same places, and its largest: taken while a file goes by, kept after it
is gone, so that two experts can be compared without reading either again.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from flexcore.config import DTYPE_SIZE
from flexcore.headers import TensorEntry
from flexcore.layout import Layout

VALUES = 8192  # of a whole file, shared out among its tensors
LEAST = 16  # of a tensor, whatever its file
STEP = 0x9E3779B97F4A7C15  # 2^64 divided by the golden ratio: places spread evenly, whatever the shape
Bits = npt.NDArray[np.uint16] | npt.NDArray[np.uint32]
Values = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """What is known of a tensor that went by."""

    largest: float  # without its sign
    sample: Values  # in the order of its places

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Measured):
            return NotImplemented
        return self.largest == other.largest and np.array_equal(self.sample, other.sample)

    __hash__ = None  # type: ignore[assignment]  # a sample is an array


class Measuring:
    """Gathers a tensor's sample and its largest value from its pieces, in order."""

    def __init__(self, entry: TensorEntry, *, tensors: int) -> None:
        self.dtype = entry.dtype
        size = (entry.end - entry.begin) // DTYPE_SIZE[entry.dtype]
        self._places = np.array(places(size, tensors=tensors), dtype=np.int64)
        self._found: list[Bits] = []
        self._largest = 0
        self._seen = 0

    def see(self, bits: Bits, largest: int) -> None:
        """The next piece as it lies in the file, and its largest value without a sign, as bits too."""
        first, last = np.searchsorted(self._places, (self._seen, self._seen + len(bits)))
        self._found.append(bits[self._places[first:last] - self._seen])
        self._largest = max(self._largest, largest)
        self._seen += len(bits)

    def done(self) -> Measured:
        largest = values_of(np.array([self._largest], dtype=np.uint32), self.dtype)
        return Measured(float(largest[0]), values_of(np.concatenate(self._found).astype(np.uint32), self.dtype))


def places(size: int, *, tensors: int) -> Sequence[int]:
    """Where the sample of a tensor of `size` values lies, in a file of so many tensors: rising, each place once, and
    the same on every machine."""
    count = max(LEAST, VALUES // tensors)
    return sorted({(n * STEP % 2**64) * size >> 64 for n in range(1, count + 1)})


def packed(measures: Mapping[str, Measured]) -> bytes:
    """Float32, little-endian: for each tensor, in the order of the file, its largest value and then its sample."""
    parts = [np.concatenate([[measured.largest], measured.sample]) for measured in measures.values()]
    return np.concatenate(parts).astype("<f4").tobytes()


def unpacked(data: bytes, layout: Layout) -> dict[str, Measured]:
    """The inverse of `packed` for a file of this layout; ValueError when the data is of another."""
    values, at = np.frombuffer(data, dtype="<f4"), 0
    found: dict[str, tuple[int, int]] = {}
    for name, shape in layout.items():
        count = len(places(math.prod(shape), tensors=len(layout)))
        found[name] = (at, count)
        at += 1 + count
    if at != len(values):
        raise ValueError(f"A sample of {at} values was expected, {len(values)} are there; measure the file again.")
    return {
        name: Measured(float(values[first]), values[first + 1 : first + 1 + count])
        for name, (first, count) in found.items()
    }


def values_of(bits: npt.NDArray[np.uint32], dtype: str) -> Values:
    """The bits of F32 or BF16 as float32; exact."""
    return (bits if dtype == "F32" else bits << 16).astype("<u4").view("<f4")
