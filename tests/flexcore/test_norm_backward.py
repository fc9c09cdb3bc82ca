"""The short way back through a norm whose weight is frozen is the long one's."""

import pytest
import torch

from flexcore.kernels.norm import norm_add, rms_norm
from flexcore.ops.norm import norm_add as plain_norm_add
from flexcore.ops.norm import rms_norm as plain_rms_norm


@pytest.mark.parametrize(("dtype", "near"), [(torch.float32, 1e-5), (torch.bfloat16, 3e-2)])
def test_a_frozen_norm_passes_gradients_on_as_plain_pytorch_does(dtype: torch.dtype, near: float) -> None:
    drawn = torch.Generator().manual_seed(0)
    x, pull = torch.randn(2, 7, 5, 24, generator=drawn).to(dtype)
    weight_D = (1 + torch.randn(24, generator=drawn) / 4).to(dtype)
    ours, theirs = x.clone().requires_grad_(), x.clone().requires_grad_()

    found = rms_norm(ours, weight_D, 1e-6)
    found.backward(pull)  # type: ignore[no-untyped-call]
    wanted = plain_rms_norm(theirs, weight_D, 1e-6)
    wanted.backward(pull)  # type: ignore[no-untyped-call]

    assert torch.equal(found, wanted)
    torch.testing.assert_close(ours.grad, theirs.grad, rtol=near, atol=near)


def test_a_weight_that_learns_gets_its_gradient() -> None:
    weight_D = torch.ones(8, requires_grad=True)
    x = torch.randn(3, 8, generator=torch.Generator().manual_seed(0)).requires_grad_()

    norm_add(x, x, weight_D, 1e-6).square().sum().backward()  # type: ignore[no-untyped-call]

    found = weight_D.grad
    weight_D.grad = None
    plain_norm_add(x, x, weight_D, 1e-6).square().sum().backward()  # type: ignore[no-untyped-call]
    assert found is not None
    torch.testing.assert_close(found, weight_D.grad)
