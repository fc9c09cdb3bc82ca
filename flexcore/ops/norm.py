"""RMSNorm: fp32 inside; the weight is multiplied before the cast back, as OLMo-2 does.

Shapes: any, with the width last.
"""

import torch
from torch import Tensor


def rms_norm(x: Tensor, weight_D: Tensor, eps: float) -> Tensor:
    wide = x.float()
    wide = wide * torch.rsqrt(wide.square().mean(dim=-1, keepdim=True) + eps)
    return (weight_D * wide).to(x.dtype)


def norm_add(residual: Tensor, x: Tensor, weight_D: Tensor, eps: float) -> Tensor:
    """What a block adds to the residual stream: the norm of its answer."""
    return residual + rms_norm(x, weight_D, eps)
