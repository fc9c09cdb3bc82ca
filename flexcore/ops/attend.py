"""Causal attention: each position looks at itself and what came before.

Shapes: B batch, S positions, H heads, C channels a head.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

SHORT = 512  # positions up to which the whole score matrix is cheap to hold


def attend(query_BHSC: Tensor, key_BHSC: Tensor, value_BHSC: Tensor) -> Tensor:
    """Keys and values may have fewer heads than queries, each then serving several."""
    shared = query_BHSC.shape[1] != key_BHSC.shape[1]
    needs_gradient = torch.is_grad_enabled() and query_BHSC.requires_grad
    if needs_gradient and query_BHSC.device.type == "cpu" and query_BHSC.shape[2] <= SHORT and not shared:
        return attend_in_full(query_BHSC, key_BHSC, value_BHSC)
    return F.scaled_dot_product_attention(query_BHSC, key_BHSC, value_BHSC, is_causal=True, enable_gqa=shared)


def attend_in_full(query_BHSC: Tensor, key_BHSC: Tensor, value_BHSC: Tensor) -> Tensor:
    """The same with every score written down. On a CPU its backward takes half as long as the fused one's."""
    positions = query_BHSC.shape[2]
    unseen_SS = torch.full((positions, positions), -math.inf, device=query_BHSC.device).triu(1)
    score_BHSS = query_BHSC @ key_BHSC.transpose(-1, -2) / math.sqrt(query_BHSC.shape[-1])
    weight_BHSS = (score_BHSS.float() + unseen_SS).softmax(dim=-1)
    return weight_BHSS.to(value_BHSC.dtype) @ value_BHSC
