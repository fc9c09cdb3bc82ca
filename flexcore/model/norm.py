"""A norm's weight. What norming means is `flexcore.ops.norm`."""

import torch
from torch import Tensor, nn

from flexcore.kernels.norm import norm_add, rms_norm


class RMSNorm(nn.Module):
    def __init__(self, width: int, *, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        return rms_norm(x, self.weight, self.eps)

    def added_to(self, residual: Tensor, x: Tensor) -> Tensor:
        """The residual stream with the norm of x added."""
        return norm_add(residual, x, self.weight, self.eps)
