"""Times that can be compared: everybody takes turns, so that a noisy minute is noisy for all of them."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence

Work = Callable[[], object]
WORTH_A_LOOK = 100e-6  # seconds


def medians(works: Mapping[str, Work], *, rounds: int = 7, seconds: float = 0.25) -> dict[str, float]:
    """Seconds for each. In every round each has its turn, as often as fits in `seconds`; the best round counts, and in
    a round the median.
    """
    best = dict.fromkeys(works, float("inf"))
    for work in works.values():
        work()
    for _ in range(rounds):
        for name, work in works.items():
            best[name] = min(best[name], _median(work, seconds))
    return best


def _median(work: Work, seconds: float) -> float:
    """What is over in microseconds is done many times between two looks at the clock: a look takes a while itself."""
    start = time.perf_counter()
    work()
    times = max(1, round(WORTH_A_LOOK / (time.perf_counter() - start)))
    taken: list[float] = []
    end = time.perf_counter() + seconds
    while len(taken) < 3 or time.perf_counter() < end:
        start = time.perf_counter()
        for _ in range(times):
            work()
        taken.append((time.perf_counter() - start) / times)
    return statistics.median(taken)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """As Markdown, so that it can be kept."""
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    lines = [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in [head, *rows]]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
