"""What each weight is called in files: in a composed repository (as `transformers` names it) and in a package."""

from typing import cast

import torch
from torch import Tensor

from flexcore.model.moe import Expert
from flexcore.model.transformer import FlexOlmo

PROJECTIONS = ("gate_proj", "up_proj", "down_proj")


def shared_weights(model: FlexOlmo) -> dict[str, Tensor]:
    """All that belongs to no expert, under its final name. The tensors are the model's own."""
    own = model.state_dict(keep_vars=True)  # unlike named_parameters, it keeps both names of a tied embedding
    own = {name: weight for name, weight in own.items() if ".mlp.experts." not in name}
    return {name if name.startswith("lm_head.") else f"model.{name}": weight for name, weight in own.items()}


def expert_weights(model: FlexOlmo, slot: int) -> dict[str, Tensor]:
    """One expert's feed-forwards, named and ordered as in `expert.safetensors`."""
    return {
        f"layers.{layer}.{projection}.weight": _weight(expert, projection)
        for layer, expert in model.expert(slot)
        for projection in PROJECTIONS
    }


def router_rows(model: FlexOlmo, slot: int) -> dict[str, Tensor]:
    """One expert's router rows, named and ordered as in `router.safetensors`."""
    return {f"layers.{layer}.router.weight": expert.router_row for layer, expert in model.expert(slot)}


def router_biases(model: FlexOlmo, slot: int) -> dict[str, Tensor]:
    return {f"layers.{layer}.router.bias": expert.router_bias for layer, expert in model.expert(slot)}


def has_bias(model: FlexOlmo, slot: int) -> bool:
    """Whether an expert is held back anywhere: a bias of zero is none."""
    return any(bias.item() < 0 for bias in router_biases(model, slot).values())


def in_slot(name: str, slot: int) -> str:
    """The final name of a package's feed-forward weight: layers.3.up_proj.weight in slot 2, say."""
    layer, _, rest = name.removeprefix("layers.").partition(".")
    return f"model.layers.{layer}.mlp.experts.{slot}.{rest}"


def gate_name(layer: int) -> str:
    return f"model.layers.{layer}.mlp.gate.weight"


def stock_weights(model: FlexOlmo) -> dict[str, Tensor]:
    """The whole model as `transformers` writes it. A stock loader has no place for a bias, so none may be left."""
    weights = shared_weights(model)
    for slot in range(model.num_experts):
        if has_bias(model, slot):
            raise ValueError(f"expert {slot} holds a router bias, which stock loaders would silently drop")
        weights |= {in_slot(name, slot): weight for name, weight in expert_weights(model, slot).items()}
    rows = [list(router_rows(model, slot).values()) for slot in range(model.num_experts)]
    for layer, row_E in enumerate(zip(*rows, strict=True)):
        weights[gate_name(layer)] = torch.stack(row_E)
    return weights


def _weight(expert: Expert, projection: str) -> Tensor:
    return cast(Tensor, getattr(expert, projection))
