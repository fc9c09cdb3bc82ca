"""What comes out of each native operation, in shape and dtype alone: for `torch.compile`, export and `opcheck`."""

from collections.abc import Sequence

import torch
from torch import Tensor

Routed = tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]


def route(
    x_TD: Tensor,
    rows: Sequence[Tensor],
    biases: Sequence[Tensor],
    top_k: int,
    mask: Tensor | None,
    slot_T: Tensor | None,
) -> Routed:
    tokens, experts = x_TD.shape[0], len(rows)

    def counted(*shape: int) -> Tensor:
        return x_TD.new_empty(shape, dtype=torch.int32)

    return (
        x_TD.new_empty((tokens, top_k)),
        counted(tokens, top_k),
        x_TD.new_empty((tokens, experts), dtype=torch.float32),
        counted(tokens * top_k),
        counted(tokens, top_k),
        counted(experts),
    )


def moe(
    x_TD: Tensor,
    rows: Sequence[Tensor],
    biases: Sequence[Tensor],
    gates: Sequence[Tensor],
    ups: Sequence[Tensor],
    downs: Sequence[Tensor],
    top_k: int,
    mask: Tensor | None,
    slot_T: Tensor | None,
) -> tuple[Tensor, Tensor]:
    return torch.empty_like(x_TD), x_TD.new_empty((x_TD.shape[0], len(rows)), dtype=torch.float32)


def combine(answer_ND: Tensor, place_TK: Tensor, weight_TK: Tensor) -> Tensor:
    return answer_ND.new_empty((place_TK.shape[0], answer_ND.shape[1]))


def silu_mul(gate_NF: Tensor, up_NF: Tensor) -> Tensor:
    return torch.empty_like(gate_NF)


def linears(x_TD: Tensor, weights: Sequence[Tensor]) -> Tensor:
    return x_TD.new_empty((x_TD.shape[0], sum(weight.shape[0] for weight in weights)))


def norm_add(residual_TD: Tensor, x_TD: Tensor, weight_D: Tensor, eps: float) -> Tensor:
    return torch.empty_like(x_TD)


def turn(
    qkv: Tensor,
    query_norm: Tensor,
    key_norm: Tensor,
    cos_PC: Tensor,
    sin_PC: Tensor,
    row_T: Tensor,
    position_T: Tensor,
    keys_RGPC: Tensor,
    values_RGPC: Tensor,
    eps: float,
) -> Tensor:
    channels = keys_RGPC.shape[3]
    return qkv.new_empty((qkv.shape[0], query_norm.shape[0] // channels, channels))


def attend_step(query_THC: Tensor, keys_RGPC: Tensor, values_RGPC: Tensor, row_T: Tensor, position_T: Tensor) -> Tensor:
    return query_THC.new_empty((query_THC.shape[0], query_THC.shape[1] * query_THC.shape[2]))


def attend_texts(query_RSHC: Tensor, keys_RGPC: Tensor, values_RGPC: Tensor) -> Tensor:
    rows, positions, heads, channels = query_RSHC.shape
    return query_RSHC.new_empty((rows, positions, heads * channels))


def register() -> None:
    """Once, after the library was loaded."""
    for shape in (route, moe, combine, silu_mul, linears, norm_add, turn, attend_step, attend_texts):
        torch.library.register_fake(f"flexcore::{shape.__name__}", shape)
