"""Writes expert and anchor packages: a package appears whole and accepted by our own reader, or not at all."""

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import rfc8785

from flexcore.cards import read_expert_card
from flexcore.config import Architecture
from flexcore.headers import encode_header, tensor_size
from flexcore.layout import Layout, expert_layout, router_layout, shared_layout
from flexcore.package import (
    ALIGNMENT,
    TOKENIZER_NAMES,
    AnchorContents,
    Contents,
    check_anchor_package,
    check_expert_package,
)
from flexcore.untrusted import Malformed, shown

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class TensorData:
    """A tensor to write: its bytes as they lie in memory, little-endian, row after row; or who fetches them when it is
    their turn, so that no more than one tensor is held.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    data: bytes | memoryview | Callable[[], bytes]

    def content(self) -> memoryview:
        return memoryview(self.data() if callable(self.data) else self.data).cast("B")


def write_expert_package(
    folder: Path,
    *,
    expert: Sequence[TensorData],
    router: Sequence[TensorData],
    card: Mapping[str, Any],
    data_card: Mapping[str, Any],
) -> Contents:
    """Write a package, not yet signed; it appears whole and checked, or not at all."""
    said = _json(card, "expert.json")
    d = read_expert_card(said).dimensions
    has_bias = any(tensor.name.endswith(".bias") for tensor in router)

    def write(into: Path) -> None:
        _write_tensors(into / "expert.safetensors", expert, expert_layout(d), d.dtype)
        _write_tensors(into / "router.safetensors", router, router_layout(d, bias=has_bias), d.dtype)
        (into / "expert.json").write_bytes(said)
        (into / "data-card.json").write_bytes(_json(data_card, "data-card.json"))

    return _write_whole(folder, write, check_expert_package)


def write_anchor_package(
    folder: Path,
    *,
    config: Mapping[str, Any],
    shared: Sequence[TensorData],
    expert: Sequence[TensorData],
    router: Sequence[TensorData],
    tokenizer: Mapping[str, bytes],
    card: Mapping[str, Any],
) -> AnchorContents:
    """Write an anchor; it appears whole and checked, or not at all. `tokenizer` maps file names to bytes."""
    architecture = Architecture.from_config(config)
    d = architecture.dimensions

    def write(into: Path) -> None:
        (into / "config.json").write_bytes(_json(config, "config.json"))
        _write_tensors(into / "shared.safetensors", shared, shared_layout(architecture), d.dtype)
        _write_tensors(into / "expert.safetensors", expert, expert_layout(d), d.dtype)
        _write_tensors(into / "router.safetensors", router, router_layout(d, bias=False), d.dtype)
        for name in TOKENIZER_NAMES:
            (into / name).write_bytes(tokenizer[name])
        (into / "anchor.json").write_bytes(_json(card, "anchor.json"))

    return _write_whole(folder, write, check_anchor_package)


def _json(value: Mapping[str, Any], label: str) -> bytes:
    try:
        return rfc8785.dumps(dict(value))
    except rfc8785.CanonicalizationError as fault:
        raise Malformed(f"{label} cannot be written as JSON ({shown(fault)}); give plain, finite values.") from None


def _write_tensors(path: Path, tensors: Sequence[TensorData], layout: Layout, dtype: str) -> None:
    """In the layout's order, whatever order they came in."""
    given = {tensor.name: tensor for tensor in tensors}
    if given.keys() != layout.keys() or len(given) != len(tensors):
        odd = sorted(given.keys() ^ layout.keys())[:3]
        raise Malformed(f"{path.name} needs each tensor of the architecture once; look at {', '.join(odd)}.")
    with path.open("wb") as file:
        file.write(encode_header(layout, dtype, multiple_of=ALIGNMENT))
        for name, shape in layout.items():
            tensor = given[name]
            if (tensor.shape, tensor.dtype) != (shape, dtype):
                raise Malformed(
                    f"{name} is {tensor.dtype} {list(tensor.shape)}, but must be {dtype} {list(shape)};"
                    " train beside this anchor."
                )
            data = tensor.content()
            if len(data) != tensor_size(shape, dtype):
                raise Malformed(f"{name} has {len(data)} bytes, which its shape does not need; write it again.")
            file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _write_whole(folder: Path, write: Callable[[Path], None], check: Callable[[Path], Found]) -> Found:
    """Write beside the wanted place, check, and only then give it its name."""
    if folder.exists():
        raise Malformed(f"{folder} is there already; choose another folder.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        draft.chmod(0o755)
        write(draft)
        found = check(draft)
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return found
