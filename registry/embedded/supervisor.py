"""The whole site on one machine: web, workers, beat, the log's sequencer and its witness beside the servers; each is
started again when it dies.
"""

import os
import signal
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from registry.audit.notes import read_note_key
from registry.embedded.keys import MODELS, kept_key
from registry.embedded.ports import kept_port
from registry.embedded.processes import Processes, Program

OPERATOR = "operator@guildhall.example"
LONGEST_PAUSE = 30.0
KEYS = {"GUILDHALL_LOG_KEYS": "log", "GUILDHALL_STATEMENT_KEY": "statements", "GUILDHALL_MODEL_KEY": MODELS}
PASSWORD = "GUILDHALL_OPERATOR_PASSWORD"  # noqa: S105  a name, not a password
STEADY = 60.0  # a process that lived this long starts again without a pause


@dataclass(slots=True)
class Watch:
    """What the supervisor remembers of a process that should be up."""

    started: float
    pause: float = 0.0
    due: float = 0.0


class Site:
    """All of it. `env` names the servers; the site's own address and first operator are added."""

    def __init__(self, processes: Processes, env: Mapping[str, str], *, port: int) -> None:
        self.processes = processes
        self.port = port
        self.url = env["GUILDHALL_URL"]
        self.env = {name: value for name, value in env.items() if name != PASSWORD}
        self.operator_email = env["GUILDHALL_OPERATOR_EMAIL"]
        self.operator_password = env[PASSWORD]
        self._ours: list[str] = []
        self._watches: dict[str, Watch] = {}
        self._turn = threading.RLock()
        self._closing = threading.Event()
        self._supervisor = threading.Thread(target=self._supervise, name="supervisor", daemon=True)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def command_env(self) -> dict[str, str]:
        """For setting up and for a command beside us. The web and the workers do not get the operator's password."""
        return self.env | {PASSWORD: self.operator_password}

    def start(self) -> None:
        """Bring the database up to date, start everything, and wait until the site answers."""
        for name, arguments in setup_commands(self.operator_email):
            command = (sys.executable, "manage.py", *arguments)
            self.processes.run(Program(name, command, env=self.command_env), seconds=300)
        if "GUILDHALL_WITNESSES" not in self.env:
            self._begin_witness()
        web, *others = programs(port=self.port, env=self.env)
        self._begin(web)
        self.processes.wait_until("web", lambda: answers(f"{local(self.port)}/healthz"), seconds=180)
        for program in others:
            self._begin(program)
        self._watches = {name: Watch(started=time.monotonic()) for name in self.processes.names()}
        self._supervisor.start()

    def stop(self) -> None:
        """All together; the servers stay up."""
        self._closing.set()
        if self._supervisor.is_alive():
            self._supervisor.join()
        self.processes.stop(*self._ours)

    def kill(self, name: str) -> None:
        """End a process and its children at once, as a failing machine would; it will be started again."""
        with self._turn:
            os.killpg(self.processes.pid(name), signal.SIGKILL)

    def rest(self, name: str) -> None:
        """Stop one process and leave it down until it is woken."""
        with self._turn:
            del self._watches[name]
            self.processes.stop(name)

    def wake(self, name: str) -> None:
        with self._turn:
            self.processes.restart(name)
            self._watches[name] = Watch(started=time.monotonic())

    def _begin_witness(self) -> None:
        """One of our own; it makes its key before the log is told of it."""
        folder, port = self.processes.folder, kept_port(self.processes.folder / "run" / "witness.port")
        making, program = witness_programs(folder / "witness", port=port, log_keys=self.env["GUILDHALL_LOG_KEYS"])
        self.processes.run(making, seconds=60)
        self._begin(program)
        self.env["GUILDHALL_WITNESSES"] = f"{(folder / 'witness' / 'vkey').read_text().strip()}={local(port)}"

    def _begin(self, program: Program) -> None:
        self.processes.start(program)
        self._ours.append(program.name)

    def _supervise(self) -> None:
        while not self._closing.wait(0.2):
            with self._turn:
                for name, watch in self._watches.items():
                    if not self.processes.alive(name):
                        self._start_again(name, watch)

    def _start_again(self, name: str, watch: Watch) -> None:
        now = time.monotonic()
        if not watch.due:
            if now - watch.started > STEADY:
                watch.pause = 0.0
            watch.due = now + watch.pause
            watch.pause = min(max(2 * watch.pause, 1.0), LONGEST_PAUSE)
        if now < watch.due:
            return
        sys.stderr.write(f"{name} ended with status {self.processes.exit_status(name)}; it is started again.\n")
        self.processes.kill(name)  # its children, if it left any
        self.processes.restart(name)
        watch.started, watch.due = now, 0.0


