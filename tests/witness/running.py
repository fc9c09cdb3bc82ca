"""A witness as a process of its own, and how a log speaks to it."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.small_log import Signer

MORTAL = Path(__file__).with_name("mortal.py")
ROOT = MORTAL.parents[2]


@dataclass(frozen=True)
class Running:
    process: subprocess.Popen[str]
    vkey: str
    port: int
    folder: Path

    def add(self, body: bytes) -> httpx.Response:
        return httpx.post(f"http://127.0.0.1:{self.port}/add-checkpoint", content=body, timeout=20)


@contextmanager
def witness(folder: Path, *, logs: Sequence[Signer] = (Signer(),), dies: str = "") -> Iterator[Running]:
    """Runs on a free port until the end of the block."""
    program = [str(MORTAL), dies] if dies else ["-m", "witness"]
    watched = [word for log in logs for word in ("--log", log.vkey)]
    command = [sys.executable, *program, "--folder", str(folder), "--port", "0", "--name", "eyes.example/w1", *watched]
    with subprocess.Popen(
        command, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout is not None
            vkey, _, port = process.stdout.readline().strip().partition(" on port ")
            yield Running(process, vkey, int(port), folder)
        finally:
            process.kill()
