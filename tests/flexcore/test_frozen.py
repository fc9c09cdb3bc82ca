"""A frozen expert inside a training answers and passes gradients on as plain PyTorch does."""

import pytest
import torch
from torch import Tensor

from flexcore.kernels import info
from flexcore.kernels.frozen import ask
from flexcore.ops.moe import Experts
from flexcore.ops.moe import ask as plain_ask


def expert(dtype: torch.dtype) -> Experts:
    drawn = torch.Generator().manual_seed(0)
    gate_FD, up_FD = (torch.randn(48, 32, generator=drawn).to(dtype) * 0.2 for _ in range(2))
    down_DF = torch.randn(32, 48, generator=drawn).to(dtype) * 0.2
    return Experts(rows=[], biases=[], gates=[gate_FD], ups=[up_FD], downs=[down_DF])


def asked(way: object, experts: Experts, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    assert callable(way)
    x_ND = torch.randn(21, 32, generator=torch.Generator().manual_seed(1)).to(dtype).requires_grad_()
    answer_ND = way(experts, 0, x_ND)
    answer_ND.square().sum().backward()
    assert x_ND.grad is not None
    return answer_ND.detach(), x_ND.grad


@pytest.mark.parametrize(("dtype", "near"), [(torch.float32, 1e-5), (torch.bfloat16, 5e-2)])
def test_it_answers_and_passes_gradients_on_as_plain_pytorch_does(dtype: torch.dtype, near: float) -> None:
    assert info().backend == "native"

    ours, our_gradient = asked(ask, expert(dtype), dtype)
    theirs, their_gradient = asked(plain_ask, expert(dtype), dtype)

    torch.testing.assert_close(ours, theirs, rtol=near, atol=near)
    torch.testing.assert_close(our_gradient, their_gradient, rtol=near, atol=near * float(their_gradient.abs().max()))


def test_under_autocast_it_computes_in_autocasts_dtype() -> None:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        ours, our_gradient = asked(ask, expert(torch.float32), torch.float32)
        theirs, their_gradient = asked(plain_ask, expert(torch.float32), torch.float32)

    assert ours.dtype == theirs.dtype == torch.bfloat16
    assert our_gradient.dtype == their_gradient.dtype == torch.float32
    torch.testing.assert_close(ours, theirs, rtol=5e-2, atol=5e-2)
    torch.testing.assert_close(our_gradient, their_gradient, rtol=5e-2, atol=5e-2 * float(their_gradient.abs().max()))


def test_an_expert_that_learns_is_left_to_plain_pytorch() -> None:
    experts = expert(torch.float32)
    experts.gates[0].requires_grad_()

    asked(ask, experts, torch.float32)

    assert experts.gates[0].grad is not None
    assert bool(experts.gates[0].grad.abs().sum() > 0)
