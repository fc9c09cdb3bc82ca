"""Grouped products over stacked weights give what plain PyTorch gives, and closed experts stay out of them."""

import pytest
import torch
from torch import Tensor, nn

from flexcore.kernels import info
from flexcore.kernels.grouped import grouped_moe, stack
from flexcore.ops.moe import Experts, Masks, chosen
from flexcore.ops.moe import moe as plain_moe

PARTS = ("rows", "biases", "gates", "ups", "downs")


@pytest.fixture(autouse=True)
def _native() -> None:
    assert info().backend == "native", info().reason


def drawn(*shape: int, seed: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)).to(dtype)


def drawn_experts(count: int, width: int, inner: int) -> Experts:
    def each(*shape: int, seed: int, scale: float) -> list[Tensor]:
        return [nn.Parameter(drawn(*shape, seed=seed + i) * scale) for i in range(count)]

    return Experts(
        rows=each(width, seed=100, scale=width**-0.5),
        biases=each(seed=200, scale=1.0),
        gates=each(inner, width, seed=300, scale=width**-0.5),
        ups=each(inner, width, seed=400, scale=width**-0.5),
        downs=each(width, inner, seed=500, scale=inner**-0.5),
    )


@torch.no_grad()
@pytest.mark.parametrize(("tokens", "count", "top_k"), [(70, 8, 4), (5, 8, 1), (33, 3, 3), (40, 1, 1)])
def test_many_tokens_get_what_plain_pytorch_gives(tokens: int, count: int, top_k: int) -> None:
    experts, x_TD = drawn_experts(count, 32, 24), drawn(tokens, 32, seed=1)

    answer = grouped_moe(x_TD, experts, stack(experts), top_k=top_k)

    meant = plain_moe(x_TD, experts, top_k=top_k)
    torch.testing.assert_close(answer.x_TD, meant.x_TD, rtol=1e-4, atol=1e-5)
    if meant.logit_TA is None:
        assert answer.logit_TA is None
    else:
        torch.testing.assert_close(answer.logit_TA, meant.logit_TA, rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_bf16_is_near_fp32() -> None:
    experts, x_TD = drawn_experts(4, 64, 48), drawn(80, 64, seed=2)
    small = Experts(*([part.bfloat16() for part in getattr(experts, name)] for name in PARTS))

    answer = grouped_moe(x_TD.bfloat16(), small, stack(small), top_k=4)

    meant = plain_moe(x_TD.bfloat16(), small, top_k=4)
    torch.testing.assert_close(answer.x_TD, meant.x_TD, rtol=3e-2, atol=3e-2)


@torch.no_grad()
@pytest.mark.parametrize("tokens", [6, 50])
def test_masked_tokens_hear_nobody_who_is_closed_to_them(tokens: int) -> None:
    experts, x_TD = drawn_experts(6, 32, 24), drawn(tokens, 32, seed=3)
    stacked = stack(experts)
    masks = Masks(
        torch.tensor([0b011101, 0b000001, 0b101000, 0b010100, 0], dtype=torch.int32),
        torch.arange(tokens, dtype=torch.int32) * 7 % 5,
    )
    for name in PARTS:
        getattr(experts, name)[1].fill_(float("nan"))  # open to nobody

    answer = grouped_moe(x_TD, experts, stacked, top_k=3, masks=masks)

    meant = plain_moe(x_TD, experts, top_k=3, masks=masks)
    torch.testing.assert_close(answer.x_TD, meant.x_TD, rtol=1e-4, atol=1e-5)
    assert answer.logit_TA is not None
    assert torch.equal(answer.logit_TA.isfinite(), masks.open(6))


@torch.no_grad()
def test_a_closed_expert_of_the_stack_is_not_heard() -> None:
    experts, x_TD = drawn_experts(5, 32, 24), drawn(50, 32, seed=4)
    stacked, left = stack(experts), [1, 2, 4]
    for closed in (0, 3):
        stacked.gate_up[closed].fill_(float("nan"))
        stacked.down[closed].fill_(float("nan"))

    answer = grouped_moe(x_TD, chosen(experts, left), stacked, top_k=2, slots=left)

    torch.testing.assert_close(answer.x_TD, plain_moe(x_TD, chosen(experts, left), top_k=2).x_TD, rtol=1e-4, atol=1e-5)


def test_a_stack_holds_the_experts_own_weights() -> None:
    experts = drawn_experts(3, 16, 8)
    before = [[weight.detach().clone() for weight in getattr(experts, name)] for name in PARTS]

    stacked = stack(experts)

    for name, weights in zip(PARTS, before, strict=True):
        for own, was in zip(getattr(experts, name), weights, strict=True):
            assert isinstance(own, nn.Parameter)
            assert torch.equal(own, was)
            assert own.is_contiguous()
    memory = stacked.gate_up.untyped_storage().data_ptr(), stacked.down.untyped_storage().data_ptr()
    projections = zip(experts.gates, experts.ups, experts.downs, strict=True)
    for gate, up, down in projections:
        assert gate.untyped_storage().data_ptr() == up.untyped_storage().data_ptr() == memory[0]
        assert down.untyped_storage().data_ptr() == memory[1]
