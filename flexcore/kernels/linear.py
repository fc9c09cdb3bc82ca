"""Products with a weight. Few tokens are bound by reading it, many by multiplying, so they take different roads.

oneDNN and MKL are both in PyTorch's wheel; in fp32 MKL falls far behind on some processors, so the two are timed once.

Shapes: T tokens, D width, O what comes out.
"""

import time
from collections.abc import Callable
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

from flexcore.kernels.library import can_do

FEW = 16  # tokens up to which streaming the weight past them is the faster way


def linear(x: Tensor, weight_OD: Tensor) -> Tensor:
    """x @ weight_OD^T, for x of any shape with the width last."""
    if not can_do(x, weight_OD):
        return F.linear(x, weight_OD)
    if x.numel() <= FEW * x.shape[-1]:
        flat = x.reshape(-1, x.shape[-1])
        product: Tensor = torch.ops.flexcore.linears(flat, [weight_OD])
        return product.view(*x.shape[:-1], -1)
    return many(x, weight_OD)


def linears(x_TD: Tensor, *weights: Tensor) -> Tensor:
    """The products with several weights, side by side."""
    if can_do(x_TD, *weights) and x_TD.shape[0] <= FEW:
        product: Tensor = torch.ops.flexcore.linears(x_TD, weights)
        return product
    return torch.cat([linear(x_TD, weight) for weight in weights], dim=1)


def many(x: Tensor, weight_OD: Tensor) -> Tensor:
    """For many tokens, without asking whether a gradient is wanted."""
    if x.dtype == torch.float32 and x.device.type == "cpu" and onednn_wins(torch.get_num_threads()):
        return _onednn(x, weight_OD)
    return F.linear(x, weight_OD)


@cache
def onednn_wins(threads: int) -> bool:
    """Both on a product of a few milliseconds, the best of some rounds. Asked once for a number of threads."""
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return False
    x, weight = torch.ones(256, 512), torch.ones(1024, 512)
    with torch.inference_mode():
        rounds = [(_seconds(F.linear, x, weight), _seconds(_onednn, x, weight)) for _ in range(5)]
    return min(onednn for _, onednn in rounds) < min(mkl for mkl, _ in rounds)


def _seconds(way: Callable[[Tensor, Tensor], Tensor], x: Tensor, weight: Tensor) -> float:
    start = time.perf_counter()
    way(x, weight)
    return time.perf_counter() - start


def _onednn(x: Tensor, weight_OD: Tensor) -> Tensor:
    product: Tensor = torch.ops.mkldnn._linear_pointwise(x, weight_OD, None, "none", [], "")
    return product
