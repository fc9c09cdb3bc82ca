"""The MoE layer against kt-kernel's (bf16), where that is installed beside this: `pip install kt-kernel gguf`.

    python -m benchmarks.moe_kt [--threads 1]

kt-kernel is given the routing; ours does its own. It hands work to threads of its own, which on a machine with few
cores costs more than the layer: only its many tokens say something about its products.
"""

import argparse
from functools import partial
from typing import Any

import torch
from torch import Tensor

from benchmarks.machine import processor
from benchmarks.models import Shape, our_model
from benchmarks.moe_cpu import logits
from benchmarks.timing import Work, medians, table
from flexcore.kernels import info
from flexcore.kernels.moe import native_moe
from flexcore.ops.moe import Experts

TOKENS = (1, 8, 64, 512)


class KtLayers:
    """Our weights in kt-kernel's layers; they keep copies of their own, laid out as they like them."""

    def __init__(self, layers: list[Experts], shape: Shape, threads: int) -> None:
        from kt_kernel import kt_kernel_ext as kt  # noqa: PLC0415  # not among our requirements

        pool = kt.WorkerPoolConfig()
        pool.subpool_count, pool.subpool_numa_map, pool.subpool_thread_count = 1, [0], [threads]
        self._processor = kt.CPUInfer(pool)
        self._layers: list[Any] = []
        on_gpu, order = torch.zeros(shape.experts, dtype=torch.bool), torch.arange(shape.experts)
        self._kept = on_gpu, order  # the layers hold their addresses
        for number, layer in enumerate(layers):
            config = kt.moe.MOEConfig(shape.experts, shape.top_k, shape.hidden, shape.inner, on_gpu.data_ptr())
            config.layer_idx, config.pool, config.max_len = number, self._processor.backend_, max(TOKENS)
            for part in ("gate", "up", "down"):
                weights = getattr(layer, f"{part}s")
                setattr(config, f"{part}_projs", [[weight.data_ptr() for weight in weights]])
                setattr(config, f"{part}_scales", [[0] * shape.experts])
            made = kt.moe.AMXBF16_MOE(config)
            self._processor.submit(made.load_weights_task(order.data_ptr()))
            self._processor.sync()
            self._layers.append(made)

    def ask(self, number: int, x_TD: Tensor, routing: tuple[Tensor, Tensor]) -> Tensor:
        weight_TK, expert_TK = routing
        y_TD, count = torch.empty_like(x_TD), torch.tensor([len(x_TD)], dtype=torch.int32)
        places = [tensor.data_ptr() for tensor in (expert_TK, weight_TK, x_TD, y_TD)]
        self._processor.submit(self._layers[number].forward_task(count.data_ptr(), expert_TK.shape[1], *places, False))
        self._processor.sync()
        return y_TD


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    print(f"{processor()}, {asked.threads} threads; {info()}")
    shape = Shape()
    layers = [layer.mlp.shown(range(shape.experts)) for layer in our_model(shape, torch.bfloat16).blocks()]
    theirs, rows = KtLayers(layers, shape, asked.threads), []
    for tokens in TOKENS:
        x_TD = torch.randn(tokens, shape.hidden, generator=torch.Generator().manual_seed(tokens)).bfloat16()
        routings = [_routing(layer, x_TD, shape.top_k) for layer in layers]
        ours_TD = native_moe(x_TD, layers[0], top_k=shape.top_k).x_TD
        fault = (theirs.ask(0, x_TD, routings[0]) - ours_TD).abs().max() / ours_TD.abs().max()
        works: dict[str, Work] = {
            "ours": partial(_ours, layers, x_TD, shape.top_k),
            "kt-kernel": partial(_theirs, theirs, x_TD, routings),
        }
        taken = medians(works, rounds=5)
        ours, kt = (taken[name] / shape.layers * 1e3 for name in works)
        rows.append([str(tokens), f"{ours:.3f}", f"{kt:.3f}", f"{kt / ours:.2f}", f"{float(fault):.4f}"])
    print(table(["tokens", "ours, ms a layer", "kt-kernel", "x", "furthest apart, of the largest"], rows))


def _ours(layers: list[Experts], x_TD: Tensor, top_k: int) -> None:
    for layer in layers:
        native_moe(x_TD, layer, top_k=top_k)


def _theirs(layers: KtLayers, x_TD: Tensor, routings: list[tuple[Tensor, Tensor]]) -> None:
    for number, routing in enumerate(routings):
        layers.ask(number, x_TD, routing)


def _routing(layer: Experts, x_TD: Tensor, top_k: int) -> tuple[Tensor, Tensor]:
    weight_TK, expert_TK = logits(layer, x_TD, top_k).softmax(-1).topk(top_k)
    return weight_TK.to(x_TD.dtype).float().contiguous(), expert_TK.contiguous()


if __name__ == "__main__":
    main()
