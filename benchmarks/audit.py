"""How fast the log takes entries, publishes them, proves them, and is verified, up to a million entries.

Run beside a site of its own (`make bench-governance`), which is durable: every commit is on disk. The writers are
processes of benchmarks.audit_writers; everything else is asked of the site from outside.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import threading
import time
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import psutil

from benchmarks.timing import table
from benchmarks.withdrawal import share

WRITERS = 8
SOON = 6.0  # seconds until all writers are up
MOMENT = 0.02  # between looks at the checkpoint


@dataclass(slots=True)
class Watch:
    """Looks at the published checkpoint all the time: how large the log was when, and what the sequencer had worked."""

    url: str
    sequencer: psutil.Process
    moments: list[float] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    worked: list[float] = field(default_factory=list)
    _ending: threading.Event = field(default_factory=threading.Event)

    def look(self) -> None:
        with httpx.Client(base_url=self.url, timeout=60) as http:
            while not self._ending.wait(MOMENT):
                answer = http.get("/log/checkpoint")
                if answer.status_code != 200:
                    continue  # nothing is published yet
                size = int(answer.text.splitlines()[1])
                if not self.sizes or size > self.sizes[-1]:
                    spent = self.sequencer.cpu_times()
                    self.moments.append(time.time())
                    self.sizes.append(size)
                    self.worked.append(spent.user + spent.system)

    def end(self) -> None:
        self._ending.set()

    def shown(self, index: int) -> float:
        """When the entry of this index was first under a published checkpoint."""
        at = bisect_left(self.sizes, index + 1)
        return self.moments[at] if at < len(self.moments) else float("inf")

    def wait_for(self, size: int, *, seconds: float) -> float:
        end = time.time() + seconds
        while (not self.sizes or self.sizes[-1] < size) and time.time() < end:
            time.sleep(MOMENT)
        return self.shown(size - 1)

    def work_an_entry(self, first: int, last: int) -> float:
        """Seconds of the sequencer's processor an entry, between two sizes."""
        low, high = bisect_left(self.sizes, first), bisect_left(self.sizes, last)
        high = min(high, len(self.sizes) - 1)
        return (self.worked[high] - self.worked[low]) / max(1, self.sizes[high] - self.sizes[low])


