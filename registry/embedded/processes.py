"""Child processes that leave nothing behind: each has a group, a log and a pid file, and a watcher outlives us.

A folder belongs to one supervisor at a time. What a killed one left running is ended before anything new is started.
"""

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Self

import psutil

REPOSITORY = Path(__file__).resolve().parents[2]
LOG_LIMIT = 8 * 1024 * 1024


class DidNotStart(Exception):
    """A process we need did not come up; the message says which, and shows the end of its log."""


class EndedEarly(DidNotStart):
    """It ended by itself before it was ready: perhaps another program took its port."""


@dataclass(frozen=True, slots=True)
class Program:
    """What to run, as whom, and how it likes to be stopped."""

    name: str
    command: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    stop_signal: signal.Signals = signal.SIGTERM
    patience: float = 8.0  # seconds between the signal and SIGKILL
    user: int | None = None
    group: int | None = None
    cwd: Path = REPOSITORY


class Processes:
    """The processes of one folder: `run/` holds their pids, `log/` what they print."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._programs: dict[str, Program] = {}
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._turn = threading.RLock()
        for part in (folder, folder / "run", folder / "log"):
            part.mkdir(parents=True, exist_ok=True)
        self._lock = take_lock(folder / "run" / "lock")
        for file in (folder / "run").glob("*.pid"):
            end_leftover(file)
        self._watcher = start_watcher()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self, program: Program) -> None:
        with self._turn:
            if self.alive(program.name):
                raise RuntimeError(f"{program.name} is already running.")
            with self._open_log(program.name) as log:
                child = subprocess.Popen(
                    program.command,
                    env={**os.environ, **program.env},
                    cwd=program.cwd,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    user=program.user,
                    group=program.group,
                    extra_groups=None if program.user is None else [],
                )
            self._tell_watcher(f"+{child.pid} {program.stop_signal.value}")
            with contextlib.suppress(psutil.NoSuchProcess):
                born = psutil.Process(child.pid).create_time()
                self._pid_file(program.name).write_text(f"{child.pid} {born}\n")
            self._programs[program.name] = program
            self._running[program.name] = child

    def run(self, program: Program, *, seconds: float) -> None:
        """Start it and wait for its end, which must be a good one."""
        self.start(program)
        try:
            status = self._running[program.name].wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill(program.name)
            raise DidNotStart(f"{program.name} took over {seconds:.0f} s.{self.log_tail(program.name)}") from None
        self.kill(program.name)
        if status != 0:
            raise DidNotStart(f"{program.name} ended with status {status}.{self.log_tail(program.name)}")

    def restart(self, name: str) -> None:
        self.start(self._programs[name])

    def names(self) -> list[str]:
        return list(self._running)

    def pid(self, name: str) -> int:
        return self._running[name].pid

    def alive(self, name: str) -> bool:
        with self._turn:
            child = self._running.get(name)
            return child is not None and child.poll() is None

    def exit_status(self, name: str) -> int | None:
        with self._turn:
            return self._running[name].poll()

    def kill(self, name: str) -> None:
        """End a process and all of its group at once, as a failing machine would."""
        with self._turn:
            self._end_group(name)

    def stop(self, *names: str) -> None:
        """Ask them all together, wait as long as each may take, then kill."""
        with self._turn:
            asked = [name for name in names if name in self._running]
            for name in asked:
                if self._running[name].poll() is None:
                    self._running[name].send_signal(self._programs[name].stop_signal)
            began = time.monotonic()
            for name in asked:
                left = began + self._programs[name].patience - time.monotonic()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._running[name].wait(max(left, 0.01))
                self._end_group(name)

    def close(self) -> None:
        with self._turn:
            self.stop(*self._running)
            if self._watcher.stdin is not None:
                with contextlib.suppress(BrokenPipeError):
                    self._watcher.stdin.close()
            self._watcher.wait(10)
            self._lock.close()

    def wait_until(self, name: str, ready: Callable[[], bool], *, seconds: float) -> None:
        """Until `ready` says yes; a process that ends or takes too long is an error that shows its log."""
        deadline = time.monotonic() + seconds
        while not ready():
            if not self.alive(name):
                raise EndedEarly(
                    f"{name} ended with status {self.exit_status(name)} before it was ready.{self.log_tail(name)}"
                )
            if time.monotonic() > deadline:
                raise DidNotStart(f"{name} was not ready after {seconds:.0f} seconds.{self.log_tail(name)}")
            time.sleep(0.05)

    def log_file(self, name: str) -> Path:
        return self.folder / "log" / f"{name}.log"

    def log_tail(self, name: str, lines: int = 20) -> str:
        """The end of a log, each line with the process's name before it."""
        text = self.log_file(name).read_text(errors="replace") if self.log_file(name).exists() else ""
        return "".join(f"\n  {name} | {line}" for line in text.splitlines()[-lines:])

    def _open_log(self, name: str) -> IO[bytes]:
        file = self.log_file(name)
        if file.exists() and file.stat().st_size > LOG_LIMIT:
            file.replace(file.with_suffix(".log.1"))
        return file.open("ab")

    def _pid_file(self, name: str) -> Path:
        return self.folder / "run" / f"{name}.pid"

    def _end_group(self, name: str) -> None:
        child = self._running.pop(name, None)
        if child is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        self._tell_watcher(f"-{child.pid}")
        self._pid_file(name).unlink(missing_ok=True)

    def _tell_watcher(self, line: str) -> None:
        # A watcher that was killed is missed only if we are killed too; then the pid files are what is left.
        if self._watcher.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._watcher.stdin.write(f"{line}\n".encode())
                self._watcher.stdin.flush()


def take_lock(file: Path) -> IO[str]:
    """Ours until closed or until we die; the kernel forgets it with us."""
    lock = file.open("a")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise DidNotStart(
            f"Another supervisor is running from {file.parents[1]}; stop that one first, or choose another folder."
        ) from None
    return lock


def end_leftover(file: Path) -> None:
    """End the process a pid file speaks of, if it is still that one and not a later bearer of its number."""
    pid, _, born = file.read_text().partition(" ")
    with contextlib.suppress(psutil.NoSuchProcess, ValueError):
        left = psutil.Process(int(pid))
        if left.create_time() == float(born):
            os.killpg(left.pid, signal.SIGKILL)
            with contextlib.suppress(psutil.TimeoutExpired):
                left.wait(5)
    file.unlink()


def start_watcher() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-I", "-S", str(Path(__file__).with_name("watch.py"))],
        stdin=subprocess.PIPE,
        start_new_session=True,
        cwd="/",
    )
