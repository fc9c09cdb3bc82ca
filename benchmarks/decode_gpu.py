"""Decode steps of the whole model on a GPU, against `transformers` with each of its expert implementations.

    python -m benchmarks.decode_gpu [--layers 8] [--seconds 110]

Ours is captured in a graph, prompt reading aside. A peer is called as its users call it, and compiled with graphs where
that works. First some layers for everybody, with the same weights; then, where memory allows, ours alone with all 32.
"""

import argparse
import gc
import os
from collections.abc import Callable
from functools import partial
from typing import Any, cast

os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

import torch
from torch import Tensor
from transformers import FlexOlmoConfig, FlexOlmoForCausalLM, StaticCache

from benchmarks.gpu import Budget, keep, limits, seconds
from benchmarks.timing import table
from flexcore.config import Architecture, flexolmo_config
from flexcore.engine.decoder import Decoder
from flexcore.kernels import info
from flexcore.kernels.grouped import Stack, stack
from flexcore.model.names import shared_weights
from flexcore.model.transformer import Block, FlexOlmo

HIDDEN, INNER, EXPERTS, TOP_K, HEADS, VOCABULARY, LAYERS = 4096, 11008, 8, 4, 32, 100352, 32
CONTEXT, ROOM = 256, 512
BATCHES = (1, 8, 16)
MODES = ("eager", "grouped_mm", "batched_mm")
BATCHED = 1  # its copies of the chosen weights for more texts would fill the memory


def our_model(layers: int, device: str = "cuda", **other: int) -> tuple[FlexOlmo, list[Stack]]:
    """Drawn where they stay; each layer's experts in one piece of memory, that the peer can use too."""
    sizes = {
        "vocab_size": VOCABULARY,
        "hidden_size": HIDDEN,
        "intermediate_size": INNER,
        "num_attention_heads": HEADS,
        "num_key_value_heads": HEADS,
    } | other
    architecture = Architecture(
        num_hidden_layers=layers,
        max_position_embeddings=4096,
        rms_norm_eps=1e-6,
        rope_theta=500_000.0,
        pad_token_id=1,
        eos_token_id=0,
        dtype="BF16",
        **sizes,
    )
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.bfloat16)
    try:
        with torch.device(device):
            model = FlexOlmo(architecture, num_experts=EXPERTS, top_k=TOP_K).requires_grad_(False).eval()
    finally:
        torch.set_default_dtype(before)
    for name, weight in model.named_parameters():
        if name.endswith("router_row"):
            weight.normal_()
        elif weight.ndim == 2:
            weight.normal_(std=weight.shape[1] ** -0.5)
    everyone = model.open_experts(None)
    return model, [stack(cast(Block, block).mlp.shown(everyone)) for block in model.layers]


def stock_model(model: FlexOlmo, stacks: list[Stack]) -> Any:
    """The same tensors under the peer's names."""
    config = FlexOlmoConfig.from_dict(flexolmo_config(model.architecture, num_experts=EXPERTS, top_k=TOP_K))
    with torch.device("meta"):
        stock = FlexOlmoForCausalLM(config)
    weights = shared_weights(model)
    for number, (block, made) in enumerate(zip(model.layers, stacks, strict=True)):
        prefix = f"model.layers.{number}.mlp."
        rows = cast(Block, block).mlp.shown(model.open_experts(None)).rows
        weights[f"{prefix}gate.weight"] = torch.stack(list(rows))
        weights[f"{prefix}experts.gate_up_proj"], weights[f"{prefix}experts.down_proj"] = made.gate_up, made.down
    stock.load_state_dict(weights, strict=True, assign=True)
    stock.model.rotary_emb = type(stock.model.rotary_emb)(config).to(model.lm_head.weight.device)
    return stock.requires_grad_(False).eval()


def our_step(model: FlexOlmo, batch: int) -> Callable[[], object]:
    """In a graph every replay stands one position further on, until it is put back."""
    device = model.lm_head.weight.device
    decoder = Decoder(model, rows=batch, positions=ROOM)
    token_S = torch.arange(CONTEXT, device=device)
    for row in range(batch):
        decoder.read(row, token_S + row)
    token_R = torch.arange(batch, device=device)
    decoder.step(token_R)
    places = decoder._places
    if places is None:
        raise RuntimeError("a step leaves the places of the next one")

    def step() -> Tensor:
        places.position_T.fill_(CONTEXT)
        return decoder.step(token_R)

    return step


