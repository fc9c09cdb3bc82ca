"""Our weights inside `transformers`' own models: the judge of ours."""

from typing import Any

import torch
from transformers import FlexOlmoConfig, FlexOlmoForCausalLM, Olmo2Config, Olmo2ForCausalLM

from flexcore.config import flexolmo_config, olmo2_config
from flexcore.model.names import stock_weights
from flexcore.model.transformer import FlexOlmo


def stock_flexolmo(model: FlexOlmo, *, experts_implementation: str = "grouped_mm") -> Any:
    said = flexolmo_config(model.architecture, num_experts=model.num_experts, top_k=model.top_k)
    stock = FlexOlmoForCausalLM(FlexOlmoConfig.from_dict(said))
    stock.set_experts_implementation(experts_implementation)
    weights = stock_weights(model)
    for layer in range(model.architecture.num_hidden_layers):
        names = [f"model.layers.{layer}.mlp.experts.{slot}." for slot in range(model.num_experts)]
        fused = [torch.cat((weights[f"{n}gate_proj.weight"], weights[f"{n}up_proj.weight"])) for n in names]
        weights[f"model.layers.{layer}.mlp.experts.gate_up_proj"] = torch.stack(fused)
        weights[f"model.layers.{layer}.mlp.experts.down_proj"] = torch.stack(
            [weights[f"{n}down_proj.weight"] for n in names]
        )
        for name in names:
            for projection in ("gate_proj", "up_proj", "down_proj"):
                del weights[f"{name}{projection}.weight"]
    stock.load_state_dict(weights, strict=True)
    return stock.to(next(model.parameters()).dtype).eval()


def stock_olmo2(model: FlexOlmo) -> Any:
    stock = Olmo2ForCausalLM(Olmo2Config.from_dict(olmo2_config(model.architecture)))
    weights = {
        name.replace(".mlp.experts.0.", ".mlp."): weight
        for name, weight in stock_weights(model).items()
        if ".mlp.gate." not in name
    }
    stock.load_state_dict(weights, strict=True)
    return stock.to(next(model.parameters()).dtype).eval()
