"""The transformer gives the numbers that `transformers` gives on the same weights."""

import pytest
import torch

from flexcore.kernels import info
from tests.flexcore.stock import stock_flexolmo, stock_olmo2
from tests.flexcore.tiny import tiny_architecture, tiny_model, tiny_tokens

# Of logits up to 6. Ours and theirs each lie within 8e-6 of fp64; natively, not always on the same side of it.
NEAR = 1e-5 if info().backend == "torch" else 1.5e-5
SIZES = [(e, k) for e in range(1, 9) for k in range(1, e + 1)]


@pytest.mark.parametrize(("num_experts", "top_k"), SIZES)
def test_logits_equal_the_stock_model_for_every_k(num_experts: int, top_k: int) -> None:
    model = tiny_model(num_experts=num_experts, top_k=top_k, seed=num_experts)
    stock = stock_flexolmo(model)

    ours, theirs = model(tiny_tokens()), stock(tiny_tokens()).logits

    assert theirs.abs().max() > 1
    torch.testing.assert_close(ours, theirs, rtol=0, atol=NEAR)


def test_the_anchor_equals_the_stock_dense_model() -> None:
    model = tiny_model(num_experts=1, top_k=1)
    stock = stock_olmo2(model)

    ours, theirs = model(tiny_tokens()), stock(tiny_tokens()).logits

    torch.testing.assert_close(ours, theirs, rtol=0, atol=NEAR)


def test_shared_keys_equal_the_stock_model_too() -> None:
    model = tiny_model(num_experts=3, top_k=2, architecture=tiny_architecture(num_key_value_heads=2))
    stock = stock_flexolmo(model)

    ours, theirs = model(tiny_tokens()), stock(tiny_tokens()).logits

    torch.testing.assert_close(ours, theirs, rtol=0, atol=NEAR)


def test_bf16_follows_the_stock_model_within_its_grain() -> None:
    model = tiny_model(num_experts=4, top_k=4, architecture=tiny_architecture(dtype="BF16"))
    stock = stock_flexolmo(model, experts_implementation="eager")

    ours, theirs = model(tiny_tokens()), stock(tiny_tokens()).logits

    assert ours.dtype == theirs.dtype == torch.bfloat16
    torch.testing.assert_close(ours, theirs, rtol=0, atol=theirs.abs().max().item() * 0.03)


def test_a_batch_row_does_not_see_what_comes_after() -> None:
    model = tiny_model(num_experts=3, top_k=2)
    tokens = tiny_tokens()
    changed = tokens.clone()
    changed[:, 9:] = 7

    before, after = model(tokens), model(changed)

    torch.testing.assert_close(before[:, :9], after[:, :9], rtol=0, atol=NEAR)
    assert not torch.equal(before[:, 9:], after[:, 9:])


@pytest.mark.parametrize("top_k", [0, 4])
def test_a_k_that_no_model_can_serve_is_refused(top_k: int) -> None:
    with pytest.raises(ValueError, match=f"cannot ask {top_k} of 3 experts"):
        tiny_model(num_experts=3, top_k=top_k)
