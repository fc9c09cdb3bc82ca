"""A layer's experts and how many a token asks. What asking means is `flexcore.ops.moe`.

Shapes: T tokens, D width, F an expert's inner width, N routed tokens.
"""

from collections.abc import Callable, Sequence
from typing import Self, cast

import torch
from torch import Tensor, nn

from flexcore.config import Architecture
from flexcore.kernels.grouped import settle
from flexcore.kernels.moe import moe
from flexcore.ops.moe import Answer, Experts


class Expert(nn.Module):
    """One expert's part of one layer: its feed-forward and its router row. They travel together."""

    def __init__(self, a: Architecture) -> None:
        super().__init__()
        self.gate_proj = nn.Parameter(torch.empty(a.intermediate_size, a.hidden_size))
        self.up_proj = nn.Parameter(torch.empty(a.intermediate_size, a.hidden_size))
        self.down_proj = nn.Parameter(torch.empty(a.hidden_size, a.intermediate_size))
        self.router_row = nn.Parameter(torch.zeros(a.hidden_size))
        self.router_bias = nn.Parameter(torch.zeros(()))


class MoE(nn.Module):
    """Shows a call the open experts only: a closed one has no part in any product, and nothing of it is read."""

    def __init__(self, a: Architecture, *, num_experts: int, top_k: int) -> None:
        super().__init__()
        self.experts = nn.ModuleList(Expert(a) for _ in range(num_experts))
        self.top_k = top_k

    def forward(self, x_TD: Tensor, active: Sequence[int]) -> Answer:
        """`active` holds the open experts, in rising order."""
        return moe(x_TD, self.shown(active), top_k=self.top_k)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """What `.to` and its like come down to: wherever the layer goes, its weights lie as that device wants them."""
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        settle(self.shown(range(len(self.experts))))
        return self

    def shown(self, active: Sequence[int]) -> Experts:
        experts = [cast(Expert, self.experts[number]) for number in active]
        return Experts(
            rows=[expert.router_row for expert in experts],
            biases=[expert.router_bias for expert in experts],
            gates=[expert.gate_proj for expert in experts],
            ups=[expert.up_proj for expert in experts],
            downs=[expert.down_proj for expert in experts],
        )
