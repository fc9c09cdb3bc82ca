"""What a GPU can do, and how long something takes: by its own clock, in a graph where the work can be captured."""

import json
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F

Work = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Limits:
    """Measured here: bytes a second of a copy, read and written counted both, and bf16 operations a second."""

    copy: float
    multiply: float


def limits() -> Limits:
    source = torch.empty(1 << 31, dtype=torch.uint8, device="cuda")
    target = torch.empty_like(source)
    copied = 2 * source.numel() / seconds(lambda: target.copy_(source))
    x = torch.randn(8192, 8192, dtype=torch.bfloat16, device="cuda")
    weight = torch.randn(8192, 8192, dtype=torch.bfloat16, device="cuda")
    return Limits(copied, 2 * 8192**3 / seconds(lambda: F.linear(x, weight)))


def seconds(work: Work, *, graph: bool = True, rounds: int = 5, least: float = 0.02) -> float:
    """The median of some rounds, each as many calls as take `least` seconds."""
    call = captured(work) if graph else work
    call()
    torch.cuda.synchronize()
    once = _timed(call, 1)
    calls = max(1, min(1000, int(least / max(once, 1e-7))))
    return statistics.median(_timed(call, calls) / calls for _ in range(rounds))


def captured(work: Work) -> Work:
    """The work as a graph: what it costs without the host."""
    stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            work()
    torch.cuda.current_stream().wait_stream(stream)
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        work()
    return graph.replay


def _timed(call: Work, calls: int) -> float:
    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))  # type: ignore[no-untyped-call]
    begin.record()
    for _ in range(calls):
        call()
    end.record()
    end.synchronize()
    return float(begin.elapsed_time(end)) / 1e3


class Budget:
    """So that a table is printed whatever happens: what comes too late or does not run is left out, with its reason."""

    def __init__(self, total: float) -> None:
        self._end = time.monotonic() + total
        self.left_out: list[str] = []

    def measure(self, name: str, measure: Callable[[], float]) -> float | None:
        if time.monotonic() > self._end:
            self.left_out.append(f"{name}: out of time")
            return None
        try:
            return measure()
        except Exception as fault:  # whatever a peer dies of, the others are measured
            self.left_out.append(f"{name}: {type(fault).__name__} {str(fault).strip().splitlines()[:1]}"[:200])
            torch.cuda.synchronize()
            return None


def keep(name: str, numbers: object) -> None:
    """All numbers, under $OUT where it is set."""
    if os.environ.get("OUT"):
        Path(os.environ["OUT"], f"{name}.json").write_text(json.dumps(numbers, indent=1))
