"""RMSNorm and its sum with the residual stream, in one pass over both."""

import torch
from torch import Tensor

from flexcore.kernels.library import can_do
from flexcore.ops.norm import norm_add as plain_norm_add


def norm_add(residual: Tensor, x: Tensor, weight_D: Tensor, eps: float) -> Tensor:
    """As `flexcore.ops.norm.norm_add`."""
    if not can_do(x, residual, weight_D):
        return plain_norm_add(residual, x, weight_D, eps)
    width = x.shape[-1]
    added: Tensor = torch.ops.flexcore.norm_add(residual.view(-1, width), x.view(-1, width), weight_D, eps)
    return added.view(x.shape)
