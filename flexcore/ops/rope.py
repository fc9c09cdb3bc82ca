"""Rotary positions: turns each pair of a head's channels by an angle that grows with the position.

Shapes: B batch, S positions, H heads, C channels a head.
"""

import torch
from torch import Tensor


def rope_tables(
    positions: int, channels: int, theta: float, device: torch.device | None = None
) -> tuple[Tensor, Tensor]:
    """cos_SC and sin_SC, always fp32."""
    frequency = 1.0 / (theta ** (torch.arange(0, channels, 2, dtype=torch.float, device=device) / channels))
    angle = torch.arange(positions, dtype=torch.float, device=device)[:, None] * frequency
    angle_SC = torch.cat((angle, angle), dim=-1)
    return angle_SC.cos(), angle_SC.sin()


def rotate(x_BHSC: Tensor, cos_SC: Tensor, sin_SC: Tensor) -> Tensor:
    """Pairs are channel i and i + C/2. The turn is made in fp32, the answer has x's dtype."""
    left, right = x_BHSC.chunk(2, dim=-1)
    return (x_BHSC * cos_SC + torch.cat((-right, left), dim=-1) * sin_SC).to(x_BHSC.dtype)
