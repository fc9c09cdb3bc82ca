"""A frozen expert inside a training: its answer natively, and backward only what those before it need.

Nothing is kept for a gradient of its weights, since none is asked for.

Shapes: N tokens, D width, F the expert's inner width.
"""

from typing import Any

import torch
from torch import Tensor

from flexcore.kernels.library import DTYPES, info
from flexcore.kernels.linear import many
from flexcore.ops.moe import Experts
from flexcore.ops.moe import ask as plain_ask


def ask(experts: Experts, number: int, x_ND: Tensor) -> Tensor:
    """As `flexcore.ops.moe.ask`, where a gradient may be wanted."""
    gate_FD, up_FD, down_DF = experts.gates[number], experts.ups[number], experts.downs[number]
    frozen = not (gate_FD.requires_grad or up_FD.requires_grad or down_DF.requires_grad)
    dtype = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else x_ND.dtype
    if not frozen or x_ND.device.type != "cpu" or dtype not in DTYPES or info().backend != "native":
        return plain_ask(experts, number, x_ND)
    answer_ND: Tensor = _Frozen.apply(  # type: ignore[no-untyped-call]
        x_ND.to(dtype), gate_FD.to(dtype), up_FD.to(dtype), down_DF.to(dtype)
    )
    return answer_ND


class _Frozen(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x_ND: Tensor, gate_FD: Tensor, up_FD: Tensor, down_DF: Tensor) -> Tensor:
        with torch.autocast("cpu", enabled=False):
            gate_NF, up_NF = many(x_ND, gate_FD), many(x_ND, up_FD)
            ctx.save_for_backward(gate_NF, up_NF, gate_FD, up_FD, down_DF)
            return many(torch.ops.flexcore.silu_mul(gate_NF, up_NF), down_DF)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None, None]:
        gate_NF, up_NF, gate_FD, up_FD, down_DF = ctx.saved_tensors
        with torch.autocast("cpu", enabled=False):
            inner_NF = gradients[0] @ down_DF
            silu_NF = torch.nn.functional.silu(gate_NF)
            into_gate_NF = torch.ops.aten.silu_backward(inner_NF * up_NF, gate_NF)
            return into_gate_NF @ gate_FD + (inner_NF * silu_NF) @ up_FD, None, None, None
