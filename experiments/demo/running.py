"""Runs programs side by side and shows how far each is, in one line that is drawn again and again.

What they say goes to a log file each; on a terminal the line moves, elsewhere it is written now and then.
"""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

TERMINAL_PAUSE = 0.5
LOG_PAUSE = 20.0
TAIL = 4096


class ProgramFailed(Exception):
    """A program of the main job ended with an error."""


@dataclass(frozen=True, slots=True)
class Running:
    """A program that was started, and the log that has all it says."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def last_line(self) -> str:
        """The newest progress; a progress bar parts its lines by carriage returns."""
        with self.log.open("rb") as log:
            log.seek(max(0, self.log.stat().st_size - TAIL))
            lines = log.read().decode(errors="replace").replace("\r", "\n").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "")

    def demand_success(self) -> None:
        if self.process.poll():
            status = self.process.returncode
            raise ProgramFailed(f"{self.name} ended with status {status}: {self.last_line()} (see {self.log})")


def run_together(commands: Mapping[str, Sequence[str]], *, logs: Path, threads: int) -> None:
    """Run all at once, each with so many threads; when one fails, the others are ended."""
    if not commands:
        return
    logs.mkdir(parents=True, exist_ok=True)
    running: list[Running] = []
    try:
        for name, command in commands.items():
            running.append(start(name, command, log=logs / f"{name}.log", threads=threads))
        _watch(running)
    finally:
        for each in running:
            if each.process.poll() is None:
                each.process.terminate()
            each.process.wait()


def start(name: str, command: Sequence[str], *, log: Path, threads: int) -> Running:
    with log.open("wb") as said:
        process = subprocess.Popen(  # noqa: S603  our own programs
            command,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            # Threads that wait give their core away soon: for ever spinning ones starve each other beside the site.
            env={**os.environ, "OMP_NUM_THREADS": str(threads), "GOMP_SPINCOUNT": "100000", "COLUMNS": "80"},
        )
    return Running(name, process, log)


def _watch(running: Sequence[Running]) -> None:
    pause = TERMINAL_PAUSE if sys.stdout.isatty() else LOG_PAUSE
    shown = time.monotonic()
    while any(each.process.poll() is None for each in running):
        for each in running:
            each.demand_success()
        time.sleep(0.1)
        if time.monotonic() - shown >= pause:
            shown = time.monotonic()
            _show(running)
    for each in running:
        each.demand_success()
    _show(running, last=True)


def _show(running: Sequence[Running], *, last: bool = False) -> None:
    lines = [f"  {each.last_line() or f'{each.name}: starting'}" for each in running]
    if not sys.stdout.isatty():
        print("\n".join(lines), flush=True)
        return
    up = "" if last else f"\x1b[{len(lines)}A"
    print("".join(f"\x1b[2K{line[:110]}\n" for line in lines) + up, end="", flush=True)
