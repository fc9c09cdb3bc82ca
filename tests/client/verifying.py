"""Runs `guildhall verify` as a person does, with a home of its own."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from client.cli import main


@dataclass(frozen=True)
class Verdict:
    status: int
    out: str
    err: str


Verify = Callable[..., Verdict]


@pytest.fixture
def verify(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Verify:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("GUILDHALL_LOG_KEY", raising=False)
    monkeypatch.delenv("GUILDHALL_TOKEN", raising=False)
    monkeypatch.setenv("GUILDHALL_URL", "http://127.0.0.1:9")

    def run(*words: str | Path) -> Verdict:
        status = main(["verify", *map(str, words)])
        said = capsys.readouterr()
        return Verdict(status, said.out, said.err)

    return run
