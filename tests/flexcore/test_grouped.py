"""Grouped products over stacked weights give what plain PyTorch gives, and closed experts stay out of them; a model
is stacked by moving it, and nothing of it has to be remembered.
"""

import copy

import pytest
import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import DataDependentOutputException, FakeTensorMode

from flexcore.kernels import grouped, info
from flexcore.kernels.grouped import find_stack, grouped_moe, pays, settle, stack
from flexcore.kernels.moe import FEW, native_moe
from flexcore.model.moe import MoE
from flexcore.ops.moe import Experts, Masks, chosen
from flexcore.ops.moe import moe as plain_moe
from tests.flexcore.tiny import tiny_model

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


@pytest.fixture
def like_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here too a layer is stacked when it is moved, and many tokens are answered by grouped products."""
    monkeypatch.setattr(grouped, "pays", lambda device, dtype: True)


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many tokens each call of the grouped way had; the way itself is left as it is."""
    calls: list[int] = []

    def seen(x_TD: Tensor, *given: object, **named: object) -> object:
        calls.append(len(x_TD))
        return grouped_moe(x_TD, *given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(grouped, "grouped_moe", seen)
    return calls


def moved_layer(*, num_experts: int, top_k: int) -> MoE:
    return tiny_model(num_experts=num_experts, top_k=top_k).to("cpu").blocks()[0].mlp


def in_fp64(experts: Experts) -> Experts:
    return Experts(*([weight.double() for weight in getattr(experts, name)] for name in PARTS))


def assert_near(ours: Tensor, meant: Tensor) -> None:
    torch.testing.assert_close(ours.double(), meant, rtol=1e-4, atol=1e-4 * float(meant.abs().max()))


@torch.no_grad()
@pytest.mark.usefixtures("like_a_gpu")
@pytest.mark.parametrize("active", [[0, 1, 2, 3, 4], [1, 3, 4], [0, 2], [3]])
def test_a_moved_layer_answers_many_tokens_by_grouped_products(active: list[int], taken: list[int]) -> None:
    layer, x_TD = moved_layer(num_experts=5, top_k=2), drawn(FEW["cpu"] + 40, 32, seed=5)
    meant = plain_moe(x_TD.double(), in_fp64(layer.shown(active)), top_k=2)
    for closed in set(range(5)) - set(active):
        for weight in layer.experts[closed].parameters():
            weight.fill_(float("nan"))

    answer = layer(x_TD, active)

    assert taken == [len(x_TD)] * (len(active) > 1)  # one alone is asked without ado
    assert_near(answer.x_TD, meant.x_TD)


@torch.no_grad()
@pytest.mark.usefixtures("like_a_gpu")
def test_masked_tokens_of_a_moved_layer_hear_those_open_to_them(taken: list[int]) -> None:
    layer, tokens, active = moved_layer(num_experts=6, top_k=3), FEW["cpu"] + 1, [0, 1, 2, 4, 5]
    experts, x_TD = layer.shown(active), drawn(tokens, 32, seed=6)
    words = torch.tensor([0b10111, 0b00001, 0b10100, 0], dtype=torch.int32)
    masks = Masks(words, torch.arange(tokens, dtype=torch.int32) % 4)
    meant = plain_moe(x_TD.double(), in_fp64(experts), top_k=3, masks=masks)
    for weight in layer.experts[3].parameters():
        weight.fill_(float("nan"))

    answer = native_moe(x_TD, experts, top_k=3, masks=masks)

    assert taken == [tokens]
    assert_near(answer.x_TD, meant.x_TD)


@torch.no_grad()
@pytest.mark.usefixtures("like_a_gpu")
def test_few_tokens_of_a_moved_layer_take_the_one_native_call(taken: list[int]) -> None:
    layer, x_TD = moved_layer(num_experts=3, top_k=2), drawn(FEW["cpu"], 32, seed=7)

    answer = layer(x_TD, [0, 1, 2])

    assert taken == []
    assert_near(answer.x_TD, plain_moe(x_TD.double(), in_fp64(layer.shown([0, 1, 2])), top_k=2).x_TD)


def test_a_layer_is_stacked_for_a_gpu_in_bf16_only() -> None:
    assert pays("cuda", torch.bfloat16)
    assert not pays("cuda", torch.float32)
    assert not pays("cpu", torch.bfloat16)
    assert find_stack(moved_layer(num_experts=3, top_k=2).shown([0, 1, 2])) is None


@pytest.mark.usefixtures("like_a_gpu")
def test_a_moved_model_keeps_its_weights_once() -> None:
    model = tiny_model(num_experts=4, top_k=2)
    before = {name: weight.clone() for name, weight in model.state_dict().items()}

    model.to("cpu")

    assert all(torch.equal(weight, before[name]) for name, weight in model.state_dict().items())
    pieces = {weight.untyped_storage().data_ptr(): weight.untyped_storage().nbytes() for weight in model.parameters()}
    assert sum(pieces.values()) == sum(weight.nbytes for weight in before.values())
    for block in model.blocks():
        found = find_stack(block.mlp.shown([1, 3]))
        assert found is not None
        assert found[1] == [1, 3]
        assert found[0].down.data_ptr() == block.mlp.shown([0]).downs[0].data_ptr()


@pytest.mark.usefixtures("like_a_gpu")
def test_a_model_moved_again_is_stacked_where_it_came_to() -> None:
    model = tiny_model(num_experts=3, top_k=2).to("cpu")
    was = model.blocks()[0].mlp.shown([0]).gates[0].data_ptr()
    model.to("cpu")
    assert model.blocks()[0].mlp.shown([0]).gates[0].data_ptr() == was  # it stood well

    model.to(torch.bfloat16)

    found = find_stack(model.blocks()[0].mlp.shown([0, 1, 2]))
    assert found is not None
    assert found[0].gate_up.dtype == torch.bfloat16


@torch.no_grad()
@pytest.mark.usefixtures("like_a_gpu")
def test_a_copy_of_a_stacked_layer_is_asked_one_expert_at_a_time(taken: list[int]) -> None:
    layer, x_TD = moved_layer(num_experts=3, top_k=2), drawn(FEW["cpu"] + 1, 32, seed=8)
    apart = copy.deepcopy(layer)
    layer.experts[0].down_proj.zero_()  # type: ignore[operator]

    answer = apart(x_TD, [0, 1, 2])

    assert taken == []
    assert find_stack(apart.shown([0, 1, 2])) is None
    assert_near(answer.x_TD, plain_moe(x_TD.double(), in_fp64(apart.shown([0, 1, 2])), top_k=2).x_TD)


@pytest.mark.usefixtures("like_a_gpu")
def test_a_layer_of_which_anything_learns_is_left_alone() -> None:
    layer = tiny_model(num_experts=3, top_k=2).blocks()[0].mlp
    learning = layer.experts[2].requires_grad_()

    layer.to("cpu")

    assert find_stack(layer.shown([0, 1, 2])) is None
    layer(drawn(FEW["cpu"] + 1, 32, seed=9), [0, 1, 2]).x_TD.sum().backward()
    assert all(weight.grad is not None for name, weight in learning.named_parameters() if "proj" in name)


@torch.no_grad()
@pytest.mark.usefixtures("like_a_gpu")
@pytest.mark.parametrize(("width", "inner"), [(30, 24), (32, 22)])
def test_rows_that_grouped_products_cannot_take_stay_apart(width: int, inner: int, taken: list[int]) -> None:
    experts, x_TD = drawn_experts(3, width, inner), drawn(FEW["cpu"] + 1, width, seed=10)

    settle(experts)
    stack(experts)
    answer = native_moe(x_TD, experts, top_k=2)

    assert taken == []
    assert_near(answer.x_TD, plain_moe(x_TD.double(), in_fp64(experts), top_k=2).x_TD)


@torch.no_grad()
@pytest.mark.parametrize("slots", [[0, 1, 2, 3], [0, 3]])
@pytest.mark.parametrize("masked", [False, True])
def test_nothing_of_the_grouped_way_is_asked_back_from_the_device(slots: list[int], masked: bool) -> None:
    """On tensors that have no numbers, a look at one is a fault."""
    with FakeTensorMode():
        experts = Experts(*([weight.bfloat16() for weight in getattr(empty_experts(), name)] for name in PARTS))
        stacked, shown, x_TD = stack(experts), chosen(experts, slots), torch.empty(500, 32, dtype=torch.bfloat16)
        words, slot_T = torch.empty(5, dtype=torch.int32), torch.empty(500, dtype=torch.int32)
        masks = Masks(words, slot_T) if masked else None

        answer = grouped_moe(x_TD, shown, stacked, top_k=2, masks=masks, slots=slots)

        assert answer.x_TD.shape == x_TD.shape
        with pytest.raises(DataDependentOutputException):
            native_moe(x_TD, shown, top_k=2, masks=masks)


def empty_experts() -> Experts:
    """Four experts, without numbers where there are none to draw."""

    def each(*shape: int) -> list[Tensor]:
        return [torch.empty(shape) for _ in range(4)]

    return Experts(rows=each(32), biases=each(), gates=each(24, 32), ups=each(24, 32), downs=each(32, 24))