def programs(*, port: int, env: Mapping[str, str]) -> list[Program]:
    python = sys.executable
    web = (python, "-m", "granian", "--interface", "asginl", "--host", "127.0.0.1", "--port", str(port))
    celery = (python, "-m", "celery", "-A", "workers.celery")
    worker = (*celery, "worker", "--loglevel=INFO", "--without-mingle", "--without-gossip")
    # All share one machine: torch's threads, which wait by spinning, would take the processor from everybody else.
    patient = {**env, "OMP_WAIT_POLICY": "PASSIVE"}
    return [
        Program("web", (*web, "--workers", "1", "--no-ws", "registry.asgi:application"), env=env),
        Program("worker", (*worker, "-Q", "publishing,default", "-c", "2", "-n", "default@%h"), env=env),
        Program("gpu-worker", (*worker, "-Q", "gpu", "-c", "1", "-n", "gpu@%h"), env=patient),
        # It waits on other people's machines most of the time; threads wait cheaply, and hold up nobody's build.
        Program("messenger", (*worker, "-Q", "notices", "-P", "threads", "-c", "8", "-n", "notices@%h"), env=env),
        # Kept in memory: what is due is found again from the database, so a lost schedule loses nothing.
        Program("sequencer", (python, "manage.py", "sequence"), env=env),
        Program("beat", (*celery, "beat", "--loglevel=INFO", "--scheduler=celery.beat:Scheduler"), env=env),
    ]


def witness_programs(folder: Path, *, port: int, log_keys: str) -> tuple[Program, Program]:
    """The one that makes its key, and the one that serves."""
    run = (sys.executable, "-m", "witness", "--folder", str(folder))
    name = f"guildhall.local/witness-{port}"
    logs = [part for text in log_keys.split() for part in ("--log", read_note_key(text).vkey)]
    return (
        Program("witness-key", (*run, "--name", name, "--make-key")),
        Program("witness", (*run, "--port", str(port), *logs)),
    )


def setup_commands(email: str) -> list[tuple[str, tuple[str, ...]]]:
    """What brings a database up to date; each may be run again."""
    return [
        ("migrate", ("migrate", "--no-input")),
        ("policies", ("ensure_policy_set",)),
        ("operator", ("ensure_operator", f"--email={email}", "--name=Operator")),
    ]


def local(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=2) as reply:  # noqa: S310  our own address
            return bool(reply.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def site_environment(
    servers_env: Mapping[str, str], *, url: str, secret_key: str, password: str, scratch: Path, secrets: Path
) -> dict[str, str]:
    """What the site's processes and a command beside them run with; what is set already is kept."""
    return {
        **servers_env,
        "GUILDHALL_URL": url,
        "GUILDHALL_SECRET_KEY": os.environ.get("GUILDHALL_SECRET_KEY", secret_key),
        "GUILDHALL_OPERATOR_EMAIL": os.environ.get("GUILDHALL_OPERATOR_EMAIL", OPERATOR),
        PASSWORD: os.environ.get(PASSWORD, password),
        "GUILDHALL_SCRATCH": os.environ.get("GUILDHALL_SCRATCH", str(scratch)),
        "EMAIL_URL": os.environ.get("EMAIL_URL", f"filemail:///{scratch.parent / 'mail'}"),
        **{name: os.environ.get(name) or kept_key(secrets, signs=signs) for name, signs in KEYS.items()},
        "PYTHONUNBUFFERED": "1",
    }
