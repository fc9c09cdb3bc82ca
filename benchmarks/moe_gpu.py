"""One MoE layer of FlexOlmo-7x7B's size on a GPU, against `transformers` with each of its expert implementations.

    python -m benchmarks.moe_gpu [--seconds 130]

Ours in a graph; a peer as it comes, and compiled with graphs where that works. All have the same weights.
"""

import argparse
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

import torch
from torch import Tensor
from transformers import FlexOlmoConfig
from transformers.models.flex_olmo.modeling_flex_olmo import FlexOlmoSparseMoeBlock

from benchmarks.gpu import Budget, Limits, keep, limits, seconds
from benchmarks.timing import table
from flexcore.kernels import info
from flexcore.kernels.grouped import Stack, grouped_moe
from flexcore.ops.moe import Experts, Masks

WIDTH, INNER, EXPERTS, TOP_K = 4096, 11008, 8, 4
TOKENS = (1, 2, 4, 8, 16, 32, 64, 128, 512, 4096)
STREAMED, GROUPED = 128, 32  # the most tokens for the one of our two ways, the fewest for the other
BATCHED = 16  # tokens for which the peer's copies of the weights still fit
COMPILED = (1, 8, 128, 4096)
MODES = ("eager", "grouped_mm", "batched_mm")


class Layer:
    """The weights, once; ours and the peer's are views of them."""

    def __init__(self, device: str, width: int = WIDTH, inner: int = INNER) -> None:
        def drawn(*shape: int) -> Tensor:
            weight = torch.empty(shape, dtype=torch.bfloat16, device=device)
            return weight.normal_(std=shape[-1] ** -0.5)

        if info().backend != "native":
            raise SystemExit(info().reason)
        self.width, self.inner, self.device = width, inner, device
        self.stack = Stack(drawn(EXPERTS, 2 * inner, width), drawn(EXPERTS, width, inner))
        self.row_ED = drawn(EXPERTS, width) * 4
        self.experts = Experts(
            rows=list(self.row_ED),
            biases=[torch.zeros((), dtype=torch.bfloat16, device=device)] * EXPERTS,
            gates=[weight[:inner] for weight in self.stack.gate_up],
            ups=[weight[inner:] for weight in self.stack.gate_up],
            downs=list(self.stack.down),
        )

    def x(self, tokens: int) -> Tensor:
        return torch.randn(tokens, self.width, dtype=torch.bfloat16, device=self.device)

    def moe(self, x_TD: Tensor, masks: Masks | None = None) -> Tensor:
        e = self.experts
        words = (masks.mask_S, masks.slot_T) if masks else (None, None)
        y_TD: Tensor = torch.ops.flexcore.moe(x_TD, e.rows, e.biases, e.gates, e.ups, e.downs, TOP_K, *words)[0]
        return y_TD

    def grouped(self, x_TD: Tensor) -> Tensor:
        return grouped_moe(x_TD, self.experts, self.stack, top_k=TOP_K).x_TD

    def count(self, x_TD: Tensor, masks: Masks | None = None) -> list[int]:
        words = (masks.mask_S, masks.slot_T) if masks else (None, None)
        routed = torch.ops.flexcore.route(x_TD, self.experts.rows, self.experts.biases, TOP_K, *words)
        counts: list[int] = routed[5].tolist()
        return counts

    def peer(self, mode: str) -> Any:
        config = FlexOlmoConfig(
            hidden_size=self.width,
            intermediate_size=self.inner,
            num_experts=EXPERTS,
            num_experts_per_tok=TOP_K,
            norm_topk_prob=False,
            experts_implementation=mode,
        )
        with torch.device("meta"):
            block = FlexOlmoSparseMoeBlock(config)
        weights = {
            "gate.weight": self.row_ED,
            "experts.gate_up_proj": self.stack.gate_up,
            "experts.down_proj": self.stack.down,
        }
        block.load_state_dict(weights, strict=True, assign=True)
        return block.requires_grad_(False).eval()


Way = Callable[[Tensor], Any]


@dataclass(slots=True)
class Row:
    """Of the table: what was asked, and the seconds of each way that ran."""

    tokens: int
    experts: int  # that any token asks
    seconds: dict[str, float | None]

    def best(self, *, ours: bool) -> float | None:
        known = [taken for name, taken in self.seconds.items() if taken and name.startswith("ours") == ours]
        return min(known, default=None)


def asking(block: Any) -> Way:
    return lambda x_TD: block(x_TD[None])[0]


def ways(layer: Layer, tokens: int) -> dict[str, Way]:
    found: dict[str, Way] = {}
    if tokens <= STREAMED:
        found["ours, streamed"] = layer.moe
    if tokens >= GROUPED:
        found["ours, grouped"] = layer.grouped
    for mode in MODES:
        if mode == "batched_mm" and tokens > BATCHED:
            continue
        found[mode] = asking(layer.peer(mode))
    return found


def compiled(layer: Layer, tokens: int) -> dict[str, Way]:
    found: dict[str, Way] = {}
    for mode in MODES[1:]:
        if mode == "batched_mm" and tokens > BATCHED:
            continue
        found[f"{mode}, compiled"] = asking(torch.compile(layer.peer(mode), dynamic=False, mode="reduce-overhead"))
    return found