def start(work: str, **given: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "benchmarks.audit_writers", work, json.dumps(given)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def told(process: subprocess.Popen[str]) -> Any:
    text, _ = process.communicate()
    if process.returncode:
        raise RuntimeError(f"a writer ended with status {process.returncode}")
    return json.loads(text)


def ask(work: str, **given: object) -> Any:
    return told(start(work, **given))


def together(writers: int, **given: object) -> list[Any]:
    """So many writers at the same moment."""
    at = time.time() + SOON
    return [told(process) for process in [start("append", writer=n, at=at, **given) for n in range(writers)]]


def milliseconds(values: Sequence[float], part: float) -> str:
    return f"{1000 * share(values, part):.2f}"


def throughput(watch: Watch, *, seconds: float) -> str:
    """Eight writers as fast as they can, for transactions of different sizes."""
    rows = []
    for batch in (1, 4, 20, 100):
        before = ask("sizes")["written"]
        done = together(WRITERS, batch=batch, seconds=seconds, total=10**9)
        written = sum(one["written"] for one in done)
        last = max(one["done"] for one in done)
        caught = watch.wait_for(before + written, seconds=300) - last
        watched = [pair for one in done for pair in one["watched"]]
        indexes = ask("places", ids=[entry for _, entry in watched])
        lag = [watch.shown(index) - at for (at, _), index in zip(watched, indexes, strict=True)]
        took = [value for one in done for value in one["took"]]
        rows.append(
            [
                str(batch),
                f"{written / (last - min(one['began'] for one in done)):.0f}",
                milliseconds(took, 0.5),
                milliseconds(took, 0.99),
                f"{share(lag, 0.5):.2f}",
                f"{share(lag, 0.99):.2f}",
                f"{caught:.2f}",
            ]
        )
        print(f"batch {batch}: {rows[-1]}", flush=True)
    head = [
        "entries a transaction",
        "entries/s",
        "ms p50",
        "ms p99",
        "s to be published p50",
        "p99",
        "s behind at the end",
    ]
    return table(head, rows)


def added(*, seconds: float) -> str:
    """What a record adds to a small deed: alone, and while other writers give the log 500 entries a second or so."""
    rows = []
    for what, writers in (("alone", 0), ("beside 8 writers at full speed", WRITERS)):
        at = time.time() + SOON
        others = [start("append", writer=n, batch=1, at=at, seconds=seconds, total=10**9) for n in range(writers)]
        took = ask("beside", at=at, seconds=seconds, pause=0.005)
        for other in others:
            told(other)
        cells = [milliseconds(took[which], part) for part in (0.5, 0.99) for which in ("without", "with")]
        more = 1000 * (share(took["with"], 0.99) - share(took["without"], 0.99))
        rows.append([what, *cells, f"{more:.2f}"])
    head = ["a small deed, ms", "p50 without", "p50 with", "p99 without", "p99 with", "p99 added"]
    return table(head, rows)


def fill(watch: Watch, *, entries: int) -> str:
    """Up to so many entries, and what publishing one costs on the way."""
    marks, rows = [entries // 100, entries // 10, entries // 2, entries], []
    began = time.time()
    for mark in marks:
        missing = mark - ask("sizes")["written"]
        if missing > 0:
            together(2, batch=1000, seconds=3600, total=-(-missing // 2))
            watch.wait_for(mark, seconds=3600)
        size = watch.sizes[-1]
        singly = [alone(watch) for _ in range(5)]
        bulk = 1e6 * watch.work_an_entry(size // 2, size)
        rows.append([f"{size:,}", f"{bulk:.0f}", f"{share(singly, 0.5):.2f}", f"{share(singly, 1):.2f}"])
        print(f"{size} entries after {time.time() - began:.0f} s: {rows[-1]}", flush=True)
    return table(
        ["entries", "us of the sequencer an entry, in bulk", "s until one alone is published, p50", "longest"], rows
    )


def alone(watch: Watch) -> float:
    done = ask("append", writer=50, batch=1, at=time.time(), seconds=60, total=1)
    written: int = ask("sizes")["written"]
    return watch.wait_for(written, seconds=60) - float(done["done"])


def proved(url: str, size: int) -> str:
    draw = random.Random(7)  # noqa: S311  a benchmark
    indexes = [draw.randrange(size) for _ in range(300)]
    inside, outside = ask("proofs", indexes=indexes), []
    with httpx.Client(base_url=url) as http:
        for index in indexes:
            began = time.perf_counter()
            http.get(f"/api/v1/log/{index}/proof").raise_for_status()
            outside.append(time.perf_counter() - began)
    rows = [
        [what, milliseconds(took, 0.5), milliseconds(took, 0.99)]
        for what, took in (("made", inside), ("over HTTP", outside))
    ]
    return table([f"a proof out of {size:,}, ms", "p50", "p99"], rows)


def verified(url: str) -> str:
    rows = []
    with TemporaryDirectory() as home:
        environment = {**os.environ, "HOME": home, "XDG_CONFIG_HOME": home, "GUILDHALL_URL": url}
        for words in (["owner", "makers-3"], ["log"]):
            command = [str(Path(sys.executable).parent / "guildhall"), "verify", *words]
            began = time.perf_counter()
            done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
            last = done.stdout.strip().splitlines()[-1]
            rows.append([f"guildhall verify {' '.join(words)}", f"{time.perf_counter() - began:.1f}", last[:80]])
    return table(["a stranger", "seconds", "what it says last"], rows)


def sequencer() -> psutil.Process:
    """The site's own: a child of the supervisor that started us."""
    for child in psutil.Process(os.getppid()).children(recursive=True):
        if "sequence" in child.cmdline():
            return child
    raise RuntimeError("there is no sequencer beside us; run this with python -m registry.embedded run")


def main(environment: Mapping[str, str] = os.environ) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.audit", description=__doc__)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=10.0)
    given = parser.parse_args()
    url = environment["GUILDHALL_URL"]
    watch = Watch(url, sequencer())
    looking = threading.Thread(target=watch.look, name="watch", daemon=True)
    looking.start()
    print(f"{added(seconds=given.seconds)}\n", flush=True)
    print(f"{throughput(watch, seconds=given.seconds)}\n", flush=True)
    print(f"{fill(watch, entries=given.entries)}\n", flush=True)
    print(f"{proved(url, watch.sizes[-1])}\n", flush=True)
    watch.end()
    looking.join()
    print(verified(url), flush=True)


if __name__ == "__main__":
    main()
