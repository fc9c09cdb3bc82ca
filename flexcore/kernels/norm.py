"""RMSNorm: its sum with the residual stream in one pass over both, and with a frozen weight a short way back.

Shapes: T tokens, D width.
"""

from typing import Any

import torch
from torch import Tensor

from flexcore.kernels.library import can_do
from flexcore.ops.norm import rms_norm as plain_rms_norm


def norm_add(residual: Tensor, x: Tensor, weight_D: Tensor, eps: float) -> Tensor:
    """As `flexcore.ops.norm.norm_add`."""
    if not can_do(x, residual, weight_D):
        return residual + rms_norm(x, weight_D, eps)
    width = x.shape[-1]
    added: Tensor = torch.ops.flexcore.norm_add(residual.view(-1, width), x.view(-1, width), weight_D, eps)
    return added.view(x.shape)


def rms_norm(x: Tensor, weight_D: Tensor, eps: float) -> Tensor:
    """As `flexcore.ops.norm.rms_norm`. A weight that learns is left to plain PyTorch."""
    if weight_D.requires_grad or not (torch.is_grad_enabled() and x.requires_grad):
        return plain_rms_norm(x, weight_D, eps)
    normed: Tensor = _Normed.apply(x, weight_D, eps)  # type: ignore[no-untyped-call]
    return normed


class _Normed(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight_D: Tensor, eps: float) -> Tensor:
        wide = x.float()
        scale = torch.rsqrt(wide.square().mean(dim=-1, keepdim=True) + eps)
        ctx.save_for_backward(x, weight_D, scale)
        return (weight_D * (wide * scale)).to(x.dtype)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        x, weight_D, scale = ctx.saved_tensors
        wide, inner = x.float(), gradients[0].float() * weight_D
        along = (inner * wide).mean(dim=-1, keepdim=True) * scale.square()
        return torch.addcmul(inner, wide, along, value=-1.0).mul_(scale).to(x.dtype), None, None
