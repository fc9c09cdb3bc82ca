"""Which experts a token asks, and how much each answer counts.

Only the open rows come in, so a closed expert has no part in the product: the numbers are bit for bit those of a
model composed without it. (Masking its logit afterwards is not: the product's bits change with its row count.)

Shapes: T tokens, D width, A active experts, K experts a token.
"""

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Routing:
    """Of each token: its K experts, as positions among the active ones, and their weights; and all its logits."""

    weight_TK: Tensor
    position_TK: Tensor
    logit_TA: Tensor


def router_logits(x_TD: Tensor, row_AD: Tensor, bias_A: Tensor | None = None) -> Tensor:
    """The logits in fp32. A bias only ever holds an expert back: what is above zero counts as zero."""
    logit_TA = F.linear(x_TD, row_AD).float()
    return logit_TA if bias_A is None else logit_TA + bias_A.float().clamp(max=0.0)


def route(x_TD: Tensor, row_AD: Tensor, bias_A: Tensor | None = None, *, top_k: int) -> Routing:
    """Softmax over the active experts, then the best K; not renormalised, as FlexOlmo was trained."""
    logit_TA = router_logits(x_TD, row_AD, bias_A)
    weight_TK, position_TK = logit_TA.softmax(dim=-1).topk(min(top_k, row_AD.shape[0]), dim=-1)
    return Routing(weight_TK.to(x_TD.dtype), position_TK, logit_TA)