def stock_step(stock: Any, batch: int, mode: str, *, compiled: bool) -> Callable[[], object]:
    device = stock.lm_head.weight.device
    stock.set_experts_implementation("grouped_mm")
    cache = StaticCache(config=stock.config, max_cache_len=ROOM)
    token_BS = torch.arange(CONTEXT, device=device) + torch.arange(batch, device=device)[:, None]
    stock(input_ids=token_BS, past_key_values=cache, use_cache=True, logits_to_keep=1)
    stock.set_experts_implementation(mode)
    call = torch.compile(stock, dynamic=False, mode="reduce-overhead") if compiled else stock
    token_B1 = torch.arange(batch, device=device)[:, None]
    position_B1 = torch.full((batch, 1), CONTEXT, device=device)

    def step() -> Tensor:
        for layer in cache.layers:
            length = layer.cumulative_length
            if torch.is_tensor(length):
                length.fill_(CONTEXT)
            else:
                layer.cumulative_length = CONTEXT
        logit: Tensor = call(
            input_ids=token_B1, past_key_values=cache, use_cache=True, position_ids=position_B1, logits_to_keep=1
        ).logits
        return logit

    return step


def measure(layers: int, budget: Budget) -> list[dict[str, Any]]:
    model, stacks = our_model(layers)
    stock = stock_model(model, stacks)
    found = []
    for batch in BATCHES:
        taken = {"ours": budget.measure(f"{batch} ours", partial(our_time, model, batch))}
        for mode in MODES:
            if mode != "batched_mm" or batch <= BATCHED:
                step = partial(stock_step, stock, batch, mode, compiled=False)
                taken[mode] = budget.measure(f"{batch} {mode}", partial(timed, step))
        found.append({"layers": layers, "texts": batch, "seconds": taken})
    return found


def compiled(layers: int, budget: Budget) -> list[dict[str, Any]]:
    """Apart, and with few layers: compiling takes its time for each of them."""
    model, stacks = our_model(layers)
    stock = stock_model(model, stacks)
    found = []
    for batch in BATCHES[:2]:
        taken = {"ours": budget.measure(f"{batch} ours", partial(our_time, model, batch))}
        for mode in MODES[1:]:
            if mode != "batched_mm" or batch <= BATCHED:
                torch._dynamo.reset()
                step = partial(stock_step, stock, batch, mode, compiled=True)
                taken[f"{mode}, compiled"] = budget.measure(f"{batch} {mode}, compiled", partial(timed, step))
        found.append({"layers": layers, "texts": batch, "seconds": taken})
    return found


def alone(budget: Budget) -> list[dict[str, Any]]:
    if torch.cuda.mem_get_info()[0] < 100e9:
        budget.left_out.append(f"{LAYERS} layers: less than 100 GB of memory are free")
        return []
    model, _ = our_model(LAYERS)
    return [
        {
            "layers": LAYERS,
            "texts": batch,
            "seconds": {"ours": budget.measure(f"{LAYERS} layers, {batch}", partial(our_time, model, batch))},
        }
        for batch in BATCHES
    ]


def our_time(model: FlexOlmo, batch: int) -> float:
    return seconds(our_step(model, batch))


def timed(make: Callable[[], Callable[[], object]]) -> float:
    return seconds(make(), graph=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--layers", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=110.0)
    asked = parser.parse_args()
    if info().backend != "native" or not info().cuda:
        raise SystemExit(f"the native library has no part for this GPU: {info()}")
    budget = Budget(asked.seconds)
    with torch.inference_mode():
        limit = limits()
        print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}, copy {limit.copy / 1e12:.2f} TB/s")
        print(
            f"hidden {HIDDEN}, intermediate {INNER}, E = {EXPERTS}, k = {TOP_K}, {CONTEXT} before; milliseconds a step"
        )
        rows: list[dict[str, Any]] = []
        # Compiling takes the longest and may not come to an end, so it comes last.
        for part in (partial(measure, asked.layers), alone, partial(compiled, 2)):
            rows += part(budget)
            gc.collect()
            torch.cuda.empty_cache()
            tell(rows)
            keep("decode_gpu", {"rows": rows, "left out": budget.left_out})
    for line in budget.left_out:
        print(f"left out: {line}")


def tell(rows: list[dict[str, Any]]) -> None:
    names = list(dict.fromkeys(name for row in rows for name in row["seconds"]))
    cells = [
        [str(row["layers"]), str(row["texts"])]
        + [f"{taken * 1e3:.2f}" if (taken := row["seconds"].get(name)) else "-" for name in names]
        for row in rows
    ]
    print(table(["layers", "texts", *names], cells), flush=True)


if __name__ == "__main__":
    main()
