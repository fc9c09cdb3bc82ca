"""The mixture of experts for many tokens as grouped products over stacked weights. In bf16 on an H100 or newer nothing
of it waits for the device: how many tokens an expert has stays where it was counted. (For other dtypes and devices
PyTorch asks for the counts.) Meant for the GPU; the processor can run it too.

A layer is stacked when it moves to a device where that pays. Nobody remembers it: where weights lie says by itself
whether they stand in a stack, and weights that were moved or copied since are asked one expert at a time.

Shapes: T tokens, D width, F an expert's inner width, E experts of the stack, A experts shown, K experts a token,
N = T*K routed tokens.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor

from flexcore.kernels.library import can_do
from flexcore.ops.moe import Answer, Experts, Masks


@dataclass(frozen=True, slots=True)
class Stack:
    """One layer's projections, each kind in one piece of memory; the experts' own are views of it."""

    gate_up: Tensor  # E, 2F, D: an expert's gate, then its up projection
    down: Tensor  # E, D, F


def pays(device: str, dtype: torch.dtype) -> bool:
    """Whether many tokens are to be answered by grouped products here."""
    return device == "cuda" and dtype == torch.bfloat16


def settle(experts: Experts) -> None:
    """For all experts of a layer that has just been moved: stacked where that pays. What learns is left alone."""
    weights = (*experts.gates, *experts.ups, *experts.downs)
    here = weights[0]
    if not pays(here.device.type, here.dtype) or any(weight.requires_grad for weight in weights):
        return
    if can_do(here) and _aligned(here) and find_stack(experts) is None:
        stack(experts)


def find_stack(experts: Experts) -> tuple[Stack, list[int]] | None:
    """The stack that these experts are views of, and which of it they are; None where they lie elsewhere."""
    gate_FD, down_DF = experts.gates[0].detach(), experts.downs[0].detach()
    (inner, width), size = gate_FD.shape, gate_FD.numel() * gate_FD.element_size()
    gate_ups, downs = gate_FD.untyped_storage(), down_DF.untyped_storage()
    count = downs.nbytes() // size
    if not _aligned(gate_FD) or downs.nbytes() != count * size or gate_ups.nbytes() != 2 * count * size:
        return None
    slots = [(down.data_ptr() - downs.data_ptr()) // size for down in experts.downs]
    if slots[0] < 0 or slots[-1] >= count or any(a >= b for a, b in pairwise(slots)):
        return None
    begin, begin_down = gate_ups.data_ptr(), downs.data_ptr()
    for slot, *weights in zip(slots, experts.gates, experts.ups, experts.downs, strict=True):
        meant = (begin + 2 * slot * size, begin + (2 * slot + 1) * size, begin_down + slot * size)
        if tuple(weight.data_ptr() for weight in weights) != meant:
            return None
        if not all(weight.is_contiguous() and weight.numel() * weight.element_size() == size for weight in weights):
            return None
    gate_up = gate_FD.as_strided((count, 2 * inner, width), (2 * inner * width, width, 1), 0)
    return Stack(gate_up, down_DF.as_strided((count, width, inner), (width * inner, inner, 1), 0)), slots


def _aligned(gate_FD: Tensor) -> bool:
    """Grouped products want rows of whole pieces of 16 bytes."""
    return all(size > 0 and size * gate_FD.element_size() % 16 == 0 for size in gate_FD.shape)


@torch.no_grad()
def stack(experts: Experts) -> Stack:
    """Moves the projections into a stack and lets the experts' tensors point there: they stay what they were, and no
    second copy is kept. All experts of the layer have to be there, in the order of their slots.
    """
    inner, width = experts.gates[0].shape
    like = experts.gates[0].detach()
    made = Stack(like.new_empty((len(experts), 2 * inner, width)), like.new_empty((len(experts), width, inner)))
    for slot in range(len(experts)):
        moves = (
            (experts.gates[slot], made.gate_up[slot, :inner]),
            (experts.ups[slot], made.gate_up[slot, inner:]),
            (experts.downs[slot], made.down[slot]),
        )
        for weight, place in moves:
            place.copy_(weight)
            weight.data = place
    return made


def grouped_moe(
    x_TD: Tensor,
    experts: Experts,
    stacked: Stack,
    *,
    top_k: int,
    masks: Masks | None = None,
    slots: Sequence[int] | None = None,
) -> Answer:
    """As `flexcore.ops.moe.moe`, for a caller who knows that the native library is there and no gradient is wanted.
    `slots` says which of the stack are shown, in rising order; left out, all are. The others have no tokens, and a
    product does not read the weight of an expert that has none.
    """
    ways = torch.ops.flexcore
    shown, k = len(experts), min(top_k, len(experts))
    mask, slot = (masks.mask_S, masks.slot_T) if masks else (None, None)
    weight_TK, position_TK, logit_TA, order_N, place_TK, count_A = ways.route(
        x_TD, experts.rows, experts.biases, k, mask, slot
    )
    end_E = _ends(count_A, stacked, slots)
    inner = stacked.down.shape[2]
    x_ND = x_TD.index_select(0, order_N // k)
    gate_NF = F.grouped_mm(x_ND, stacked.gate_up[:, :inner].transpose(1, 2), offs=end_E)
    up_NF = F.grouped_mm(x_ND, stacked.gate_up[:, inner:].transpose(1, 2), offs=end_E)
    answer_ND = F.grouped_mm(ways.silu_mul(gate_NF, up_NF), stacked.down.transpose(1, 2), offs=end_E)
    if masks is not None:  # what nobody was open for was answered by nobody, and its place holds anything
        place_TK = place_TK.masked_fill(position_TK == shown, -1)
    return Answer(ways.combine(answer_ND, place_TK, weight_TK), logit_TA if shown > 1 or masks else None)


def _ends(count_A: Tensor, stacked: Stack, slots: Sequence[int] | None) -> Tensor:
    """Where each expert's tokens end."""
    experts = stacked.down.shape[0]
    if slots is None or len(slots) == experts:
        return count_A.cumsum(0, dtype=torch.int32)
    # Built on the device from numbers the host has anyway: the last one shown up to here says where this one ends.
    end_A = torch.cat((count_A.new_zeros(1), count_A.cumsum(0, dtype=torch.int32)))
    return torch.stack([end_A[sum(slot <= up_to for slot in slots)] for up_to in range(experts)])
