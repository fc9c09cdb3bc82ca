"""An expert inside a training: its answer natively, and backward only what is asked for.

Of a frozen expert nothing is worked out for its weights. Kept for the way back are the two inner products alone; what
follows from them is cheaper to make again than to keep.

Shapes: N tokens, D width, F the expert's inner width.
"""

from typing import Any

import torch
from torch import Tensor

from flexcore.kernels.library import DTYPES, info
from flexcore.kernels.linear import many
from flexcore.ops.moe import Experts
from flexcore.ops.moe import ask as plain_ask

Gradients = tuple[Tensor | None, Tensor | None, Tensor | None, Tensor | None]


def ask(experts: Experts, number: int, x_ND: Tensor) -> Tensor:
    """As `flexcore.ops.moe.ask`, where a gradient may be wanted."""
    dtype = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else x_ND.dtype
    if x_ND.device.type != "cpu" or dtype not in DTYPES or info().backend != "native":
        return plain_ask(experts, number, x_ND)
    gate_FD, up_FD, down_DF = experts.gates[number], experts.ups[number], experts.downs[number]
    answer_ND: Tensor = _Asked.apply(  # type: ignore[no-untyped-call]
        x_ND.to(dtype), gate_FD.to(dtype), up_FD.to(dtype), down_DF.to(dtype)
    )
    return answer_ND


class _Asked(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x_ND: Tensor, gate_FD: Tensor, up_FD: Tensor, down_DF: Tensor) -> Tensor:
        with torch.autocast("cpu", enabled=False):
            gate_NF, up_NF = many(x_ND, gate_FD), many(x_ND, up_FD)
            ctx.save_for_backward(x_ND, gate_NF, up_NF, gate_FD, up_FD, down_DF)
            return many(torch.ops.flexcore.silu_mul(gate_NF, up_NF), down_DF)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Gradients:
        x_ND, gate_NF, up_NF, gate_FD, up_FD, down_DF = ctx.saved_tensors
        to_x, to_gate, to_up, to_down = ctx.needs_input_grad
        answer_ND = gradients[0]
        into_x = into_gate = into_up = into_down = None
        with torch.autocast("cpu", enabled=False):
            if to_down:
                into_down = answer_ND.t() @ torch.ops.flexcore.silu_mul(gate_NF, up_NF)
            inner_NF = answer_ND @ down_DF
            into_up_NF = inner_NF * torch.nn.functional.silu(gate_NF)
            into_gate_NF = torch.ops.aten.silu_backward(inner_NF.mul_(up_NF), gate_NF)
            if to_x:
                into_x = (into_gate_NF @ gate_FD).addmm_(into_up_NF, up_FD)
            if to_gate:
                into_gate = into_gate_NF.t() @ x_ND
            if to_up:
                into_up = into_up_NF.t() @ x_ND
        return into_x, into_gate, into_up, into_down
