"""Files to weights. Every tensor that a model has is found once, in its shape and dtype, and no file holds another;
else one sentence says what is wrong, and nothing is loaded.
"""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from flexcore.config import Architecture
from flexcore.model.names import expert_weights, gate_name, in_slot, router_biases, router_rows, shared_weights
from flexcore.model.transformer import DTYPES, FlexOlmo
from flexcore.package import check_anchor_package, check_expert_package
from flexcore.untrusted import Fields, Malformed, parse_json, shown

CONFIG, INDEX, ANCHOR_CARD = "config.json", "model.safetensors.index.json", "anchor.json"
MAX_JSON = 64 << 20  # an index names every tensor of a model

Targets = Mapping[str, Tensor]


def load(folder: Path, packages: Sequence[Path] = (), *, top_k: int | None = None) -> FlexOlmo:
    """A composed repository, an anchor, or an anchor with expert packages beside it: ready to be asked, not to train.

    `top_k` is a setting of the call, not of the weights: by default what config.json says, or all experts.
    """
    if (folder / ANCHOR_CARD).is_file():
        return load_beside(folder, packages, top_k=top_k)
    if packages:
        raise Malformed(f"{folder} is not an anchor package, so no expert can stand beside it; name the anchor.")
    return load_composed(folder, top_k=top_k)


def load_beside(anchor: Path, packages: Sequence[Path] = (), *, top_k: int | None = None) -> FlexOlmo:
    """The anchor in slot 0 and each package in the next one; each must have been trained beside this very anchor."""
    public = check_anchor_package(anchor)
    found = [
        check_expert_package(package, anchor_digest=public.digest, architecture=public.architecture)
        for package in packages
    ]
    experts = 1 + len(packages)
    model = _empty(public.architecture, num_experts=experts, top_k=top_k or experts)
    files: list[tuple[Path, Targets]] = [(anchor / "shared.safetensors", shared_weights(model))]
    for slot, folder in enumerate([anchor, *packages]):
        rows = router_rows(model, slot)
        if slot and found[slot - 1].has_bias:
            rows |= router_biases(model, slot)
        files += [
            (folder / "expert.safetensors", expert_weights(model, slot)),
            (folder / "router.safetensors", rows),
        ]
    _fill(files, DTYPES[public.architecture.dtype])
    return model


def load_composed(folder: Path, *, top_k: int | None = None) -> FlexOlmo:
    """A folder in the layout that `transformers` writes, in shards or in one file."""
    config = _json(folder / CONFIG)
    fields = Fields(config, CONFIG)
    architecture = Architecture.from_config(config)
    experts = fields.integer("num_experts", low=1, high=1024)
    k = top_k or fields.integer("num_experts_per_tok", low=1, high=experts)
    model = _empty(architecture, num_experts=experts, top_k=k)
    targets = shared_weights(model)
    for slot in range(experts):
        targets |= {in_slot(name, slot): weight for name, weight in expert_weights(model, slot).items()}
    gates = {
        gate_name(layer): torch.empty(experts, architecture.hidden_size, dtype=DTYPES[architecture.dtype])
        for layer in range(architecture.num_hidden_layers)
    }
    _fill(_shards(folder, targets | gates), DTYPES[architecture.dtype])
    for slot in range(experts):
        for row, gate in zip(router_rows(model, slot).values(), gates.values(), strict=True):
            row.copy_(gate[slot])
    return model


def with_expert(model: FlexOlmo) -> FlexOlmo:
    """The same model with one more expert: a copy of the public one, and its row. All experts are asked."""
    grown = _empty(model.architecture, num_experts=model.num_experts + 1, top_k=model.num_experts + 1)
    for name, weight in shared_weights(grown).items():
        weight.copy_(shared_weights(model)[name])
    for slot in range(grown.num_experts):
        source = slot if slot < model.num_experts else 0
        for (_, new), (_, old) in zip(grown.expert(slot), model.expert(source), strict=True):
            new.load_state_dict(old.state_dict())
    return grown


def _empty(architecture: Architecture, *, num_experts: int, top_k: int) -> FlexOlmo:
    """Memory without content; only the biases are set, since most files have none."""
    with torch.device("meta"):
        model = FlexOlmo(architecture, num_experts=num_experts, top_k=top_k)
    model = model.to_empty(device="cpu").requires_grad_(False).eval()
    for slot in range(num_experts):
        for bias in router_biases(model, slot).values():
            bias.zero_()
    return model


def _shards(folder: Path, targets: Targets) -> list[tuple[Path, Targets]]:
    """Which file holds what, by the index; the files themselves are asked in `_fill`."""
    if not (folder / INDEX).is_file():
        return [(folder / "model.safetensors", targets)]
    weight_map = Fields(_json(folder / INDEX), INDEX).section("weight_map").value
    for name in targets:
        if name not in weight_map:
            raise Malformed(f"{INDEX} does not say where {name} is; fetch or compose the model again.")
    for name, file in weight_map.items():
        if name not in targets:
            raise Malformed(f"{INDEX} names {shown(name)}, which this model does not have; correct config.json.")
        if not isinstance(file, str) or Path(file).name != file:
            raise Malformed(f"{INDEX} puts {shown(name)} outside the folder; every file must lie beside the index.")
    by_file: dict[str, dict[str, Tensor]] = {}
    for name, target in targets.items():
        by_file.setdefault(str(weight_map[name]), {})[name] = target
    return [(folder / file, held) for file, held in by_file.items()]


def _fill(files: Sequence[tuple[Path, Targets]], dtype: torch.dtype) -> None:
    """All files are looked through before the first weight is read."""
    with ExitStack() as stack:
        opened = [(path, _open(stack, path), targets) for path, targets in files]
        for path, file, targets in opened:
            _account(path, file, targets, dtype)
        with torch.no_grad():
            for _, file, targets in opened:
                for name, target in targets.items():
                    target.copy_(file.get_tensor(name))


def _open(stack: ExitStack, path: Path) -> Any:
    try:
        return stack.enter_context(safe_open(path, "pt"))
    except FileNotFoundError:
        raise Malformed(f"{path.name} is missing in {path.parent}; fetch or compose the model again.") from None
    except SafetensorError as fault:
        raise Malformed(f"{path.name} is not a whole safetensors file ({fault}); fetch it again.") from fault


def _account(path: Path, file: Any, targets: Targets, dtype: torch.dtype) -> None:
    found = set(file.keys())
    for name, target in targets.items():
        if name not in found:
            raise Malformed(f"{path.name} lacks {name}; fetch or compose the model again.")
        held = file.get_slice(name)
        if tuple(held.get_shape()) != tuple(target.shape) or DTYPES.get(held.get_dtype()) != dtype:
            raise Malformed(
                f"{path.name}: {name} is {held.get_dtype()} {held.get_shape()}, "
                f"but config.json asks for {dtype} {list(target.shape)}; they belong to different models."
            )
    for name in sorted(found - set(targets)):
        raise Malformed(f"{path.name} holds {shown(name)}, for which the model has no place; correct config.json.")


def _json(path: Path) -> dict[str, Any]:
    try:
        return parse_json(path.read_bytes(), path.name, max_bytes=MAX_JSON)
    except (FileNotFoundError, NotADirectoryError):
        raise Malformed(f"{path.parent} holds no {path.name}, so it is no model; name the model's folder.") from None
