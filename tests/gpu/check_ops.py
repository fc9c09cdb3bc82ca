"""Every native operation of the GPU against what it means in plain PyTorch, in fp64. Needs torch and the library only.

python -m tests.gpu.check_ops [--quick] [--device cpu]  # cpu: of a library whose kernels pretend to have a GPU
"""

import argparse
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from flexcore.config import Architecture
from flexcore.kernels import info
from flexcore.kernels.grouped import find_stack, grouped_moe, pays, stack
from flexcore.kernels.moe import FEW, native_moe
from flexcore.model.moe import MoE
from flexcore.ops import cache as plain_cache
from flexcore.ops.cache import Cache, Places, Turning
from flexcore.ops.group import group_by_expert
from flexcore.ops.moe import Experts, Masks
from flexcore.ops.norm import norm_add
from flexcore.ops.rope import rope_tables
from flexcore.ops.swiglu import silu_mul

GRAIN = {torch.float32: 4e-6, torch.bfloat16: 1e-2}  # of the largest number in the answer
NAN = float("nan")


@dataclass(frozen=True, slots=True)
class Size:
    tokens: int
    width: int
    inner: int
    experts: int
    top_k: int


# One token and hundreds; widths that fill no piece and no unit; every kernel's tokens, and one more; 1 and 32 experts.
SIZES = [
    Size(1, 64, 96, 8, 4),
    Size(1, 256, 64, 3, 2),
    Size(2, 33, 47, 5, 5),
    Size(3, 136, 72, 32, 32),
    Size(8, 64, 96, 8, 4),
    Size(9, 136, 72, 32, 7),
    Size(16, 72, 200, 4, 1),
    Size(17, 72, 136, 4, 2),
    Size(32, 128, 64, 1, 1),
    Size(33, 200, 72, 7, 5),
    Size(70, 64, 136, 2, 2),
    Size(130, 64, 24, 3, 1),
]
LARGE = [Size(1, 4096, 1376, 8, 4), Size(8, 2048, 5504, 8, 4), Size(64, 4096, 1376, 7, 5), Size(300, 1024, 1376, 8, 4)]


