"""The whole model on a processor, against `transformers` with each of its expert implementations.

    python -m benchmarks.decode_cpu [--threads 1] [--no-compile]

Prefill: one text of 512 tokens, the logits of what follows. Decode: one more token after 128, in 1 and in 8 texts.
"""

import argparse
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle
from typing import Any

os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

import torch
from transformers import StaticCache

from benchmarks.machine import Limits, limits, processor
from benchmarks.models import Shape, our_model, stock_model
from benchmarks.timing import Work, medians, table
from flexcore.engine.decoder import Decoder
from flexcore.kernels import info
from flexcore.model.transformer import FlexOlmo

PROMPT, CONTEXT, STEPS = 512, 128, 48
BATCHES = (1, 8)
MODES = ("eager", "grouped_mm", "batched_mm")
DEFAULT = "grouped_mm"


@dataclass(frozen=True, slots=True)
class Peer:
    """The stock model in one of its modes."""

    name: str
    mode: str
    compiled: bool


PEERS = [Peer(mode, mode, compiled=False) for mode in MODES] + [
    Peer(f"{mode}, compiled", mode, compiled=True) for mode in ("grouped_mm", "batched_mm")
]


def prompt(count: int, vocabulary: int, seed: int) -> torch.Tensor:
    return torch.randint(0, vocabulary, (count,), generator=torch.Generator().manual_seed(seed))


def our_prefill(model: FlexOlmo, shape: Shape) -> Work:
    decoder, text = Decoder(model, rows=1, positions=PROMPT), prompt(PROMPT, shape.vocabulary, 1)
    return lambda: decoder.read(0, text)


def our_steps(model: FlexOlmo, shape: Shape, batch: int) -> Work:
    """Every text is read anew where the steps have used up the room; the median does not see those few."""
    decoder = Decoder(model, rows=batch, positions=CONTEXT + STEPS)
    token = cycle([prompt(batch, shape.vocabulary, seed) for seed in range(16)])

    def steps() -> Iterator[None]:
        while True:
            for row in range(batch):
                decoder.read(row, prompt(CONTEXT, shape.vocabulary, row))
            for _ in range(STEPS):
                decoder.step(next(token))
                yield

    stepping = steps()
    return lambda: next(stepping)


def stock_prefill(stock: Any, peer: Peer, shape: Shape) -> Work | None:
    if peer.mode == "batched_mm":
        return None  # it would copy every chosen expert's weights for every token: gigabytes a layer
    text = prompt(PROMPT, shape.vocabulary, 1)[None]
    return _forward(stock, peer, lambda call: call(input_ids=text, use_cache=False, logits_to_keep=1))


def stock_steps(stock: Any, peer: Peer, shape: Shape, batch: int) -> Work:
    """Always the token after the same 128: its cache is put back, as ours cannot be without being read again."""
    cache = StaticCache(config=stock.config, max_cache_len=CONTEXT + STEPS)
    texts = torch.stack([prompt(CONTEXT, shape.vocabulary, row) for row in range(batch)])
    token = cycle([prompt(batch, shape.vocabulary, seed)[:, None] for seed in range(16)])
    position = torch.full((batch, 1), CONTEXT)
    stock.set_experts_implementation("eager")
    with torch.inference_mode():
        stock(input_ids=texts, past_key_values=cache, use_cache=True, logits_to_keep=1)

    def step(call: Callable[..., Any]) -> None:
        for layer in cache.layers:
            length = layer.cumulative_length
            if torch.is_tensor(length):
                length.fill_(CONTEXT)
            else:
                layer.cumulative_length = CONTEXT
        call(input_ids=next(token), past_key_values=cache, use_cache=True, position_ids=position, logits_to_keep=1)

    return _forward(stock, peer, step)


def _forward(stock: Any, peer: Peer, ask: Callable[[Callable[..., Any]], object]) -> Work:
    call = torch.compile(stock, dynamic=False) if peer.compiled else stock

    def work() -> None:
        stock.set_experts_implementation(peer.mode)
        with torch.inference_mode():
            ask(call)

    return work


def measure(shape: Shape, dtype: torch.dtype, limit: Limits, *, compiled: bool) -> list[list[str]]:
    model = our_model(shape, dtype)
    stock = stock_model(model)
    peers = [peer for peer in PEERS if compiled or not peer.compiled]
    rows = []
    works = {"ours": our_prefill(model, shape)}
    for peer in peers:
        prefill = stock_prefill(stock, peer, shape)
        if prefill is not None:
            works[peer.name] = prefill
    flops = 2 * PROMPT * shape.layers * _active_weights(shape) + 2 * shape.vocabulary * shape.hidden
    taken = medians(works, rounds=4, seconds=1.0)
    share = flops / taken["ours"] / limit.gflops[dtype] / 1e9
    rows.append(_row(f"prefill {PROMPT}", dtype, taken, PROMPT, f"{share:.0%} of multiplying"))
    for batch in BATCHES:
        works = {"ours": our_steps(model, shape, batch)}
        works |= {
            peer.name: stock_steps(stock, peer, shape, batch)
            for peer in peers
            if batch == 1 or peer.name != "batched_mm"
        }
        taken = medians(works, rounds=5, seconds=1.0)
        size = torch.empty(0, dtype=dtype).element_size()
        read = size * (shape.layers * _read_weights(shape, batch) + shape.vocabulary * shape.hidden)
        share = read / taken["ours"] / limit.read_gbs / 1e9
        rows.append(_row(f"decode {batch}", dtype, taken, batch, f"{share:.0%} of reading"))
        torch._dynamo.reset()
    return rows


def _active_weights(shape: Shape) -> int:
    return 4 * shape.hidden**2 + shape.top_k * 3 * shape.hidden * shape.inner


def _read_weights(shape: Shape, batch: int) -> float:
    """In a step all experts are read that one of the texts asks; of E with K each, on average this many."""
    asked = shape.experts * (1 - (1 - shape.top_k / shape.experts) ** batch)
    return 4 * shape.hidden**2 + asked * 3 * shape.hidden * shape.inner


def _row(what: str, dtype: torch.dtype, taken: dict[str, float], tokens: int, share: str) -> list[str]:
    others = {name: seconds for name, seconds in taken.items() if name != "ours"}
    best = min(others, key=others.__getitem__)
    return [
        f"{what} {str(dtype).removeprefix('torch.')}",
        f"{tokens / taken['ours']:.1f}",
        f"{tokens / taken[DEFAULT]:.1f}",
        f"{tokens / taken[best]:.1f} ({best})",
        f"{taken[DEFAULT] / taken['ours']:.2f}",
        f"{taken[best] / taken['ours']:.2f}",
        share,
    ]


HEAD = ["", "ours, tokens/s", "default", "its best mode", "x default", "x best", "ours, of the machine's"]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--no-compile", action="store_true")
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], nargs="+", default=["float32", "bfloat16"])
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    limit = limits(asked.threads)
    gflops = ", ".join(
        f"{str(dtype).removeprefix('torch.')} {rate:.0f} GFLOP/s" for dtype, rate in limit.gflops.items()
    )
    print(f"{processor()}, {asked.threads} threads: {gflops}, reading {limit.read_gbs:.1f} GB/s; {info()}")
    rows = []
    for name in asked.dtype:
        rows += measure(Shape(), getattr(torch, name), limit, compiled=not asked.no_compile)
    print(table(HEAD, rows))


if __name__ == "__main__":
    main()