def time_of(name: str, way: Way, x_TD: Tensor) -> float:
    """A capture that fails could spoil the next one, so only ours are captured; compiling makes graphs by itself."""
    return seconds(partial(way, x_TD), graph=name.startswith("ours"))


def rows_of(layer: Layer, budget: Budget) -> list[Row]:
    found = []
    for tokens in TOKENS:
        x_TD = layer.x(tokens)
        row = Row(tokens, sum(1 for count in layer.count(x_TD) if count), {})
        for name, way in ways(layer, tokens).items():
            row.seconds[name] = budget.measure(f"{tokens} {name}", partial(time_of, name, way, x_TD))
        found.append(row)
    return found


def add_compiled(layer: Layer, budget: Budget, rows: list[Row]) -> None:
    for row in rows:
        if row.tokens in COMPILED:
            torch._dynamo.reset()
            x_TD = layer.x(row.tokens)
            for name, way in compiled(layer, row.tokens).items():
                row.seconds[name] = budget.measure(f"{row.tokens} {name}", partial(time_of, name, way, x_TD))


def cells(row: Row, layer: Layer, limit: Limits, names: list[str]) -> list[str]:
    ours, peer = row.best(ours=True), row.best(ours=False)
    read = row.experts * 3 * layer.width * layer.inner * 2
    work = 2 * row.tokens * TOP_K * 3 * layer.width * layer.inner
    return [
        str(row.tokens),
        str(row.experts),
        *(milliseconds(row.seconds.get(name)) for name in names),
        f"{read / ours / limit.copy:.0%}" if ours else "-",
        f"{work / ours / limit.multiply:.0%}" if ours else "-",
        f"{peer / ours:.2f}" if ours and peer else "-",
    ]


def routing(layer: Layer, budget: Budget) -> list[list[str]]:
    e, found = layer.experts, []
    for tokens in (1, 8, 32, 64, 256, 1024, 4096):
        x_TD = layer.x(tokens)
        call = partial(torch.ops.flexcore.route, x_TD, e.rows, e.biases, TOP_K, None, None)
        taken = budget.measure(f"route {tokens}", partial(seconds, call))
        found.append([str(tokens), f"{taken * 1e6:.1f}" if taken else "-"])
    return found


def masked(layer: Layer, budget: Budget) -> list[list[str]]:
    """Half of the requests may ask six of the eight; the same tokens without masks ask as many experts in all."""
    found = []
    for tokens in (8, 64):
        x_TD = layer.x(tokens)
        slot_T = torch.arange(tokens, dtype=torch.int32, device=layer.device)
        words = [0b11111111 if token % 2 else 0b11111111 & ~(3 << token % 7) for token in range(tokens)]
        mixed = Masks(torch.tensor(words, dtype=torch.int32, device=layer.device), slot_T)
        plain = budget.measure(f"unmasked {tokens}", partial(seconds, partial(layer.moe, x_TD)))
        under = budget.measure(f"masked {tokens}", partial(seconds, partial(layer.moe, x_TD, mixed)))
        asked = [sum(1 for count in layer.count(x_TD, masks) if count) for masks in (None, mixed)]
        ratio = f"{plain / under:.3f}" if plain and under else "-"
        found.append([str(tokens), f"{asked[0]}, {asked[1]}", ratio])
    return found


def milliseconds(taken: float | None) -> str:
    return f"{taken * 1e3:.3f}" if taken else "-"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=130.0)
    budget = Budget(parser.parse_args().seconds)
    torch.manual_seed(0)
    with torch.inference_mode():
        limit, layer = limits(), Layer("cuda")
        routes, masks, rows = routing(layer, budget), masked(layer, budget), rows_of(layer, budget)
        print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}, {info()}")
        print(f"copy {limit.copy / 1e12:.2f} TB/s, bf16 products {limit.multiply / 1e12:.0f} TFLOP/s")
        print(table(["tokens", "route, us"], routes))
        print(table(["tokens", "experts read: plain, masked", "masked speed, of plain"], masks))
        print(f"E = {EXPERTS}, k = {TOP_K}, hidden {layer.width}, intermediate {layer.inner}, bf16; milliseconds")
        tell(layer, limit, rows)
        add_compiled(layer, budget, rows)  # it takes the longest, and may not come to an end
    tell(layer, limit, rows)
    numbers = {"limits": asdict(limit), "rows": [asdict(row) for row in rows], "route": routes, "masks": masks}
    keep("moe_gpu", numbers | {"left out": budget.left_out})
    for line in budget.left_out:
        print(f"left out: {line}")


def tell(layer: Layer, limit: Limits, rows: list[Row]) -> None:
    names = ["ours, streamed", "ours, grouped", *MODES, *(f"{mode}, compiled" for mode in MODES[1:])]
    names = [name for name in names if any(row.seconds.get(name) for row in rows)]
    head = ["tokens", "experts", *names, "of copying", "of multiplying", "x best peer"]
    print(table(head, [cells(row, layer, limit, names) for row in rows]), flush=True)


if __name__ == "__main__":
    main()
