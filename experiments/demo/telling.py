"""How the story is told: chapters with the time they took, lines, and lines that grow while something is on its way."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from client.shapes import Composition


@contextmanager
def chapter(title: str) -> Iterator[None]:
    print(f"\n{title}", flush=True)
    began = time.monotonic()
    yield
    say(f"({time.monotonic() - began:.0f} s)")


def say(text: str) -> None:
    print(f"  {text}", flush=True)


class Upload:
    """Shows how far a package's files are: a moving line on a terminal, nothing elsewhere."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, path: str, there: int, size: int) -> None:
        if sys.stdout.isatty():
            line = f"  {self._name}: {path} {there / 1e6:.1f} of {size / 1e6:.1f} MB"
            print(f"\r\x1b[2K{line[:110]}", end="\r", flush=True)


class Build:
    """Shows a composition's steps as they come, in one line that grows."""

    def __init__(self, name: str) -> None:
        self._began = time.monotonic()
        self._step = ""
        print(f"  {name}: ", end="", flush=True)

    def __call__(self, composition: Composition) -> None:
        progress = composition["progress"]
        step = composition["state"]
        if progress.get("total") and step != "published":
            step += f" {progress.get('done', 0)} of {progress['total']}"
        if step != self._step:
            print(f"{' > ' if self._step else ''}{step}", end="", flush=True)
            self._step = step

    def done(self) -> None:
        print(f" ({time.monotonic() - self._began:.1f} s)", flush=True)
