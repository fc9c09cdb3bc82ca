"""RMSNorm: fp32 inside; the weight is multiplied before the cast back, as OLMo-2 does."""

import torch
from torch import Tensor, nn


class RMSNorm(nn.Module):
    def __init__(self, width: int, *, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        wide = x.float()
        wide = wide * torch.rsqrt(wide.square().mean(dim=-1, keepdim=True) + self.eps)
        return (self.weight * wide).to(x.dtype)
