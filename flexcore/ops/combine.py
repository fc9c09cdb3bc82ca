"""Brings the experts' answers back to their tokens and adds them up by weight.

Shapes: T tokens, D width, K experts a token, N = T*K routed tokens.
"""

from torch import Tensor


def combine(answer_ND: Tensor, place_TK: Tensor, weight_TK: Tensor) -> Tensor:
    """One sum a token, always in the order of its experts' weights: no atomics, the same bits every time."""
    return (answer_ND[place_TK] * weight_TK.unsqueeze(-1)).sum(dim=1)
