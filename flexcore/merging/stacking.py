"""Models of one shape into one model: copied, averaged, or their feed-forwards put side by side.

Shapes: E experts, D width.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from flexcore.model.names import expert_weights, router_rows, shared_weights
from flexcore.model.transformer import FlexOlmo


def empty_model(like: FlexOlmo, *, num_experts: int, top_k: int) -> FlexOlmo:
    """Room for weights, zero all of them, and no bias."""
    model = FlexOlmo(like.architecture, num_experts=num_experts, top_k=top_k).requires_grad_(False).eval()
    for weight in model.parameters():
        weight.zero_()
    return model


@torch.no_grad()
def average(models: Sequence[FlexOlmo], share: Sequence[float] | Tensor | None = None) -> FlexOlmo:
    """A model soup of dense models; `share` says how much of each (default: the same of all), and sums to one."""
    weights = [1 / len(models)] * len(models) if share is None else [float(part) for part in share]
    if len(weights) != len(models) or not abs(sum(weights) - 1) < 1e-4:
        raise ValueError(f"shares {weights} are not one for each of {len(models)} models, one in all")
    soup = empty_model(models[0], num_experts=models[0].num_experts, top_k=models[0].top_k)
    for target, *sources in zip(soup.parameters(), *(model.parameters() for model in models), strict=True):
        for weight, source in zip(weights, sources, strict=True):
            target.add_(source.detach().to(target.dtype), alpha=weight)
    return soup


@torch.no_grad()
def stack(shared: FlexOlmo, dense: Sequence[FlexOlmo], rows_ED: Sequence[Tensor], *, top_k: int) -> FlexOlmo:
    """One expert out of each dense model's feed-forwards, all else from `shared`, a row the same in every layer."""
    model = empty_model(shared, num_experts=len(dense), top_k=top_k)
    held = shared_weights(shared)
    for name, weight in shared_weights(model).items():
        weight.copy_(held[name])
    for slot, (source, row_D) in enumerate(zip(dense, rows_ED, strict=True)):
        found = expert_weights(source, 0)
        for name, weight in expert_weights(model, slot).items():
            weight.copy_(found[name])
        for row in router_rows(model, slot).values():
            row.copy_(row_D)
    return model


def upcycle(anchor: FlexOlmo, rows_ED: Sequence[Tensor], *, top_k: int) -> FlexOlmo:
    """Each expert a copy of the anchor's feed-forwards, told apart by its row alone: where joint training starts."""
    return stack(anchor, [anchor] * len(rows_ED), rows_ED, top_k=top_k)


def without_coordination(
    anchor: FlexOlmo, dense: Sequence[FlexOlmo], rows_ED: Sequence[Tensor], *, top_k: int
) -> FlexOlmo:
    """Experts that never met the frozen anchor while they learned: feed-forwards taken out of dense models."""
    return stack(anchor, [anchor, *dense], rows_ED, top_k=top_k)


def btx(dense: Sequence[FlexOlmo], rows_ED: Sequence[Tensor], *, top_k: int) -> FlexOlmo:
    """Branch-Train-Mix before its last training: feed-forwards become experts, everything else is averaged."""
    return stack(average(dense), dense, rows_ED, top_k=top_k)
