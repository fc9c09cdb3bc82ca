"""The files of a composed model: an expert's tensors renamed for its slot, the stacked router rows, the index.

Headers follow from the architecture and digests from recorded digests, so no weight is read to make any of it.
"""

import hashlib
import io
import json
from collections.abc import Mapping, Sequence

from flexcore.config import DTYPE_SIZE, Architecture, Dimensions
from flexcore.headers import encode_header, layout_size, read_header
from flexcore.layout import Layout, gate_layout, router_layout, shared_layout, slot_layout
from flexcore.untrusted import DIGEST, Malformed
from flexcore.weights import read_weights

PAD = 5 * 2**20  # the least that S3 takes for a part that is not the last
MAX_EXPERTS = 100  # slots have two digits
SHARED = "shared.safetensors"
ROUTER = "router.safetensors"
INDEX = "model.safetensors.index.json"


def shard_path(slot: int) -> str:
    """The file that holds the expert of this slot."""
    if not 0 <= slot < MAX_EXPERTS:
        raise Malformed(f"Slot {slot} is beyond the {MAX_EXPERTS} that a model has; ask for fewer experts.")
    return f"expert-{slot:02d}.safetensors"


def slot_header(d: Dimensions, slot: int) -> bytes:
    """What stands before an expert's data in this slot: 5 MiB, so that S3 can copy the data behind it."""
    return encode_header(slot_layout(d, slot), d.dtype, multiple_of=PAD)


def shard_digest(header: bytes, data_digest: str) -> str:
    """Names a shard: sha256 over the sha256 of its header and its data digest, both as 32 bytes."""
    if not DIGEST.fullmatch(data_digest):
        raise Malformed(f"{data_digest} is no digest; give sha256: and 64 hexadecimal digits.")
    inner = hashlib.sha256(header).digest() + bytes.fromhex(data_digest.removeprefix("sha256:"))
    return f"sha256:{hashlib.sha256(inner).hexdigest()}"


def router_rows(data: bytes, d: Dimensions, *, label: str) -> list[bytes]:
    """A package's router.safetensors, layer by layer; a row with a bias is refused, no stock loader could hold it."""
    header = read_header(io.BytesIO(data), size=len(data), label=label)
    if any(entry.name.endswith(".bias") for entry in header.entries):
        raise Malformed(
            f"{label} keeps a router bias, which stock loaders would silently drop; train the expert without one, "
            "or compose without it by name."
        )
    layout = router_layout(d, bias=False)
    read_weights(io.BytesIO(data), size=len(data), label=label, layout=layout, dtype=d.dtype, ordered=False)
    places = {entry.name: entry for entry in header.entries}
    start = header.data_offset
    return [data[start + places[name].begin : start + places[name].end] for name in layout]


def without_bias(data: bytes, d: Dimensions, *, label: str) -> bytes:
    """A package's router.safetensors with its rows alone. The model is another one then: its owner has to want that."""
    header = read_header(io.BytesIO(data), size=len(data), label=label)
    if not any(entry.name.endswith(".bias") for entry in header.entries):
        return data
    layout = router_layout(d, bias=True)
    read_weights(io.BytesIO(data), size=len(data), label=label, layout=layout, dtype=d.dtype, ordered=False)
    rows, places = router_layout(d, bias=False), {entry.name: entry for entry in header.entries}
    start = header.data_offset
    kept = b"".join(data[start + places[name].begin : start + places[name].end] for name in rows)
    return encode_header(rows, d.dtype) + kept


def router_file(routers: Sequence[bytes], d: Dimensions) -> bytes:
    """The whole router.safetensors of a model, from each expert's, in slot order."""
    rows = [router_rows(data, d, label=f"The router of slot {slot}") for slot, data in enumerate(routers)]
    layout = gate_layout(d, len(routers))
    stacked = [expert[layer] for layer in range(d.num_hidden_layers) for expert in rows]
    return encode_header(layout, d.dtype) + b"".join(stacked)


def check_tuned(tuned: bytes, stacked: bytes, d: Dimensions, *, num_experts: int) -> bytes:
    """A tuned router.safetensors, held against the untuned one: the same tensors, finite, the public row untouched."""
    layout = gate_layout(d, num_experts)
    size = len(tuned)
    weights = read_weights(io.BytesIO(tuned), size=size, label=ROUTER, layout=layout, dtype=d.dtype, ordered=True)
    start, row = weights.header.data_offset, d.hidden_size * DTYPE_SIZE[d.dtype]
    if size != len(stacked) or tuned[:start] != stacked[:start]:
        raise Malformed(f"The tuned {ROUTER} is not laid out like the one it was made from; tune again.")
    for layer in range(d.num_hidden_layers):
        first = start + layer * num_experts * row
        if tuned[first : first + row] != stacked[first : first + row]:
            raise Malformed(f"The tuning moved the public row of layer {layer}, which belongs to all; tune again.")
    return tuned


def weight_layouts(a: Architecture, num_experts: int) -> dict[str, Layout]:
    """Each file of weights and what lies in it; together every tensor of the model, each once."""
    found: dict[str, Layout] = {SHARED: shared_layout(a), ROUTER: gate_layout(a.dimensions, num_experts)}
    for slot in range(num_experts):
        found[shard_path(slot)] = slot_layout(a.dimensions, slot)
    return found


def index_file(a: Architecture, num_experts: int) -> bytes:
    """model.safetensors.index.json: which file holds which tensor."""
    layouts: Mapping[str, Layout] = weight_layouts(a, num_experts)
    total = sum(layout_size(layout, a.dtype) for layout in layouts.values())
    places = {name: path for path, layout in layouts.items() for name in layout}
    return json_file({"metadata": {"total_size": total}, "weight_map": places})


def json_file(value: Mapping[str, object]) -> bytes:
    """JSON for people to read; the same value gives the same bytes."""
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False).encode() + b"\n"
