"""Running programs side by side: what they say is kept, and the first that fails ends the others."""

import sys
import time
from pathlib import Path

import pytest

from experiments.demo.running import ProgramFailed, run_together


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_all_run_and_the_last_thing_said_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    commands = {
        "one": python("import sys; sys.stderr.write('10 %\\r55 %\\r100 %')"),
        "two": python("import os; print(os.environ['OMP_NUM_THREADS'])"),
    }

    run_together(commands, logs=tmp_path, threads=1)

    assert capsys.readouterr().out.split() == ["100", "%", "1"]
    assert (tmp_path / "one.log").read_bytes() == b"10 %\r55 %\r100 %"


def test_one_that_fails_ends_the_others_and_says_why(tmp_path: Path) -> None:
    commands = {
        "patient": python("import time; time.sleep(60)"),
        "broken": python("raise SystemExit('the disk is full')"),
    }
    began = time.monotonic()

    with pytest.raises(ProgramFailed, match=r"broken ended with status 1: the disk is full \(see .*broken\.log\)"):
        run_together(commands, logs=tmp_path, threads=1)

    assert time.monotonic() - began < 30


def test_nothing_to_run_is_no_fault(tmp_path: Path) -> None:
    run_together({}, logs=tmp_path, threads=1)

    assert list(tmp_path.iterdir()) == []
