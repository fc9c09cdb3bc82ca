"""The native operations against what they mean in plain PyTorch, in fp64: every kind of processor, many sizes."""

import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial

import pytest
import torch
from torch import Tensor

from flexcore.kernels import info
from flexcore.kernels.moe import FEW as BY_DEVICE
from flexcore.kernels.moe import native_moe
from flexcore.ops import cache as plain_cache
from flexcore.ops.cache import Cache, Places, Turning
from flexcore.ops.group import group_by_expert
from flexcore.ops.moe import Experts, Masks
from flexcore.ops.moe import moe as plain_moe
from flexcore.ops.norm import norm_add
from flexcore.ops.rope import rope_tables
from flexcore.ops.swiglu import silu_mul

FEW = BY_DEVICE["cpu"]
GRAIN = {torch.float32: 2e-6, torch.bfloat16: 1e-2}  # of the largest number in the answer
DTYPES = list(GRAIN)
# tokens, width, inner width, experts, k: one token and thousands, sizes that fill no vector, one expert and 32
SIZES = [
    (1, 64, 96, 8, 4),
    (1, 7, 5, 3, 2),
    (2, 33, 47, 5, 5),
    (8, 64, 96, 8, 4),
    (9, 130, 70, 32, 7),
    (FEW, 48, 80, 4, 1),
    (FEW + 1, 48, 80, 4, 1),
    (300, 40, 24, 1, 1),
    (513, 96, 64, 7, 5),
    (4096, 16, 24, 6, 3),
]


def drawn(*shape: int, dtype: torch.dtype, seed: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)).to(dtype)


def drawn_experts(width: int, inner: int, experts: int, dtype: torch.dtype) -> Experts:
    def each(*shape: int, seed: int, scale: float = 1.0) -> list[Tensor]:
        return [drawn(*shape, dtype=dtype, seed=seed + i) * scale for i in range(experts)]

    return Experts(
        rows=each(width, seed=100, scale=width**-0.5),
        biases=each(seed=200),  # half of them positive, which counts as none
        gates=each(inner, width, seed=300, scale=width**-0.5),
        ups=each(inner, width, seed=400, scale=width**-0.5),
        downs=each(width, inner, seed=500, scale=inner**-0.5),
    )


def in_fp64(experts: Experts) -> Experts:
    def wide(weights: object) -> list[Tensor]:
        assert isinstance(weights, list)
        return [weight.double() for weight in weights]

    return Experts(*(wide(getattr(experts, part)) for part in ("rows", "biases", "gates", "ups", "downs")))


def assert_near(ours: Tensor, meant: Tensor, dtype: torch.dtype, *, times: float = 1.0) -> None:
    assert ours.shape == meant.shape
    fault = (ours.double() - meant.double()).abs().max().item()
    assert fault <= times * GRAIN[dtype] * max(1.0, meant.double().abs().max().item())


def meant_moe(x_TD: Tensor, experts: Experts, top_k: int, logit_TA: Tensor) -> Tensor:
    """One token and one expert at a time, in fp64. Two logits may be equal but for their rounding, and then either
    choice is right; so the choice is made by the logits that were given, once they are seen to be near.
    """
    wide = in_fp64(experts)
    answers = torch.zeros(x_TD.shape, dtype=torch.float64)
    for t, x_D in enumerate(x_TD.double()):
        open_A = logit_TA[t].isfinite().nonzero().flatten().tolist()
        for e in open_A:
            meant = float(wide.rows[e] @ x_D + wide.biases[e].clamp(max=0))
            assert float(logit_TA[t, e]) == pytest.approx(meant, rel=GRAIN[x_TD.dtype], abs=4 * GRAIN[x_TD.dtype])
        if open_A:
            weight_K, place_K = logit_TA[t, open_A].softmax(0).sort(descending=True, stable=True)
            for weight, place in zip(weight_K.to(x_TD.dtype).double()[:top_k], place_K.tolist()[:top_k], strict=True):
                e = open_A[place]
                answers[t] += weight * (wide.downs[e] @ silu_mul(wide.gates[e] @ x_D, wide.ups[e] @ x_D))
    return answers


