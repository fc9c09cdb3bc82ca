"""Asks `consumer.py` about a model, each time in a process of its own that knows an endpoint and a token at most."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CONSUMER = Path(__file__).with_name("consumer.py")
PATIENCE = 600.0


class ConsumerFailed(Exception):
    """The consumer's program ended with an error that it should not have met."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A model's bits per byte by domain, and the revision that was loaded, where it came from the hub."""

    revision: str | None
    figures: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came of asking for a revision: nothing but an error and its message, if it was refused."""

    error: str | None
    message: str


@dataclass(frozen=True, slots=True)
class Consumer:
    """A machine of a consumer: its cache, and the endpoint and token it was given."""

    cache: Path
    endpoint: str
    token: str

    def measure(self, name: str, texts: Path) -> Measured:
        return _measured(_ask(["measure", name, str(texts)], env=self._env()))

    def fetch(self, name: str, revision: str, *, into: Path | None = None) -> Fetched:
        answer = _ask(["fetch", name, revision, *([str(into)] if into else [])], env=self._env())
        return Fetched(answer.get("error"), answer.get("message", ""))

    def _env(self) -> dict[str, str]:
        return {"HF_ENDPOINT": self.endpoint, "HF_TOKEN": self.token, "HF_HOME": str(self.cache)}


def measure_folder(folder: Path, texts: Path, *, cache: Path) -> Measured:
    """The same measurement of a model on this disk; no endpoint, no token, no network."""
    return _measured(_ask(["measure", str(folder), str(texts)], env={"HF_HUB_OFFLINE": "1", "HF_HOME": str(cache)}))


def _measured(answer: dict[str, Any]) -> Measured:
    return Measured(answer["revision"], answer["figures"])


def _ask(arguments: list[str], *, env: Mapping[str, str]) -> dict[str, Any]:
    # -P: the consumer sees the packages that are installed, and none of the files beside it.
    done = subprocess.run(  # noqa: S603  our own program, under our own Python
        [sys.executable, "-P", str(CONSUMER), *arguments],
        env={"PATH": os.environ.get("PATH", ""), "OMP_NUM_THREADS": "1", **env},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    if done.returncode:
        last = done.stderr.strip().splitlines()[-3:]
        raise ConsumerFailed(f"The consumer could not {arguments[0]} {arguments[1]}: {' '.join(last)}")
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer
