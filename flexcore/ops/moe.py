"""A mixture of experts: choose among those shown, ask them, add their answers up.

An expert that a token may not ask is not read for it, not even by zero (0 * NaN is NaN).

Shapes: T tokens, D width, F an expert's inner width, A experts shown, K experts a token, N = T*K routed tokens,
S slots of requests.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce

import torch
from torch import Tensor

from flexcore.ops.combine import combine
from flexcore.ops.group import group_by_expert
from flexcore.ops.route import route, router_logits
from flexcore.ops.swiglu import swiglu


@dataclass(frozen=True, slots=True)
class Experts:
    """The experts shown to a call, in rising order of their slots: each with its router row and its projections."""

    rows: Sequence[Tensor]  # D each
    biases: Sequence[Tensor]  # scalars
    gates: Sequence[Tensor]  # FD
    ups: Sequence[Tensor]  # FD
    downs: Sequence[Tensor]  # DF

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the layer adds, and the logits it chose by (none where only one expert was shown)."""

    x_TD: Tensor
    logit_TA: Tensor | None


@dataclass(frozen=True, slots=True)
class Masks:
    """For tokens that may not ask everybody: a mask has a bit for each expert shown, slot_T says whose it is. int32."""

    mask_S: Tensor
    slot_T: Tensor

    def open(self, experts: int) -> Tensor:
        bit_A = torch.arange(experts, device=self.mask_S.device)
        return ((self.mask_S[self.slot_T.long()].long()[:, None] >> bit_A) & 1).bool()


Asking = Callable[[Experts, int, Tensor], Tensor]


def ask(experts: Experts, number: int, x_ND: Tensor) -> Tensor:
    """One expert's answers."""
    return swiglu(x_ND, experts.gates[number], experts.ups[number], experts.downs[number])


def moe(x_TD: Tensor, experts: Experts, *, top_k: int, masks: Masks | None = None, ask: Asking = ask) -> Answer:
    """With K >= A everyone is asked, and nothing is sorted. `ask` may be another way to the same answers."""
    if masks is not None:
        return _moe_by_token(x_TD, experts, top_k=top_k, open_TA=masks.open(len(experts)))
    if len(experts) == 1:
        return Answer(ask(experts, 0, x_TD), None)  # the softmax of one logit is exactly 1
    row_AD, bias_A = torch.stack(list(experts.rows)), torch.stack(list(experts.biases))
    if top_k >= len(experts):
        logit_TA = router_logits(x_TD, row_AD, bias_A)
        weight_TA = logit_TA.softmax(dim=-1).to(x_TD.dtype)
        answers = [ask(experts, i, x_TD) * weight_TA[:, i, None] for i in range(len(experts))]
        return Answer(reduce(torch.add, answers), logit_TA)
    routing = route(x_TD, row_AD, bias_A, top_k=top_k)
    grouping = group_by_expert(routing.position_TK, active=len(experts))
    groups = torch.split(x_TD[grouping.token_N], grouping.count_A.tolist())
    answer_ND = torch.cat([ask(experts, i, x_ND) for i, x_ND in enumerate(groups)])
    return Answer(combine(answer_ND, grouping.place_TK, routing.weight_TK), routing.logit_TA)


def _moe_by_token(x_TD: Tensor, experts: Experts, *, top_k: int, open_TA: Tensor) -> Answer:
    """Tokens with the same open experts are answered together, and nobody else is shown to them."""
    answer_TD = torch.zeros_like(x_TD)
    logit_TA = torch.full(open_TA.shape, -torch.inf, device=x_TD.device)
    for set_A in torch.unique(open_TA, dim=0):
        tokens = (open_TA == set_A).all(dim=1).nonzero().flatten()
        active = set_A.nonzero().flatten().tolist()
        if active:
            shown = chosen(experts, active)
            answer = moe(x_TD[tokens], shown, top_k=min(top_k, len(active)))
            answer_TD[tokens] = answer.x_TD
            for place, number in enumerate(active):
                row_AD, bias_A = shown.rows[place][None], shown.biases[place][None]
                logit_TA[tokens, number] = router_logits(x_TD[tokens], row_AD, bias_A)[:, 0]
    return Answer(answer_TD, logit_TA)


def chosen(experts: Experts, active: Sequence[int]) -> Experts:
    """Only these, and nothing of the others."""
    return Experts(
        rows=[experts.rows[i] for i in active],
        biases=[experts.biases[i] for i in active],
        gates=[experts.gates[i] for i in active],
        ups=[experts.ups[i] for i in active],
        downs=[experts.downs[i] for i in active],
    )