@pytest.fixture(autouse=True)
def _native() -> None:
    assert info().backend == "native", info().reason


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", SIZES)
def test_moe(size: tuple[int, ...], dtype: torch.dtype) -> None:
    tokens, width, inner, count, top_k = size
    experts = drawn_experts(width, inner, count, dtype)
    x_TD = drawn(tokens, width, dtype=dtype, seed=1)

    answer = native_moe(x_TD, experts, top_k=top_k)

    shown = range(0, tokens, max(1, tokens // 40))  # the plain loop is slow
    logit_TA = torch.zeros(tokens, 1) if answer.logit_TA is None else answer.logit_TA
    if answer.logit_TA is None:
        experts.rows[0].zero_()
    meant = meant_moe(x_TD[list(shown)], experts, top_k, logit_TA[list(shown)])
    assert_near(answer.x_TD[list(shown)], meant, dtype, times=4)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("tokens", [1, 13, FEW + 20])
def test_moe_with_a_set_of_open_experts_for_each_request(tokens: int, dtype: torch.dtype) -> None:
    experts = drawn_experts(40, 56, 6, dtype)
    x_TD = drawn(tokens, 40, dtype=dtype, seed=2)
    masks = Masks(
        torch.tensor([0b111111, 0b000001, 0b101010, 0b010110, 0], dtype=torch.int32),
        torch.arange(tokens, dtype=torch.int32) * 7 % 5,
    )

    answer = native_moe(x_TD, experts, top_k=3, masks=masks)

    plain = plain_moe(x_TD, experts, top_k=3, masks=masks)
    assert answer.logit_TA is not None
    assert plain.logit_TA is not None
    assert torch.equal(answer.logit_TA.isfinite(), masks.open(6))
    assert torch.equal(plain.logit_TA.isfinite(), masks.open(6))
    assert_near(answer.x_TD, meant_moe(x_TD, experts, 3, answer.logit_TA), dtype, times=4)
    if dtype == torch.float32:  # in bf16 two logits may be equal, and torch's choice between them is its own
        assert_near(plain.x_TD, answer.x_TD, dtype, times=4)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("tokens", [1, 8, FEW + 20])
def test_a_token_gets_the_same_bits_whoever_else_is_open_to_others(tokens: int, dtype: torch.dtype) -> None:
    experts = drawn_experts(40, 56, 5, dtype)
    x_TD = drawn(tokens, 40, dtype=dtype, seed=3)
    left = [0, 2, 3]
    fewer = Experts(
        *([getattr(experts, part)[i] for i in left] for part in ("rows", "biases", "gates", "ups", "downs"))
    )
    masks = Masks(torch.tensor([0b01101], dtype=torch.int32), torch.zeros(tokens, dtype=torch.int32))
    for part in ("rows", "biases", "gates", "ups", "downs"):
        for closed in (1, 4):
            getattr(experts, part)[closed].fill_(float("nan"))

    opted_out = native_moe(x_TD, experts, top_k=2, masks=masks)

    composed = native_moe(x_TD, fewer, top_k=2)
    assert torch.equal(opted_out.x_TD, composed.x_TD)
    assert composed.logit_TA is not None
    assert opted_out.logit_TA is not None
    assert torch.equal(opted_out.logit_TA[:, left], composed.logit_TA)


@pytest.mark.parametrize("dtype", DTYPES)
def test_route_puts_equal_experts_side_by_side_and_keeps_the_order_of_tokens(dtype: torch.dtype) -> None:
    experts = drawn_experts(32, 8, 9, dtype)
    x_TD = drawn(200, 32, dtype=dtype, seed=4)

    weight_TK, position_TK, logit_TA, order_N, place_TK, count_A = torch.ops.flexcore.route(
        x_TD, experts.rows, experts.biases, 4, None, None
    )

    meant = group_by_expert(position_TK.long(), active=9)
    assert torch.equal(order_N.long() // 4, meant.token_N)
    assert torch.equal(place_TK.long(), meant.place_TK)
    assert torch.equal(count_A.long(), meant.count_A)
    assert_near(weight_TK, logit_TA.softmax(-1).gather(1, position_TK.long()), dtype)
    assert bool((weight_TK[:, :-1] >= weight_TK[:, 1:]).all())


def test_route_says_nobody_where_fewer_are_open_than_asked() -> None:
    experts = drawn_experts(16, 8, 4, torch.float32)
    mask = torch.tensor([0b0100, 0, 0b1111], dtype=torch.int32)

    weight_TK, position_TK, _, order_N, place_TK, count_A = torch.ops.flexcore.route(
        drawn(3, 16, dtype=torch.float32, seed=5), experts.rows, experts.biases, 3, mask, None
    )

    assert position_TK[0].tolist() == [2, 4, 4]
    assert weight_TK[0].tolist() == [1, 0, 0]
    assert position_TK[1].tolist() == [4, 4, 4]
    assert count_A.sum() == 4
    assert sorted(order_N.tolist()) == list(range(9))
    assert set(order_N[4:].tolist()) == {1, 2, 3, 4, 5}
    assert sorted(place_TK.flatten().tolist()) == list(range(9))


def test_a_token_that_is_no_number_stays_alone() -> None:
    experts = drawn_experts(32, 24, 4, torch.float32)
    x_TD = drawn(3, 32, dtype=torch.float32, seed=6)
    alone = native_moe(x_TD[[0, 2]], experts, top_k=2)
    x_TD[1, 5] = float("nan")

    answer = native_moe(x_TD, experts, top_k=2)

    assert torch.equal(answer.x_TD[[0, 2]], alone.x_TD)
    assert bool(answer.x_TD[1].isnan().all())


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("tokens", "width"), [(1, 32), (5, 67), (12, 7), (9, 512)])
def test_linears(tokens: int, width: int, dtype: torch.dtype) -> None:
    x_TD = drawn(tokens, width, dtype=dtype, seed=7)
    weights = [drawn(rows, width, dtype=dtype, seed=8 + rows) for rows in (3, 64, 33)]

    product = torch.ops.flexcore.linears(x_TD, weights)

    assert_near(product, torch.cat([x_TD.double() @ weight.double().T for weight in weights], dim=1), dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("tokens", "width"), [(1, 64), (7, 33), (300, 128)])
def test_norm_add_and_silu_mul(tokens: int, width: int, dtype: torch.dtype) -> None:
    a, b = (drawn(tokens, width, dtype=dtype, seed=seed) * 3 for seed in (9, 10))
    weight_D = drawn(width, dtype=dtype, seed=11)

    added = torch.ops.flexcore.norm_add(a, b, weight_D, 1e-6)
    product = torch.ops.flexcore.silu_mul(a, b)

    assert_near(added, norm_add(a.double(), b.double(), weight_D.double(), 1e-6), dtype)
    assert_near(product, silu_mul(a.double(), b.double()), dtype)


def test_silu_holds_where_exponentials_do_not() -> None:
    x = torch.tensor([[-1e30, -200.0, -88.5, -20.0, -0.0, 20.0, 88.5, 200.0, 1e30, float("nan")]]).repeat(1, 5)

    product = torch.ops.flexcore.silu_mul(x, torch.ones_like(x))

    torch.testing.assert_close(product, torch.nn.functional.silu(x), rtol=1e-6, atol=1e-35, equal_nan=True)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("heads", "groups", "channels"), [(4, 4, 16), (6, 2, 64), (2, 1, 10), (3, 3, 80)])
def test_attention_that_remembers(heads: int, groups: int, channels: int, dtype: torch.dtype) -> None:
    rows, room = 3, 40
    shape = (rows, groups, room, channels)
    cache, meant = (
        Cache(drawn(*shape, dtype=dtype, seed=12).to(kind), drawn(*shape, dtype=dtype, seed=13).to(kind))
        for kind in (dtype, torch.float64)
    )
    cos_PC, sin_PC = rope_tables(room, channels, 10_000.0)
    norms = [drawn(heads * channels, dtype=dtype, seed=14), drawn(groups * channels, dtype=dtype, seed=15)]
    places = Places(torch.tensor([2, 0, 1], dtype=torch.int32), torch.tensor([0, 39, 21], dtype=torch.int32))
    qkv = drawn(3, (heads + 2 * groups) * channels, dtype=dtype, seed=16)

    query_THC = torch.ops.flexcore.turn(
        qkv, *norms, cos_PC, sin_PC, places.row_T, places.position_T, cache.keys_RGPC, cache.values_RGPC, 1e-6
    )
    x_TD = torch.ops.flexcore.attend_step(
        query_THC, cache.keys_RGPC, cache.values_RGPC, places.row_T, places.position_T
    )

    by = Turning(norms[0].double(), norms[1].double(), cos_PC.double(), sin_PC.double(), 1e-6)
    meant_THC = plain_cache.turn(qkv.double(), meant, places, by)
    assert_near(query_THC, meant_THC, dtype)
    assert_near(cache.keys_RGPC, meant.keys_RGPC, dtype)
    assert torch.equal(cache.values_RGPC.double(), meant.values_RGPC)
    assert_near(x_TD, plain_cache.attend_step(meant_THC, meant, places), dtype, times=2)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("heads", "groups", "channels"), [(4, 4, 16), (6, 2, 64), (2, 1, 10), (3, 3, 80)])
