"""The mixture of experts, fast. Few tokens: one native call that reads each wanted weight once. Many: a product for
each expert over its tokens, gathered before and added up after; all experts' in one where they are stacked.

Shapes: T tokens, D width, A experts shown, K experts a token, N = T*K routed tokens.
"""

import torch
from torch import Tensor

from flexcore.kernels import grouped
from flexcore.kernels.frozen import ask
from flexcore.kernels.library import can_do
from flexcore.kernels.linear import many
from flexcore.ops.moe import Answer, Experts, Masks
from flexcore.ops.moe import moe as plain_moe

# Tokens up to which the one call is the faster way: measured on a processor (docs/benchmarks.md), reckoned for a GPU.
FEW = {"cpu": 256, "cuda": 128}
MAX_EXPERTS = 32  # a mask is one word


def moe(x_TD: Tensor, experts: Experts, *, top_k: int, masks: Masks | None = None) -> Answer:
    """As `flexcore.ops.moe.moe`."""
    weights = (*experts.rows, *experts.biases, *experts.gates, *experts.ups, *experts.downs)
    if len(experts) > MAX_EXPERTS or not can_do(x_TD, *weights):
        return plain_moe(x_TD, experts, top_k=top_k, masks=masks, ask=ask)
    return native_moe(x_TD, experts, top_k=top_k, masks=masks)


def native_moe(x_TD: Tensor, experts: Experts, *, top_k: int, masks: Masks | None = None) -> Answer:
    """For a caller who knows that nobody asks for a gradient."""
    ways = torch.ops.flexcore
    k = min(top_k, len(experts))
    mask, slot = (masks.mask_S, masks.slot_T) if masks else (None, None)
    if x_TD.shape[0] <= FEW[x_TD.device.type]:
        answer_TD, logit_TA = ways.moe(
            x_TD, experts.rows, experts.biases, experts.gates, experts.ups, experts.downs, k, mask, slot
        )
        return Answer(answer_TD, logit_TA if len(experts) > 1 or masks else None)
    if len(experts) == 1 and masks is None:
        return Answer(_ask(experts, 0, x_TD), None)
    found = grouped.find_stack(experts) if grouped.pays(x_TD.device.type, x_TD.dtype) else None
    if found is not None:
        stacked, slots = found
        return grouped.grouped_moe(x_TD, experts, stacked, top_k=top_k, masks=masks, slots=slots)
    return _one_by_one(x_TD, experts, k, masks)


def _one_by_one(x_TD: Tensor, experts: Experts, k: int, masks: Masks | None) -> Answer:
    """The host has to know how many tokens each expert has."""
    ways = torch.ops.flexcore
    mask, slot = (masks.mask_S, masks.slot_T) if masks else (None, None)
    weight_TK, _, logit_TA, order_N, place_TK, count_A = ways.route(x_TD, experts.rows, experts.biases, k, mask, slot)
    counts = count_A.tolist()
    routed = sum(counts)  # the places behind are of choices that nobody was open for
    groups = torch.split(x_TD.index_select(0, order_N[:routed] // k), counts)
    answers = [_ask(experts, number, group) for number, group in enumerate(groups) if len(group)]
    answer_ND = torch.cat(answers) if answers else x_TD[:0]
    return Answer(ways.combine(answer_ND, place_TK, weight_TK), logit_TA)


def _ask(experts: Experts, number: int, x_ND: Tensor) -> Tensor:
    gate_NF, up_NF = many(x_ND, experts.gates[number]), many(x_ND, experts.ups[number])
    return many(torch.ops.flexcore.silu_mul(gate_NF, up_NF), experts.downs[number])
