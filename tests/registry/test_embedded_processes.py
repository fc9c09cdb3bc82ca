"""Child processes leave nothing behind, whatever becomes of the one who started them."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from registry.embedded.keys import kept_secret
from registry.embedded.processes import REPOSITORY, DidNotStart, EndedEarly, Processes, Program

SLEEPER = (sys.executable, "-c", "import time; time.sleep(60)")
# A parent that ignores the polite signal, with a child of its own.
STUBBORN = (
    sys.executable,
    "-c",
    "import signal, subprocess, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); print('up', flush=True); time.sleep(60)",
)
SUPERVISOR = """
import sys, time
from pathlib import Path
from registry.embedded.processes import Processes, Program
processes = Processes(Path(sys.argv[1]))
processes.start(Program("stubborn", tuple(sys.argv[2:])))
time.sleep(60)
"""


def soon(happened: Callable[[], bool], *, seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def group_of(pid: int) -> list[psutil.Process]:
    return [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]


def all_gone(processes: list[psutil.Process]) -> bool:
    return not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in processes)


def test_what_does_not_listen_is_killed_with_its_children(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes:
        processes.start(Program("stubborn", STUBBORN, patience=0.2))
        assert soon(lambda: "up" in processes.log_tail("stubborn"))
        group = group_of(processes.pid("stubborn"))

        processes.stop("stubborn")

    assert len(group) == 2
    assert soon(lambda: all_gone(group))


def test_a_killed_supervisor_takes_its_processes_with_it(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SUPERVISOR, str(tmp_path), *STUBBORN]
    with subprocess.Popen(command, cwd=REPOSITORY) as supervisor:
        log = tmp_path / "log" / "stubborn.log"
        assert soon(lambda: log.exists() and "up" in log.read_text())
        group = group_of(int((tmp_path / "run" / "stubborn.pid").read_text().split()[0]))

        supervisor.send_signal(signal.SIGKILL)

    assert len(group) == 2
    assert soon(lambda: all_gone(group))


def test_what_an_earlier_supervisor_left_running_is_ended_first(tmp_path: Path) -> None:
    with subprocess.Popen(SLEEPER, start_new_session=True) as left:
        (tmp_path / "run").mkdir()
        born = psutil.Process(left.pid).create_time()
        (tmp_path / "run" / "sleeper.pid").write_text(f"{left.pid} {born}\n")

        with Processes(tmp_path):
            ended = not psutil.pid_exists(left.pid)

    assert ended
    assert not (tmp_path / "run" / "sleeper.pid").exists()


def test_a_stranger_who_bears_the_number_of_an_old_process_is_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen(SLEEPER, start_new_session=True) as stranger:
        (tmp_path / "run").mkdir()
        (tmp_path / "run" / "sleeper.pid").write_text(f"{stranger.pid} 12345.0\n")

        with Processes(tmp_path):
            lives = stranger.poll() is None
        stranger.kill()

    assert lives


def test_a_folder_has_one_supervisor(tmp_path: Path) -> None:
    with Processes(tmp_path), pytest.raises(DidNotStart, match="Another supervisor is running from"):
        Processes(tmp_path)

    Processes(tmp_path).close()


def test_a_process_that_ends_early_is_named_and_its_last_words_shown(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes:
        processes.start(Program("short", (sys.executable, "-c", "raise SystemExit('no disk left')")))

        with pytest.raises(EndedEarly, match=r"short ended with status 1(.|\n)*short \| no disk left"):
            processes.wait_until("short", lambda: False, seconds=10)


def test_a_secret_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    first = kept_secret(tmp_path / "secrets", "one")

    again = kept_secret(tmp_path / "secrets", "one")

    assert again == first
    assert len(first) >= 40
    assert (tmp_path / "secrets" / "one").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700
    assert [file.name for file in (tmp_path / "secrets").iterdir()] == ["one"]
