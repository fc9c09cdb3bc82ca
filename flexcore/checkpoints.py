"""A model's folder as `save_pretrained` leaves it: in one file or in shards, experts' tensors each by itself or fused.

It is looked through, and then read a tensor at a time; nothing is computed with.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from flexcore.cards import MAX_CARD
from flexcore.config import DTYPE_SIZE, Architecture
from flexcore.headers import TensorEntry, read_header, tensor_size
from flexcore.layout import expert_layout, router_layout, shared_layout
from flexcore.packing import TensorData
from flexcore.shards import INDEX
from flexcore.untrusted import Fields, Malformed, parse_json, shown

CONFIG, ONE_FILE = "config.json", "model.safetensors"
MAX_INDEX = 64 << 20
PARTS = ("gate_proj", "up_proj", "down_proj")


@dataclass(frozen=True, slots=True)
class Stored:
    """A tensor in one of the checkpoint's files."""

    path: Path
    offset: int
    entry: TensorEntry

    def read(self, first: int = 0, count: int | None = None) -> bytes:
        """All of it, or `count` bytes from the `first`."""
        size = self.entry.end - self.entry.begin if count is None else count
        with self.path.open("rb") as file:
            file.seek(self.offset + first)
            data = file.read(size)
        if len(data) != size:
            raise Malformed(f"{self.path.name} ends inside {self.entry.name}; fetch it again.")
        return data


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A folder as `save_pretrained` leaves it, looked through but not read."""

    folder: Path
    architecture: Architecture
    num_experts: int  # 0: dense
    tensors: Mapping[str, Stored]
    fused: bool  # all experts of a layer in one tensor, as `transformers` 5 has them in memory

    def shared(self) -> list[TensorData]:
        return [self._whole(name, name, shape) for name, shape in shared_layout(self.architecture).items()]

    def expert(self, slot: int) -> list[TensorData]:
        """Named as in a package. Of a dense model the only one is its feed-forward."""
        return [self._part(name, shape, slot) for name, shape in expert_layout(self.architecture.dimensions).items()]

    def rows(self, slot: int) -> list[TensorData]:
        d = self.architecture.dimensions
        size = d.hidden_size * DTYPE_SIZE[d.dtype]
        found = []
        for layer, (name, shape) in enumerate(router_layout(d, bias=False).items()):
            gate = self._stored(f"model.layers.{layer}.mlp.gate.weight", (self.num_experts, d.hidden_size))
            found.append(_later(name, d.dtype, shape, gate, first=slot * size, count=size))
        return found

    def row_numbers(self, slot: int) -> list[float]:
        """The row of the first layer; a dense model has none."""
        if not self.num_experts:
            raise Malformed("A dense checkpoint has no router row; give public text, of which one is made.")
        data = self.rows(slot)[0].content()
        if self.architecture.dtype == "F32":
            return [float(x) for x in np.frombuffer(data, "<f4")]
        return [float(x) for x in (np.frombuffer(data, "<u2").astype("<u4") << 16).view("<f4")]

    def _part(self, name: str, shape: tuple[int, ...], slot: int) -> TensorData:
        _, layer, part, _ = name.split(".")
        prefix = f"model.layers.{layer}.mlp."
        if not self.num_experts:
            return self._whole(f"{prefix}{part}.weight", name, shape)
        if not self.fused:
            return self._whole(f"{prefix}experts.{slot}.{part}.weight", name, shape)
        size = tensor_size(shape, self.architecture.dtype)
        inner, width = self.architecture.intermediate_size, self.architecture.hidden_size
        if part == "down_proj":
            stored = self._stored(f"{prefix}experts.down_proj", (self.num_experts, width, inner))
            return _later(name, self.architecture.dtype, shape, stored, first=slot * size, count=size)
        stored = self._stored(f"{prefix}experts.gate_up_proj", (self.num_experts, 2 * inner, width))
        first = (2 * slot + (part == "up_proj")) * size
        return _later(name, self.architecture.dtype, shape, stored, first=first, count=size)

    def _whole(self, stored_as: str, name: str, shape: tuple[int, ...]) -> TensorData:
        stored = self._stored(stored_as, shape)
        return _later(
            name, self.architecture.dtype, shape, stored, first=0, count=tensor_size(shape, self.architecture.dtype)
        )

    def _stored(self, name: str, shape: tuple[int, ...]) -> Stored:
        stored = self.tensors[name]
        if (stored.entry.shape, stored.entry.dtype) != (shape, self.architecture.dtype):
            raise Malformed(
                f"{stored.path.name}: {name} is {stored.entry.dtype} {list(stored.entry.shape)}, but config.json asks "
                f"for {self.architecture.dtype} {list(shape)}; they belong to different models."
            )
        return stored


def _later(name: str, dtype: str, shape: tuple[int, ...], stored: Stored, *, first: int, count: int) -> TensorData:
    return TensorData(name, dtype, shape, lambda: stored.read(first, count))


def open_checkpoint(folder: Path) -> Checkpoint:
    """Every tensor that the architecture asks for, and no other; else Malformed, and nothing is read."""
    path = folder / CONFIG
    if not path.is_file():
        raise Malformed(f"{folder} holds no {CONFIG}, so it is no checkpoint; name the model's folder.")
    config = parse_json(path.read_bytes(), CONFIG, max_bytes=MAX_CARD)
    architecture = Architecture.from_config(config)
    experts = 0
    if config.get("model_type") == "flex_olmo":
        experts = Fields(config, CONFIG).integer("num_experts", low=1, high=1024)
    tensors = _tensors(folder)
    fused = any(name.endswith(".mlp.experts.gate_up_proj") for name in tensors)
    wanted = _names(architecture, experts, fused=fused)
    for name in wanted:
        if name not in tensors:
            raise Malformed(f"The checkpoint lacks {name}; fetch it again, or correct config.json.")
    for name in sorted(tensors.keys() - wanted):
        raise Malformed(f"The checkpoint holds {shown(name)}, for which the model has no place; correct config.json.")
    return Checkpoint(folder, architecture, experts, tensors, fused)


def _tensors(folder: Path) -> dict[str, Stored]:
    if (folder / INDEX).is_file():
        index = Fields(parse_json((folder / INDEX).read_bytes(), INDEX, max_bytes=MAX_INDEX), INDEX)
        paths = sorted({str(path) for path in index.section("weight_map").value.values()})
    else:
        paths = [ONE_FILE]
    found: dict[str, Stored] = {}
    for name in paths:
        path = folder / name
        if path.parent != folder or not path.is_file():
            raise Malformed(
                f"{shown(name)} is not beside config.json; a checkpoint is one folder of safetensors files."
            )
        with path.open("rb") as file:
            header = read_header(file, size=path.stat().st_size, label=name)
        for entry in header.entries:
            if entry.name in found:
                raise Malformed(f"{name} holds {shown(entry.name)}, which another file holds too; fetch them again.")
            found[entry.name] = Stored(path, header.data_offset + entry.begin, entry)
    return found


def _names(a: Architecture, experts: int, *, fused: bool) -> set[str]:
    found = set(shared_layout(a))
    for layer in range(a.num_hidden_layers):
        prefix, parts = f"model.layers.{layer}.mlp.", PARTS
        if not experts:
            found |= {f"{prefix}{part}.weight" for part in parts}
            continue
        found.add(f"{prefix}gate.weight")
        if fused:
            found |= {f"{prefix}experts.gate_up_proj", f"{prefix}experts.down_proj"}
        else:
            found |= {f"{prefix}experts.{slot}.{part}.weight" for slot in range(experts) for part in parts}
    return found