@pytest.mark.parametrize("positions", [1, 6, 65, 130])
def test_attention_over_whole_texts(positions: int, heads: int, groups: int, channels: int, dtype: torch.dtype) -> None:
    shape = (2, groups, positions + 3, channels)  # what lies behind the text is no number, and is not looked at
    cache = Cache(*(drawn(*shape, dtype=dtype, seed=seed) for seed in (22, 23)))
    cache.keys_RGPC[:, :, positions:] = float("nan")
    cache.values_RGPC[:, :, positions:] = float("nan")
    query_RSHC = drawn(2, positions, heads, channels, dtype=dtype, seed=24) * 3

    x_RSD = torch.ops.flexcore.attend_texts(query_RSHC, cache.keys_RGPC, cache.values_RGPC)

    wide = Cache(cache.keys_RGPC.double(), cache.values_RGPC.double())
    assert_near(x_RSD, plain_cache.attend_texts(query_RSHC.double(), wide), dtype)


def _cases() -> dict[str, Callable[[], object]]:
    experts = drawn_experts(32, 24, 4, torch.float32)
    x_TD = drawn(5, 32, dtype=torch.float32, seed=17)
    answers, ways = drawn(10, 32, dtype=torch.float32, seed=18), torch.ops.flexcore
    place = torch.arange(10, dtype=torch.int32).view(5, 2)
    cos_PC, sin_PC = rope_tables(8, 16, 10_000.0)
    qkv = drawn(5, 64, dtype=torch.float32, seed=20)
    ends = torch.arange(5, dtype=torch.int32)
    cache = [drawn(5, 1, 8, 16, dtype=torch.float32, seed=19) for _ in range(2)]
    parts = (experts.rows, experts.biases)
    projections = (experts.gates, experts.ups, experts.downs)
    calls = {
        "route": (ways.route.default, (x_TD, *parts, 2, None, None)),
        "moe": (ways.moe.default, (x_TD, *parts, *projections, 2, None, None)),
        "combine": (ways.combine.default, (answers, place, torch.ones(5, 2))),
        "silu_mul": (ways.silu_mul.default, (x_TD, x_TD)),
        "linears": (ways.linears.default, (x_TD, [experts.gates[0], experts.ups[0]])),
        "norm_add": (ways.norm_add.default, (x_TD, x_TD, x_TD[0], 1e-6)),
        "turn": (
            ways.turn.default,
            (qkv, x_TD[0], x_TD[0, :16].clone(), cos_PC, sin_PC, ends, ends, *cache, 1e-6),
        ),
        "attend_texts": (ways.attend_texts.default, (qkv.view(5, 1, 4, 16), *cache)),
        "attend_step": (ways.attend_step.default, (answers.view(5, 4, 16), *cache, ends, ends)),
    }
    return {name: partial(torch.library.opcheck, *call) for name, call in calls.items()}