class Checks:
    """On one device; numbers are drawn on the host, so that they are the same everywhere."""

    def __init__(self, device: str, *, quick: bool) -> None:
        self.device, self.quick = torch.device(device), quick
        self.ways = torch.ops.flexcore

    def drawn(self, *shape: int, dtype: torch.dtype, seed: int, scale: float = 1.0) -> Tensor:
        numbers = torch.randn(shape, generator=torch.Generator().manual_seed(seed)) * scale
        return numbers.to(dtype).to(self.device)

    def ints(self, values: object) -> Tensor:
        return torch.tensor(values, dtype=torch.int32, device=self.device)

    def experts(self, size: Size, dtype: torch.dtype) -> Experts:
        def each(*shape: int, seed: int, scale: float = 1.0) -> list[Tensor]:
            return [self.drawn(*shape, dtype=dtype, seed=seed + i, scale=scale) for i in range(size.experts)]

        return Experts(
            rows=each(size.width, seed=100, scale=size.width**-0.5),
            biases=each(seed=200),  # half of them positive, which counts as none
            gates=each(size.inner, size.width, seed=300, scale=size.width**-0.5),
            ups=each(size.inner, size.width, seed=400, scale=size.width**-0.5),
            downs=each(size.width, size.inner, seed=500, scale=size.inner**-0.5),
        )

    def masks(self, size: Size) -> list[Masks | None]:
        """None; and slots with everybody, some and nobody, and some that do not exist, which opens nobody."""
        everyone = (1 << size.experts) - 1
        words = [everyone, 1, everyone & 0xAAAAAAAA, everyone & 0x33333333, 0]
        signed = [word - (word >> 31 << 32) for word in words]
        slots = [token * 7 % 5 for token in range(size.tokens)]
        bad = [(-1, 5, 1 << 30)[token % 3] if token % 4 == 3 else slots[token] for token in range(size.tokens)]
        return [None, Masks(self.ints(signed), self.ints(bad))]

    def moe(self, x_TD: Tensor, e: Experts, top_k: int, masks: Masks | None) -> tuple[Tensor, Tensor]:
        words = (masks.mask_S, masks.slot_T) if masks else (None, None)
        answer: tuple[Tensor, Tensor] = self.ways.moe(x_TD, e.rows, e.biases, e.gates, e.ups, e.downs, top_k, *words)
        return answer

    def cases(self) -> Iterator[tuple[str, Callable[[], None]]]:
        sizes = SIZES[:1] + SIZES[2:3] + SIZES[5:6] + SIZES[7:8] if self.quick else SIZES
        large = LARGE if self.device.type == "cuda" and not self.quick else []
        for dtype in GRAIN:
            kind = str(dtype).removeprefix("torch.")
            for size in sizes + large:
                for i, masks in enumerate(self.masks(size)):
                    yield f"moe {size} {kind} masks {i}", partial(self.check_moe, size, dtype, masks)
            for tokens in (1, 32, 33, 300) if self.quick else (0, 1, 32, 33, 1025, 4096):
                yield f"route {tokens} {kind}", partial(self.check_route, tokens, dtype)
            yield f"opt-out {kind}", partial(self.check_opt_out, dtype)
            yield f"linears {kind}", partial(self.check_linears, dtype)
            yield f"rows {kind}", partial(self.check_rows, dtype)
            yield f"combine {kind}", partial(self.check_combine, dtype)
            for heads, groups, channels in ((4, 4, 16), (6, 2, 64), (2, 1, 10), (2, 2, 128), (1, 1, 272)):
                shape = (heads, groups, channels)
                yield f"attention {shape} {kind}", partial(self.check_attention, *shape, dtype=dtype)
            yield f"bad places {kind}", partial(self.check_bad_places, dtype)
            if not self.quick and (self.device.type == "cpu" or dtype == torch.bfloat16):
                yield f"grouped {kind}", partial(self.check_grouped, dtype)
            if not self.quick:
                yield f"layer {kind}", partial(self.check_layer, dtype)
        if self.device.type == "cuda" and not self.quick:
            yield "graph", self.check_graph
            yield "another stream", self.check_stream

    def check_moe(self, size: Size, dtype: torch.dtype, masks: Masks | None) -> None:
        e, x_TD = self.experts(size, dtype), self.drawn(size.tokens, size.width, dtype=dtype, seed=1)

        y_TD, logit_TA = self.moe(x_TD, e, size.top_k, masks)

        again_TD, _ = self.moe(x_TD, e, size.top_k, masks)
        assert torch.equal(y_TD, again_TD), "the same call gave other bits"
        open_TA = self.open(size, masks)
        assert torch.equal(logit_TA.isfinite(), open_TA), "a logit of a closed expert"
        self.near(y_TD, self.meant(x_TD, e, size.top_k, logit_TA, open_TA), dtype, times=4)

    def open(self, size: Size, masks: Masks | None) -> Tensor:
        if masks is None:
            return torch.ones(size.tokens, size.experts, dtype=torch.bool, device=self.device)
        known_T = (masks.slot_T >= 0) & (masks.slot_T < len(masks.mask_S))
        within = Masks(masks.mask_S, masks.slot_T.clamp(0, len(masks.mask_S) - 1))
        return within.open(size.experts) & known_T[:, None]

    def meant(self, x_TD: Tensor, e: Experts, top_k: int, logit_TA: Tensor, open_TA: Tensor) -> Tensor:
        """In fp64, chosen by the logits that were given, once they are seen to be near: two of them may be equal but
        for their rounding, and then either choice is right.
        """
        wide, dtype = x_TD.double(), x_TD.dtype
        row_AD, bias_A = torch.stack(list(e.rows)).double(), torch.stack(list(e.biases)).double().clamp(max=0)
        meant_TA = wide @ row_AD.nan_to_num().T + bias_A.nan_to_num()
        self.near(logit_TA[open_TA], meant_TA[open_TA], dtype, times=4)
        weight_TA, place_TA = logit_TA.double().softmax(1).nan_to_num(0).sort(dim=1, descending=True, stable=True)
        weight_TA = weight_TA.to(dtype).double()  # as the operation rounds it
        kept_TA = torch.zeros_like(weight_TA).scatter(1, place_TA[:, :top_k], weight_TA[:, :top_k])
        y_TD = torch.zeros_like(wide)
        for i in range(len(e)):
            asked = (open_TA[:, i] & (kept_TA[:, i] > 0)).nonzero().flatten()
            if len(asked):
                gate, up, down = (part[i].double() for part in (e.gates, e.ups, e.downs))
                h = silu_mul(wide[asked] @ gate.T, wide[asked] @ up.T)
                y_TD[asked] += kept_TA[asked, i, None] * (h @ down.T)
        return y_TD

    def check_route(self, tokens: int, dtype: torch.dtype) -> None:
        size = Size(tokens, 32, 8, 9, 4)
        e, x_TD = self.experts(size, dtype), self.drawn(tokens, 32, dtype=dtype, seed=4)
        for mask in (None, self.ints([(0b111111111, 0b100, 0, 0b110000001)[token % 4] for token in range(tokens)])):
            weight_TK, position_TK, logit_TA, order_N, place_TK, count_A = self.ways.route(
                x_TD, e.rows, e.biases, 4, mask, None
            )

            meant = group_by_expert(position_TK.long(), active=10)  # who found nobody stands last
            assert torch.equal(order_N.long() // 4, meant.token_N)
            assert torch.equal(place_TK.long(), meant.place_TK)
            assert torch.equal(count_A.long(), meant.count_A[:9])
            share_TA = logit_TA.softmax(-1).nan_to_num(0)
            found_TK = position_TK < 9
            meant_TK = share_TA.gather(1, position_TK.long().clamp(max=8)) * found_TK
            self.near(weight_TK, meant_TK, dtype)
            assert bool((weight_TK[:, :-1] >= weight_TK[:, 1:]).all())
            open_T = torch.isfinite(logit_TA).sum(1).clamp(max=4)
            assert torch.equal(found_TK.sum(1), open_T)

    def check_opt_out(self, dtype: torch.dtype) -> None:
        """Experts closed by a mask, full of what is no number, against a model that never had them: the same bits."""
        parts, left = ("rows", "biases", "gates", "ups", "downs"), [0, 2, 3]
        for tokens in (1, 8, 20, 40):
            e = self.experts(Size(tokens, 40, 56, 5, 2), dtype)
            x_TD = self.drawn(tokens, 40, dtype=dtype, seed=3)
            fewer = Experts(*([getattr(e, part)[i] for i in left] for part in parts))
            masks = Masks(self.ints([0b01101]), self.ints([0] * tokens))
            for part in parts:
                for closed in (1, 4):
                    getattr(e, part)[closed].fill_(NAN)

            y_TD, logit_TA = self.moe(x_TD, e, 2, masks)

            meant_TD, meant_TA = self.moe(x_TD, fewer, 2, None)
            assert torch.equal(y_TD, meant_TD)
            assert torch.equal(logit_TA[:, left], meant_TA)

    def check_linears(self, dtype: torch.dtype) -> None:
        for tokens, width in ((1, 32), (5, 67), (8, 512), (9, 72), (16, 136), (40, 64)):
            x_TD = self.drawn(tokens, width, dtype=dtype, seed=7)
            weights = [
                self.drawn(rows, width, dtype=dtype, seed=8 + i) for i, rows in enumerate((3, 64, 33) + (5,) * 32)
            ]

            product = self.ways.linears(x_TD, weights)

            meant = torch.cat([x_TD.double() @ weight.double().T for weight in weights], dim=1)
            self.near(product, meant, dtype)

    def check_rows(self, dtype: torch.dtype) -> None:
        for tokens, width in ((1, 64), (7, 33), (300, 128), (2, 4096)):
            a, b = (self.drawn(tokens, width, dtype=dtype, seed=seed, scale=3) for seed in (9, 10))
            weight_D = self.drawn(width, dtype=dtype, seed=11)

            self.near(
                self.ways.norm_add(a, b, weight_D, 1e-6),
                norm_add(a.double(), b.double(), weight_D.double(), 1e-6),
                dtype,
            )
            self.near(self.ways.silu_mul(a, b), silu_mul(a.double(), b.double()), dtype)
        edge = torch.tensor([[-1e30, -200.0, -88.5, -0.0, 88.5, 200.0, 1e30, NAN]], device=self.device).to(dtype)
        torch.testing.assert_close(
            self.ways.silu_mul(edge, torch.ones_like(edge)),
            torch.nn.functional.silu(edge),
            rtol=GRAIN[dtype],
            atol=1e-35,
            equal_nan=True,
        )

    def check_combine(self, dtype: torch.dtype) -> None:
        answer_ND, weight_TK = self.drawn(12, 300, dtype=dtype, seed=12), self.drawn(5, 3, dtype=dtype, seed=13)
        answer_ND[11] = NAN
        place_TK = self.ints([[0, 5, 10], [1, -1, 6], [12, 2, 1 << 30], [-1, -5, 99], [3, 3, 4]])

        y_TD = self.ways.combine(answer_ND, place_TK, weight_TK)

        found_TK = (place_TK >= 0) & (place_TK < 12)
        picked = answer_ND.double()[place_TK.long().where(found_TK, 0)]
        meant = (picked * (weight_TK.double() * found_TK)[..., None]).sum(1)
        self.near(y_TD, meant, dtype)

    def check_attention(self, heads: int, groups: int, channels: int, *, dtype: torch.dtype) -> None:
        room = 600
        shape = (4, groups, room, channels)
        keys, values = (self.drawn(*shape, dtype=dtype, seed=seed) for seed in (12, 13))
        meant = Cache(keys.double(), values.double())
        cos_PC, sin_PC = (table.to(self.device) for table in rope_tables(room, channels, 10_000.0))
        norms = [
            self.drawn(heads * channels, dtype=dtype, seed=14),
            self.drawn(groups * channels, dtype=dtype, seed=15),
        ]
        places = Places(self.ints([2, 0, 1, 3]), self.ints([0, 599, 255, 256]))
        for row, position in ((2, 0), (1, 255), (3, 256)):  # what nobody has been put into yet may hold anything
            for held in (keys, values, meant.keys_RGPC, meant.values_RGPC):
                held[row, :, position + 1 :] = NAN
        qkv = self.drawn(4, (heads + 2 * groups) * channels, dtype=dtype, seed=16)

        where = (places.row_T, places.position_T)
        query_THC = self.ways.turn(qkv, *norms, cos_PC, sin_PC, *where, keys, values, 1e-6)
        x_TD = self.ways.attend_step(query_THC, keys, values, *where)

        by = Turning(norms[0].double(), norms[1].double(), cos_PC.double(), sin_PC.double(), 1e-6)
        meant_THC = plain_cache.turn(qkv.double(), meant, places, by)
        self.near(query_THC, meant_THC, dtype)
        self.near(keys.nan_to_num(7), meant.keys_RGPC.nan_to_num(7), dtype)
        assert torch.equal(values.double().nan_to_num(7), meant.values_RGPC.nan_to_num(7))
        self.near(x_TD, plain_cache.attend_step(meant_THC, meant, places), dtype, times=2)

    def check_bad_places(self, dtype: torch.dtype) -> None:
        """A row or a position that does not exist is written nowhere and answered with zeros; the rest goes on."""
        keys, values = (self.drawn(2, 1, 8, 16, dtype=dtype, seed=seed) for seed in (17, 18))
        kept = keys.clone(), values.clone()
        row_T, position_T = self.ints([-1, 2, 0, 1, 1 << 30]), self.ints([0, 0, -1, 8, 1 << 30])
        cos_PC, sin_PC = (table.to(self.device) for table in rope_tables(8, 16, 10_000.0))
        norms = torch.ones(32, dtype=dtype, device=self.device), torch.ones(16, dtype=dtype, device=self.device)
        qkv = self.drawn(5, 64, dtype=dtype, seed=19)

        query_THC = self.ways.turn(qkv, *norms, cos_PC, sin_PC, row_T, position_T, keys, values, 1e-6)
        x_TD = self.ways.attend_step(qkv[:, :32].contiguous().view(5, 2, 16), keys, values, row_T, position_T)

        assert torch.equal(keys, kept[0])
        assert torch.equal(values, kept[1])
        assert not query_THC.any()
        assert not x_TD.any()

    def check_grouped(self, dtype: torch.dtype) -> None:
        size = Size(200, 64, 96, 8, 4)
        e, x_TD = self.experts(size, dtype), self.drawn(200, 64, dtype=dtype, seed=20)
        stacked = stack(e)
        for masks in self.masks(size):
            answer = grouped_moe(x_TD, e, stacked, top_k=4, masks=masks)

            y_TD, logit_TA = self.moe(x_TD, e, 4, masks)
            assert answer.logit_TA is not None
            assert torch.equal(answer.logit_TA, logit_TA)
            self.near(answer.x_TD, y_TD, dtype, times=8)

    def check_layer(self, dtype: torch.dtype) -> None:
        """A layer as a model asks it with many tokens, once it has been moved here: everybody, some, and masks. In bf16
        on an H100 or newer the host may not wait for the device.
        """
        layer, tokens = self.layer(dtype), FEW[self.device.type] + 40
        x_TD = self.drawn(tokens, 64, dtype=dtype, seed=26)
        for active in ([0, 1, 2, 3, 4, 5], [0, 2, 5]):
            shown = layer.shown(active)
            for closed in set(range(6)) - set(active):
                for weight in layer.experts[closed].parameters():
                    weight.fill_(NAN)
            stacked = find_stack(shown) is not None
            assert stacked == pays(self.device.type, dtype), "stacked, or not, against what pays here"
            for masks in self.masks(Size(tokens, 64, 96, len(active), 3)):
                native_moe(x_TD, shown, top_k=3, masks=masks)  # the first call may set things up
                with unwaiting(stacked):
                    answer = native_moe(x_TD, shown, top_k=3, masks=masks)

                y_TD, logit_TA = self.moe(x_TD, shown, 3, masks)
                assert answer.logit_TA is not None
                assert torch.equal(answer.logit_TA, logit_TA)
                self.near(answer.x_TD, y_TD, dtype, times=8)

    def layer(self, dtype: torch.dtype) -> MoE:
        architecture = Architecture(
            vocab_size=8,
            hidden_size=64,
            intermediate_size=96,
            num_hidden_layers=1,
            num_attention_heads=4,
            num_key_value_heads=4,
            max_position_embeddings=8,
            rms_norm_eps=1e-6,
            rope_theta=10_000.0,
            pad_token_id=1,
            eos_token_id=0,
            dtype="F32",
        )
        made = MoE(architecture, num_experts=6, top_k=3).requires_grad_(False).eval()
        for i, weight in enumerate(made.parameters()):
            if weight.ndim:
                scale = weight.shape[-1] ** -0.5
                weight.copy_(torch.randn(weight.shape, generator=torch.Generator().manual_seed(600 + i)) * scale)
        return made.to(dtype).to(self.device)

    def check_graph(self) -> None:
        """What a graph replays on other numbers is what the calls give for them."""
        e = self.experts(Size(4, 64, 96, 8, 4), torch.bfloat16)
        for tokens in (4, 40):
            x_TD = self.drawn(tokens, 64, dtype=torch.bfloat16, seed=21)
            self.moe(x_TD, e, 4, None)
            torch.cuda.synchronize()
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                y_TD, _ = self.moe(x_TD, e, 4, None)
                y_TD = self.ways.norm_add(x_TD, y_TD, x_TD[0], 1e-6)
            for seed in (22, 23):
                x_TD.copy_(self.drawn(tokens, 64, dtype=torch.bfloat16, seed=seed))
                graph.replay()
                meant_TD, _ = self.moe(x_TD, e, 4, None)
                assert torch.equal(y_TD, self.ways.norm_add(x_TD, meant_TD, x_TD[0], 1e-6))

    def check_stream(self) -> None:
        """Work queued on a stream is seen by an operation on that stream, without waiting."""
        x_TD = self.drawn(8, 4096, dtype=torch.bfloat16, seed=24)
        weight = self.drawn(4096, 4096, dtype=torch.bfloat16, seed=25, scale=4096**-0.5)
        torch.cuda.synchronize()
        stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        with torch.cuda.stream(stream):
            queued = x_TD
            for _ in range(20):
                queued = queued @ weight.T
            product = self.ways.linears(queued, [weight])
        torch.cuda.synchronize()
        self.near(product, queued.double() @ weight.double().T, torch.bfloat16)

    def near(self, ours: Tensor, meant: Tensor, dtype: torch.dtype, *, times: float = 1.0) -> None:
        assert ours.shape == meant.shape, f"{tuple(ours.shape)} instead of {tuple(meant.shape)}"
        if not ours.numel():
            return
        assert bool(ours.isfinite().all()), "not a number"
        fault = (ours.double() - meant.double()).abs().max().item()
        allowed = times * GRAIN[dtype] * max(1.0, meant.double().abs().max().item())
        assert fault <= allowed, f"off by {fault:.3g}, {allowed:.3g} is allowed"


@contextmanager
def unwaiting(stacked: bool) -> Iterator[None]:
    """Whatever waits for the device in here is a fault, where PyTorch's grouped products do not."""
    strict = stacked and torch.cuda.get_device_capability()[0] in {9, 10}
    if strict:
        torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        if strict:
            torch.cuda.set_sync_debug_mode("default")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--quick", action="store_true", help="small shapes, a few of each: for sanitizers")
    asked = parser.parse_args()
    sys.stdout.write(f"{info()}\n")
    if info().backend != "native" or (asked.device == "cuda" and not info().cuda):
        sys.stdout.write("the native library has no part for this device\n")
        return 1
    done = failed = 0
    start = time.perf_counter()
    with torch.inference_mode():
        for name, check in Checks(asked.device, quick=asked.quick).cases():
            done += 1
            try:
                check()
                if asked.device == "cuda":
                    torch.cuda.synchronize()
            except Exception as fault:  # a failing check must not hide the others
                failed += 1
                where = traceback.extract_tb(fault.__traceback__)[-1]
                sys.stdout.write(f"FAILED {name}: {type(fault).__name__} {fault} ({where.name}, line {where.lineno})\n")
    sys.stdout.write(f"{done - failed} of {done} checks hold, {time.perf_counter() - start:.1f} s\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
