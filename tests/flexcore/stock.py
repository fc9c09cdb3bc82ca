"""Our weights inside `transformers`' own models: the judge of ours."""

from typing import Any

from transformers import Olmo2Config, Olmo2ForCausalLM

from benchmarks.models import stock_model
from flexcore.config import olmo2_config
from flexcore.model.names import stock_weights
from flexcore.model.transformer import FlexOlmo


def stock_flexolmo(model: FlexOlmo, *, experts_implementation: str = "grouped_mm") -> Any:
    stock = stock_model(model)  # the benchmarks' peer too, which is thereby judged
    stock.set_experts_implementation(experts_implementation)
    return stock


def stock_olmo2(model: FlexOlmo) -> Any:
    stock = Olmo2ForCausalLM(Olmo2Config.from_dict(olmo2_config(model.architecture)))
    weights = {
        name.replace(".mlp.experts.0.", ".mlp."): weight
        for name, weight in stock_weights(model).items()
        if ".mlp.gate." not in name
    }
    stock.load_state_dict(weights, strict=True)
    return stock.to(next(model.parameters()).dtype).eval()
