"""Checkpoints to packages and back: a dense OLMo-2 to an anchor, a FlexOlmo to an anchor and its experts. Slot 0 is the
public one.

Bytes go from file to file, a tensor at a time, whatever the number and the sizes of the files.
"""

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flexcore.cards import anchor_card, expert_card
from flexcore.checkpoints import CONFIG, ONE_FILE, Checkpoint, Stored
from flexcore.config import generation_config, olmo2_config
from flexcore.files import folder_files, read_small
from flexcore.headers import Header, encode_header, read_header
from flexcore.layout import router_layout
from flexcore.package import MAX_TOKENIZER, TOKENIZER_NAMES, AnchorContents, Contents, check_anchor_package
from flexcore.packing import TensorData, write_anchor_package, write_expert_package
from flexcore.shards import json_file
from flexcore.untrusted import Malformed

UNKNOWN = "unknown: taken from a checkpoint"


@dataclass(frozen=True, slots=True)
class Origin:
    """What a checkpoint does not say of itself: what turns later domains into rows beside it."""

    embedder: str
    embedder_digest: str
    projection_seed: int
    public_vector: Sequence[float]


def split_anchor(checkpoint: Checkpoint, out: Path, origin: Origin, *, row: bytes | None = None) -> AnchorContents:
    """What is public of a checkpoint, as an anchor. A dense one has no router yet: each layer gets `row`."""
    a, d = checkpoint.architecture, checkpoint.architecture.dimensions
    if not checkpoint.num_experts and row is None:
        raise Malformed("A dense checkpoint has no router row; give public text, of which one is made.")
    if row is None:
        rows = checkpoint.rows(0)
    else:
        rows = [TensorData(name, d.dtype, shape, row) for name, shape in router_layout(d, bias=False).items()]
    files = _tokenizer(checkpoint.folder)
    card = anchor_card(
        dimensions=d,
        embedder=origin.embedder,
        embedder_digest=origin.embedder_digest,
        projection_seed=origin.projection_seed,
        public_vector=origin.public_vector,
        training={
            "imported": checkpoint.folder.resolve().name,
            "router_row": "made here" if row else "the checkpoint's",
        },
    )
    return write_anchor_package(
        out,
        config=olmo2_config(a),
        shared=checkpoint.shared(),
        expert=checkpoint.expert(0),
        router=rows,
        tokenizer=files,
        card=card,
    )


def split_expert(
    checkpoint: Checkpoint, slot: int, out: Path, *, anchor: Path, data_card: Mapping[str, Any]
) -> Contents:
    """One expert of a checkpoint, as a package. What it shares with the anchor must be the anchor's, bit for bit."""
    if not 0 < slot < checkpoint.num_experts:
        raise Malformed(
            f"{checkpoint.folder} has no closed expert in slot {slot}; it has {max(0, checkpoint.num_experts - 1)}, "
            "counted from 1."
        )
    public = check_anchor_package(anchor)
    _check_shared(checkpoint, anchor, public)
    card = expert_card(
        anchor_digest=public.digest,
        dimensions=public.architecture.dimensions,
        training={"steps": 0, "tokens": 0, "seed": 0, "imported": checkpoint.folder.resolve().name, "slot": slot},
        domain_embedding={"embedder": UNKNOWN, "documents": 1, "vector": checkpoint.row_numbers(slot)},
        privacy={"mechanism": "unknown", "epsilon": None, "delta": None},
        evaluation={},
    )
    return write_expert_package(
        out, expert=checkpoint.expert(slot), router=checkpoint.rows(slot), card=card, data_card=data_card
    )


def _check_shared(checkpoint: Checkpoint, folder: Path, public: AnchorContents) -> None:
    if checkpoint.architecture != public.architecture:
        raise Malformed(
            "The checkpoint and the anchor tell of different architectures; name the anchor it was trained beside."
        )
    for name, header, theirs in (
        ("shared.safetensors", public.shared_header, checkpoint.shared()),
        ("expert.safetensors", public.expert_header, checkpoint.expert(0)),
        ("router.safetensors", _header(folder / "router.safetensors"), checkpoint.rows(0)),
    ):
        kept = {entry.name: Stored(folder / name, header.data_offset + entry.begin, entry) for entry in header.entries}
        for tensor in theirs:
            if kept[tensor.name].read() != tensor.content():
                raise Malformed(
                    f"The checkpoint's {tensor.name} is not what the anchor's {name} holds, so its experts belong to "
                    "another anchor; name the one they were trained beside."
                )


def _header(path: Path) -> Header:
    with path.open("rb") as file:
        return read_header(file, size=path.stat().st_size, label=path.name)


def _tokenizer(folder: Path) -> dict[str, bytes]:
    files = folder_files(folder)
    for name in TOKENIZER_NAMES:
        if name not in files:
            raise Malformed(f"{folder} lacks {name}; save the model's tokenizer beside it.")
    return {name: read_small(files, name, max_bytes=MAX_TOKENIZER) for name in TOKENIZER_NAMES}


def join_dense(anchor: Path, out: Path) -> AnchorContents:
    """An anchor as the dense checkpoint that `Olmo2ForCausalLM` loads: the way back of `split_anchor`."""
    public = check_anchor_package(anchor)
    a = public.architecture
    if out.exists():
        raise Malformed(f"{out} is there already; choose another folder.")
    places: dict[str, Stored] = {}
    for file, header in (("shared.safetensors", public.shared_header), ("expert.safetensors", public.expert_header)):
        for entry in header.entries:
            stored = Stored(anchor / file, header.data_offset + entry.begin, entry)
            places[_dense_name(entry.name)] = stored
    layout = {name: stored.entry.shape for name, stored in places.items()}
    out.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        draft.chmod(0o755)
        with (draft / ONE_FILE).open("wb") as written:
            written.write(encode_header(layout, a.dtype))
            for stored in places.values():
                written.write(stored.read())
        (draft / CONFIG).write_bytes(json_file(olmo2_config(a)))
        (draft / "generation_config.json").write_bytes(json_file(generation_config(a)))
        for name, data in public.tokenizer.items():
            (draft / name).write_bytes(data)
        draft.rename(out)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return public


def _dense_name(name: str) -> str:
    if not name.startswith("layers."):
        return name
    _, layer, part, _ = name.split(".")
    return f"model.layers.{layer}.mlp.{part}.weight"
