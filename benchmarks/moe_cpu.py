"""The MoE layer alone, against the one in `transformers`, by tokens; and what masks cost.

    python -m benchmarks.moe_cpu [--threads 1]

As many layers take turns as no cache holds, so that weights come from memory as they do in a model.
"""

import argparse
import os
from collections.abc import Callable
from functools import partial
from typing import Any

os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

import torch
from torch import Tensor

from benchmarks.machine import limits, processor
from benchmarks.models import Shape, our_model, stock_model
from benchmarks.timing import Work, medians, table
from flexcore.kernels import info
from flexcore.kernels.moe import native_moe
from flexcore.ops.moe import Experts, Masks

TOKENS = (1, 2, 4, 8, 16, 64, 128, 512)
MODES = ("eager", "grouped_mm", "batched_mm")
FEW = 8  # tokens for which copying each one's weights, as batched_mm does, can be waited for


def through(layers: list[Callable[[Tensor], object]], x_TD: Tensor) -> Work:
    def work() -> None:
        with torch.inference_mode():
            for layer in layers:
                layer(x_TD)

    return work


def stock_layers(stock: Any, mode: str) -> list[Callable[[Tensor], object]]:
    def asked(layer: Any) -> Callable[[Tensor], object]:
        def call(x_TD: Tensor) -> object:
            if stock.config._experts_implementation != mode:
                stock.set_experts_implementation(mode)
            return layer.mlp(x_TD[None])

        return call

    return [asked(layer) for layer in stock.model.layers]


def our_layers(experts: list[Experts], top_k: int, masks: list[Masks | None]) -> list[Callable[[Tensor], object]]:
    pairs = zip(experts, masks, strict=True)
    return [partial(native_moe, experts=layer, top_k=top_k, masks=mask) for layer, mask in pairs]


def logits(layer: Experts, x_TD: Tensor, top_k: int) -> Tensor:
    logit_TA = native_moe(x_TD, layer, top_k=top_k).logit_TA
    if logit_TA is None:
        raise ValueError("one expert alone is not chosen: give the shape two or more")
    return logit_TA


def same_work(layers: list[Experts], x_TD: Tensor, top_k: int) -> list[Masks | None]:
    """A mask of its own for every token that closes experts it would not have asked: the work stays what it was."""
    masks: list[Masks | None] = []
    for layer in layers:
        logit_TA = logits(layer, x_TD, top_k)
        order_TA = logit_TA.argsort(dim=1, descending=True)
        open_TA = torch.zeros_like(logit_TA, dtype=torch.int32)
        for token, order in enumerate(order_TA):
            open_TA[token, order[: top_k + token % 3]] = 1
        word_T = (open_TA << torch.arange(len(layer), dtype=torch.int32)).sum(dim=1).to(torch.int32)
        masks.append(Masks(word_T, torch.arange(len(x_TD), dtype=torch.int32)))
    return masks


def measure(shape: Shape, dtype: torch.dtype, read_gbs: float, gflops: float) -> list[list[str]]:
    model = our_model(shape, dtype)
    stock = stock_model(model)
    layers = [layer.mlp.shown(range(shape.experts)) for layer in model.blocks()]
    rows = []
    for tokens in TOKENS:
        x_TD = torch.randn(tokens, shape.hidden, generator=torch.Generator().manual_seed(tokens)).to(dtype)
        works = {
            "ours": through(our_layers(layers, shape.top_k, [None] * len(layers)), x_TD),
            "masked": through(our_layers(layers, shape.top_k, same_work(layers, x_TD, shape.top_k)), x_TD),
        }
        for mode in MODES:
            if mode != "batched_mm" or tokens <= FEW:
                works[mode] = through(stock_layers(stock, mode), x_TD)
        taken = medians(works, rounds=4, seconds=0.5)
        peers = {mode: taken[mode] for mode in MODES if mode in taken}
        best = min(peers, key=peers.__getitem__)
        asked = sum(_asked(layer, x_TD, shape.top_k) for layer in layers)
        read = asked * 3 * shape.hidden * shape.inner * x_TD.element_size() / taken["ours"] / 1e9
        done = tokens * shape.layers * shape.top_k * 6 * shape.hidden * shape.inner / taken["ours"] / 1e9
        rows.append(
            [
                f"{tokens} {str(dtype).removeprefix('torch.')}",
                f"{taken['ours'] / shape.layers * 1e3:.3f}",
                f"{taken['grouped_mm'] / taken['ours']:.2f}",
                f"{peers[best] / taken['ours']:.2f} ({best})",
                f"{read / read_gbs:.0%}",
                f"{done / gflops:.0%}",
                f"{taken['ours'] / taken['masked']:.2f}",
            ]
        )
    return rows


def _asked(layer: Experts, x_TD: Tensor, top_k: int) -> int:
    return len(set(logits(layer, x_TD, top_k).topk(top_k).indices.flatten().tolist()))


HEAD = ["tokens", "ours, ms a layer", "x default", "x best mode", "of reading", "of multiplying", "masked / unmasked"]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    limit = limits(asked.threads)
    gflops = ", ".join(
        f"{str(dtype).removeprefix('torch.')} {rate:.0f} GFLOP/s" for dtype, rate in limit.gflops.items()
    )
    print(f"{processor()}, {asked.threads} threads: {gflops}, reading {limit.read_gbs:.1f} GB/s; {info()}")
    rows = [row for dtype in limit.gflops for row in measure(Shape(), dtype, limit.read_gbs, limit.gflops[dtype])]
    print(table(HEAD, rows))


if __name__ == "__main__":
    main()
