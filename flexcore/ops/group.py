"""Puts the tokens that ask the same expert side by side, so that each expert answers once.

Shapes: T tokens, K experts a token, A active experts, N = T*K routed tokens.
"""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Grouping:
    """token_N: which token stands in each place; count_A: places of each expert; place_TK: where a token's went."""

    token_N: Tensor
    count_A: Tensor
    place_TK: Tensor


def group_by_expert(position_TK: Tensor, *, active: int) -> Grouping:
    """Stable: within an expert, tokens keep their order, so the same tokens always make the same product."""
    wanted_N = position_TK.flatten()
    order_N = wanted_N.argsort(stable=True)
    place_N = torch.empty_like(order_N)
    place_N[order_N] = torch.arange(order_N.numel(), device=order_N.device)
    return Grouping(
        token_N=order_N // position_TK.shape[1],
        count_A=torch.bincount(wanted_N, minlength=active),
        place_TK=place_N.view_as(position_TK),
    )
