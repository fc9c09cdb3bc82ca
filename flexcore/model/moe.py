"""A mixture-of-experts layer: choose among the open experts, ask them, add their answers up.

A closed expert is not read, not even by zero (0 * NaN is NaN): its row is not gathered, its weights are not touched.

Shapes: T tokens, D width, F an expert's inner width, E experts, A active experts, K experts a token,
N = T*K routed tokens.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from flexcore.config import Architecture
from flexcore.ops.combine import combine
from flexcore.ops.group import group_by_expert
from flexcore.ops.route import route, router_logits
from flexcore.ops.swiglu import swiglu


@dataclass(frozen=True, slots=True)
class Answer:
    """What the layer adds, and the logits it chose by (none where only one expert is open)."""

    x_TD: Tensor
    logit_TA: Tensor | None


class Expert(nn.Module):
    """One expert's part of one layer: its feed-forward and its router row. They travel together."""

    def __init__(self, a: Architecture) -> None:
        super().__init__()
        self.gate_proj = nn.Parameter(torch.empty(a.intermediate_size, a.hidden_size))
        self.up_proj = nn.Parameter(torch.empty(a.intermediate_size, a.hidden_size))
        self.down_proj = nn.Parameter(torch.empty(a.hidden_size, a.intermediate_size))
        self.router_row = nn.Parameter(torch.zeros(a.hidden_size))
        self.router_bias = nn.Parameter(torch.zeros(()))

    def forward(self, x_ND: Tensor) -> Tensor:
        return swiglu(x_ND, self.gate_proj, self.up_proj, self.down_proj)


class MoE(nn.Module):
    def __init__(self, a: Architecture, *, num_experts: int, top_k: int) -> None:
        super().__init__()
        self.experts = nn.ModuleList(Expert(a) for _ in range(num_experts))
        self.top_k = top_k

    def forward(self, x_TD: Tensor, active: Sequence[int]) -> Answer:
        """`active` holds the open experts, in rising order. With K >= A everyone is asked, and nothing is sorted."""
        experts = [self._expert(number) for number in active]
        if len(experts) == 1:
            return Answer(experts[0](x_TD), None)  # the softmax of one logit is exactly 1
        row_AD = torch.stack([expert.router_row for expert in experts])
        bias_A = torch.stack([expert.router_bias for expert in experts])
        if self.top_k >= len(experts):
            logit_TA = router_logits(x_TD, row_AD, bias_A)
            weight_TA = logit_TA.softmax(dim=-1).to(x_TD.dtype)
            answers = [expert(x_TD) * weight_TA[:, i, None] for i, expert in enumerate(experts)]
            return Answer(torch.stack(answers).sum(dim=0), logit_TA)
        routing = route(x_TD, row_AD, bias_A, top_k=self.top_k)
        grouping = group_by_expert(routing.position_TK, active=len(experts))
        groups = torch.split(x_TD[grouping.token_N], grouping.count_A.tolist())
        answer_ND = torch.cat([expert(x_ND) for expert, x_ND in zip(experts, groups, strict=True)])
        return Answer(combine(answer_ND, grouping.place_TK, routing.weight_TK), routing.logit_TA)

    def _expert(self, number: int) -> Expert:
        return cast(Expert, self.experts[number])