@pytest.mark.parametrize(
    "name", ["route", "moe", "combine", "silu_mul", "linears", "norm_add", "turn", "attend_step", "attend_texts"]
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of torch's own tracing
def test_torch_accepts_the_operation(name: str) -> None:
    _cases()[name]()


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda x, e: (x.double(), e, 2), "numbers are float32 or bfloat16"),
        (lambda x, e: (x.T, e, 2), "x is not contiguous"),
        (lambda x, e: (x[:, :8].contiguous(), e, 2), "a router row has size 16 in dimension 0, not 8"),
        (lambda x, e: (x, e, 5), "a token cannot ask 5 of 4 experts"),
        (lambda x, e: (x, e, 0), "a token cannot ask 0 of 4 experts"),
        (lambda x, e: (x.bfloat16(), e, 2), "a router row has another dtype"),
    ],
)
def test_what_does_not_fit_together_is_refused(
    spoil: Callable[[Tensor, Experts], tuple[Tensor, Experts, int]], says: str
) -> None:
    x_TD, experts, top_k = spoil(drawn(16, 16, dtype=torch.float32, seed=21), drawn_experts(16, 8, 4, torch.float32))

    with pytest.raises(RuntimeError, match=says):
        torch.ops.flexcore.moe(
            x_TD, experts.rows, experts.biases, experts.gates, experts.ups, experts.downs, top_k, None, None
        )


def test_a_place_outside_the_cache_is_refused() -> None:
    keys = torch.zeros(2, 1, 4, 8)
    far = torch.tensor([4], dtype=torch.int32)
    none = torch.tensor([0], dtype=torch.int32)

    with pytest.raises(RuntimeError, match="token 0 stands at 4, and there is room for 4"):
        torch.ops.flexcore.attend_step(torch.zeros(1, 1, 8), keys, keys, none, far)


def test_a_lesser_processor_gives_the_same(isa: str) -> None:
    """This file once more, with the loops of each kind of processor below this one's."""
    env = os.environ | {"FLEXCORE_ISA": isa, "OMP_NUM_THREADS": "1"}

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", __file__, "-k", "not lesser and not accepts"],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-3000:]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """The kinds below this machine's own; the least is always among them."""
    if "isa" in metafunc.fixturenames:
        kinds = ["generic", "avx2", "avx512", "avx512_bf16"]
        own = torch.ops.flexcore.isa() if info().backend == "native" else "avx2"
        metafunc.parametrize("isa", kinds[: max(1, kinds.index(own))])
