"""What one expert answers: down(silu(gate x) * up x).

Shapes: N tokens, D width, F the expert's inner width.
"""

import torch.nn.functional as F
from torch import Tensor


def swiglu(x_ND: Tensor, gate_FD: Tensor, up_FD: Tensor, down_DF: Tensor) -> Tensor:
    return F.linear(silu_mul(F.linear(x_ND, gate_FD), F.linear(x_ND, up_FD)), down_DF)


def silu_mul(gate_NF: Tensor, up_NF: Tensor) -> Tensor:
    return F.silu(gate_NF) * up_NF
