"""Training an expert beside its anchor on a processor, against the same step with stock `transformers`.

    python -m benchmarks.train_cpu [--threads 1] [--dtype float32 bfloat16] [--shape demo larger]

The peer is `FlexOlmoForCausalLM` with two experts, both asked, all that is frozen at `requires_grad=False`, and AdamW.
It keeps a layer's experts in one tensor, and its router rows in another: so the public halves get a gradient too, which
is set to zero before the step. Everybody takes turns, and each one's best counts. With one thread, processor time is
what is measured, which says much the same on a machine that others use too. Memory is that of a process of its own.
"""

import argparse
import gc
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from typing import Any

os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

import torch
from torch import Tensor

from benchmarks.machine import processor
from benchmarks.models import Shape, our_model, stock_model
from benchmarks.timing import Work, table
from flexcore.kernels import info
from flexcore.loading import with_expert
from flexcore.model.transformer import FlexOlmo
from flexcore.training.corpus import Batch
from flexcore.training.expert import PairStep, trainable
from flexcore.training.loop import keep_memory

SHAPES = {
    "demo": Shape(hidden=192, inner=512, layers=4, heads=6, vocabulary=4096, experts=1, top_k=1, positions=256),
    "larger": Shape(hidden=512, inner=1376, layers=8, heads=8, vocabulary=32768, experts=1, top_k=1, positions=256),
}
BATCH, CLIP, RATE, WEIGHT_DECAY = 4, 1.0, 1e-4, 0.0
MODES = ("grouped_mm", "eager")  # the default; and the only other that trains without copying weights for each token
MEMORY_STEPS = 2


def batches(shape: Shape) -> Callable[[], Tensor]:
    drawn = torch.Generator().manual_seed(0)
    made = [torch.randint(0, shape.vocabulary, (BATCH, shape.positions + 1), generator=drawn) for _ in range(4)]
    turning = cycle(made)
    return lambda: next(turning)


def pair_of(shape: Shape) -> FlexOlmo:
    return with_expert(our_model(shape, torch.float32))


def our_step(shape: Shape, *, bf16: bool) -> Work:
    pair, batch = pair_of(shape), batches(shape)
    weights = list(trainable(pair).values())
    loss_of = PairStep(pair.train())
    return _step(weights, lambda: loss_of(Batch(batch()))[0], bf16=bf16, before_step=lambda: None)


def stock_step(shape: Shape, mode: str, *, bf16: bool) -> Work:
    stock, batch = stock_model(pair_of(shape)), batches(shape)
    stock.set_experts_implementation(mode)
    weights: list[torch.nn.Parameter] = [
        weight.requires_grad_(True)
        for name, weight in stock.named_parameters()
        if ".mlp.experts." in name or ".mlp.gate." in name
    ]
    stock.train()

    def loss() -> Tensor:
        token_BS = batch()
        answer: Any = stock(input_ids=token_BS[:, :-1], use_cache=False)
        logits = answer.logits.float().flatten(0, 1)
        return torch.nn.functional.cross_entropy(logits, token_BS[:, 1:].flatten())

    def leave_the_public_half() -> None:
        for weight in weights:
            if weight.grad is not None:
                weight.grad[0].zero_()

    return _step(weights, loss, bf16=bf16, before_step=leave_the_public_half)


def _step(
    weights: list[torch.nn.Parameter], loss: Callable[[], Tensor], *, bf16: bool, before_step: Callable[[], None]
) -> Work:
    optimizer = torch.optim.AdamW(weights, lr=RATE, betas=(0.9, 0.95), weight_decay=WEIGHT_DECAY, fused=True)

    def work() -> None:
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
            objective = loss()
        objective.backward()  # type: ignore[no-untyped-call]
        before_step()
        torch.nn.utils.clip_grad_norm_(weights, CLIP)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    return work


def step_of(who: str, shape: Shape, *, bf16: bool) -> Work:
    return our_step(shape, bf16=bf16) if who == "ours" else stock_step(shape, who, bf16=bf16)


def peak_memory(who: str, name: str, threads: int, *, bf16: bool) -> int:
    """MiB, at the most, of a process of its own that takes a few steps: what the machine has to have."""
    asked = [sys.executable, "-m", "benchmarks.train_cpu", "--threads", str(threads), "--only", who, "--shape", name]
    asked += ["--dtype", "bfloat16" if bf16 else "float32"]
    found = subprocess.run(asked, check=True, capture_output=True, text=True).stdout
    return int(json.loads(found.splitlines()[-1])["mib"])


def _take_steps(who: str, shape: Shape, *, bf16: bool) -> None:
    work = step_of(who, shape, bf16=bf16)
    gc.collect()
    for _ in range(MEMORY_STEPS):
        work()
    status = Path("/proc/self/status").read_text()  # getrusage would count what the parent held before this started
    print(json.dumps({"mib": int(status.split("VmHWM:")[1].split()[0]) // 1024}))


def _best(works: dict[str, Work], threads: int, *, rounds: int) -> dict[str, float]:
    clock = time.process_time if threads == 1 else time.perf_counter
    best = dict.fromkeys(works, float("inf"))
    for turn in range(rounds + 1):
        for who, work in works.items():
            start = clock()
            work()
            if turn:  # the first step is for warming up
                best[who] = min(best[who], clock() - start)
    return best


def measure(name: str, threads: int, *, bf16: bool, rounds: int) -> list[str]:
    shape = SHAPES[name]
    taken = _best({who: step_of(who, shape, bf16=bf16) for who in ("ours", *MODES)}, threads, rounds=rounds)
    memory = {who: peak_memory(who, name, threads, bf16=bf16) for who in ("ours", *MODES)}
    tokens = BATCH * shape.positions
    best = min(MODES, key=taken.__getitem__)
    return [
        f"{name} {'bf16' if bf16 else 'fp32'}",
        *(f"{tokens / taken[who]:,.0f}" for who in ("ours", *MODES)),
        f"{taken[MODES[0]] / taken['ours']:.2f}",
        f"{taken[best] / taken['ours']:.2f}",
        *(f"{memory[who]:,}" for who in ("ours", *MODES)),
    ]


HEAD = ["", "ours, tokens/s", *MODES, "x default", "x best", "ours, MiB", *(f"{mode}, MiB" for mode in MODES)]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--shape", choices=list(SHAPES), nargs="+", default=list(SHAPES))
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], nargs="+", default=["float32", "bfloat16"])
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--only", choices=["ours", *MODES], help="take a few steps of one and say the peak of memory")
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    if asked.only:
        _take_steps(asked.only, SHAPES[asked.shape[0]], bf16=asked.dtype[0] == "bfloat16")
        return
    keep_memory()
    print(f"{processor()}, {asked.threads} threads; {info()}")
    rows = [
        measure(name, asked.threads, bf16=dtype == "bfloat16", rounds=asked.rounds)
        for name in asked.shape
        for dtype in asked.dtype
    ]
    print(table(HEAD, rows))


if __name__ == "__main__":
    main()
