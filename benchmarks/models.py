"""One set of weights in two models: ours, and the stock FlexOlmo of `transformers`."""

from dataclasses import dataclass
from typing import Any

import torch
from transformers import FlexOlmoConfig, FlexOlmoForCausalLM

from flexcore.config import Architecture, flexolmo_config
from flexcore.model.names import stock_weights
from flexcore.model.transformer import FlexOlmo


@dataclass(frozen=True, slots=True)
class Shape:
    """Of the model that the goals are written for."""

    hidden: int = 512
    inner: int = 1376
    layers: int = 8
    heads: int = 8
    vocabulary: int = 32768
    experts: int = 8
    top_k: int = 4
    positions: int = 4096


NAMES = {torch.float32: "F32", torch.bfloat16: "BF16"}


def our_model(shape: Shape, dtype: torch.dtype) -> FlexOlmo:
    """Drawn weights, with rows that spread the tokens over the experts."""
    architecture = Architecture(
        vocab_size=shape.vocabulary,
        hidden_size=shape.hidden,
        intermediate_size=shape.inner,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.heads,
        max_position_embeddings=shape.positions,
        rms_norm_eps=1e-6,
        rope_theta=500_000.0,
        pad_token_id=1,
        eos_token_id=0,
        dtype=NAMES[dtype],
    )
    model = FlexOlmo(architecture, num_experts=shape.experts, top_k=shape.top_k)
    drawn = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name.endswith("router_row"):
                weight.copy_(torch.randn(weight.shape, generator=drawn))
            elif weight.ndim == 2:
                weight.copy_(torch.randn(weight.shape, generator=drawn) * weight.shape[1] ** -0.5)
    return model.requires_grad_(False).eval()


def stock_model(model: FlexOlmo) -> Any:
    config = FlexOlmoConfig.from_dict(
        flexolmo_config(model.architecture, num_experts=model.num_experts, top_k=model.top_k)
    )
    with torch.device("meta"):
        stock = FlexOlmoForCausalLM(config)
    weights = stock_weights(model)
    for layer in range(model.architecture.num_hidden_layers):
        prefix = f"model.layers.{layer}.mlp.experts."
        parts = [
            [weights.pop(f"{prefix}{slot}.{part}.weight") for part in ("gate_proj", "up_proj", "down_proj")]
            for slot in range(model.num_experts)
        ]
        weights[f"{prefix}gate_up_proj"] = torch.stack([torch.cat((gate, up)) for gate, up, _ in parts])
        weights[f"{prefix}down_proj"] = torch.stack([down for _, _, down in parts])
    stock.load_state_dict(weights, strict=True, assign=True)
    stock.model.rotary_emb = type(stock.model.rotary_emb)(config)
    return stock.requires_grad_(False).eval()
