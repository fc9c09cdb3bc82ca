"""The MoE layer against the plainest loop there is, and what it owes to an expert that is closed."""

from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from flexcore.model.moe import Expert, MoE
from flexcore.model.transformer import FlexOlmo
from tests.flexcore.tiny import tiny_model, tiny_tokens


def plain_moe(layer: MoE, x_TD: Tensor, active: Sequence[int]) -> Tensor:
    """One token, one expert at a time."""
    answers = []
    for x_D in x_TD:
        logits = {}
        for number in active:
            expert = expert_of(layer, number)
            logits[number] = float(expert.router_row @ x_D) + min(float(expert.router_bias), 0.0)
        weights = dict(zip(logits, torch.tensor(list(logits.values())).softmax(0).tolist(), strict=True))
        best = sorted(weights, key=weights.__getitem__, reverse=True)[: layer.top_k]
        answer_D = torch.zeros_like(x_D)
        for number in best:
            expert = expert_of(layer, number)
            inner_F = torch.nn.functional.silu(expert.gate_proj @ x_D) * (expert.up_proj @ x_D)
            answer_D += weights[number] * (expert.down_proj @ inner_F)
        answers.append(answer_D)
    return torch.stack(answers)


def expert_of(layer: MoE, number: int) -> Expert:
    expert = layer.experts[number]
    assert isinstance(expert, Expert)
    return expert


def first_layer(model: FlexOlmo) -> MoE:
    layer = model.layers[0].mlp
    assert isinstance(layer, MoE)
    return layer


def only(model: FlexOlmo, slots: Sequence[int]) -> FlexOlmo:
    """A model composed without the others: its experts are copies, moved up into the free slots."""
    smaller = tiny_model(num_experts=len(slots), top_k=min(model.top_k, len(slots)), seed=99)
    weights = {name: weight for name, weight in model.state_dict().items() if ".mlp.experts." not in name}
    for new, old in enumerate(slots):
        for name, weight in model.state_dict().items():
            if f".mlp.experts.{old}." in name:
                weights[name.replace(f".experts.{old}.", f".experts.{new}.")] = weight.clone()
    smaller.load_state_dict(weights, strict=True)
    return smaller


def close(model: FlexOlmo, slot: int) -> None:
    """Poison: whoever reads a closed expert, even times zero, gets NaN."""
    for _, expert in model.expert(slot):
        for weight in expert.parameters():
            weight.fill_(float("nan"))


ACTIVE_SETS = [(0,), (1, 3), (0, 2, 4), (0, 1, 2, 3), (0, 1, 2, 3, 4)]


@pytest.mark.parametrize("active", ACTIVE_SETS)
@pytest.mark.parametrize("top_k", [1, 2, 3, 5])
def test_it_answers_what_the_plain_loop_answers(active: tuple[int, ...], top_k: int) -> None:
    layer = first_layer(tiny_model(num_experts=5, top_k=top_k))
    x_TD = torch.randn(23, 32, generator=torch.Generator().manual_seed(1))

    answer = layer(x_TD, active)

    torch.testing.assert_close(answer.x_TD, plain_moe(layer, x_TD, active), rtol=1e-4, atol=1e-5)


def test_a_negative_bias_holds_an_expert_back_and_a_positive_one_does_nothing() -> None:
    model = tiny_model(num_experts=3, top_k=2)
    layer = first_layer(model)
    x_TD = torch.randn(23, 32, generator=torch.Generator().manual_seed(1))
    without = layer(x_TD, (0, 1, 2)).x_TD

    expert_of(layer, 1).router_bias.fill_(5.0)
    positive = layer(x_TD, (0, 1, 2)).x_TD
    expert_of(layer, 1).router_bias.fill_(-1.5)
    negative = layer(x_TD, (0, 1, 2)).x_TD

    assert torch.equal(positive, without)
    assert not torch.equal(negative, without)
    torch.testing.assert_close(negative, plain_moe(layer, x_TD, (0, 1, 2)), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("top_k", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("active", ACTIVE_SETS)
def test_closing_experts_is_bit_equal_to_composing_without_them(active: tuple[int, ...], top_k: int) -> None:
    model = tiny_model(num_experts=5, top_k=top_k)
    composed = only(model, active)

    opted_out = model(tiny_tokens(), active=active)

    assert torch.equal(opted_out, composed(tiny_tokens()))


def test_a_closed_expert_is_never_read() -> None:
    model = tiny_model(num_experts=4, top_k=2)
    before = model(tiny_tokens(), active=[0, 1, 3])
    close(model, 2)

    after = model(tiny_tokens(), active=[0, 1, 3])

    assert torch.equal(after, before)
    assert model(tiny_tokens()).isnan().any()


@pytest.mark.parametrize("active", [[], [0, 0], [4], [-1], [0, 7]])
def test_an_active_set_that_is_no_choice_is_refused(active: list[int]) -> None:
    model = tiny_model(num_experts=4, top_k=2)

    with pytest.raises(ValueError, match="not a choice out of 4"):
        model(tiny_tokens(), active=active)
