"""Guildhall on this machine: `run` the whole site, or only its `servers`; or `prepare` servers that others run."""

import argparse
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from registry.embedded.bucket import Store, ensure_bucket
from registry.embedded.ports import is_free, kept_port
from registry.embedded.processes import REPOSITORY, DidNotStart
from registry.embedded.servers import S3_NAMES, Servers
from registry.embedded.supervisor import OPERATOR, PASSWORD, Site, local, setup_commands, site_environment

PORT = 8000


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def run_command(command: Sequence[str], env: Mapping[str, str]) -> int:
    return subprocess.run(command, env={**os.environ, **env}, check=False).returncode


def run_servers(folder: Path, *, durable: bool, command: Sequence[str]) -> int:
    """With a command: its exit status. Without: print what to export, and stay until Ctrl-C."""
    with Servers(folder, durable=durable, origins=["*"]) as servers:
        if command:
            return run_command(command, servers.env)
        for name, value in servers.env.items():
            say(f"export {name}={shlex.quote(value)}")
        signal.pause()
    return 0


def run_site(folder: Path, *, port: int | None, once: bool, command: Sequence[str]) -> int:
    """The whole site; then the command, beside it. Stays up afterwards unless it is to be only once."""
    began = time.monotonic()
    port = choose_port(folder, port)
    url = os.environ.get("GUILDHALL_URL", local(port))
    origins = sorted({url, local(port), f"http://localhost:{port}"})
    status = 0
    with Servers(folder, origins=origins) as servers:
        env = site_environment(
            servers.env,
            url=url,
            secret_key=servers.secret("django"),
            password=servers.secret("operator"),
            scratch=folder / "scratch",
            secrets=folder / "secrets",
        )
        with Site(servers.processes, env, port=port) as site:
            say(
                f"Guildhall answers at {site.url} after {time.monotonic() - began:.0f} s; logs are in {folder / 'log'}."
            )
            if command:
                status = run_command(command, site.command_env)
            if not once:
                if status:
                    say(f"The command ended with status {status}; the site stays up.")
                say(f"Guildhall is at {site.url}; sign in as {site.operator_email}")
                say(f"with the password in {folder / 'secrets' / 'operator'}. Ctrl-C stops everything.")
                wait_for_ctrl_c()
    return status


def prepare_given() -> int:
    """The servers of the environment made ready: bucket, tables, first operator. May be run again at any time."""
    lacking = [name for name in ("DATABASE_URL", "GUILDHALL_URL", PASSWORD, *S3_NAMES) if name not in os.environ]
    if lacking:
        raise DidNotStart(f"Set {', '.join(lacking)} first.")
    ensure_bucket(Store(*(os.environ[name] for name in S3_NAMES)), origins=[os.environ["GUILDHALL_URL"]])
    email = os.environ.get("GUILDHALL_OPERATOR_EMAIL", OPERATOR)
    for _, arguments in setup_commands(email):
        status = run_command((sys.executable, "manage.py", *arguments), {})
        if status:
            return status
    return 0


def choose_port(folder: Path, asked: int | None) -> int:
    if asked is not None:
        return asked
    return PORT if is_free(PORT) else kept_port(folder / "run" / "web.port")


def wait_for_ctrl_c() -> None:
    try:
        signal.pause()
    except KeyboardInterrupt:
        say("\nStopping.")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m registry.embedded", description=__doc__)
    parts = parser.add_subparsers(dest="part", required=True)
    servers = parts.add_parser("servers", help="PostgreSQL, Valkey and SeaweedFS only")
    servers.add_argument("--fast", action="store_true", help="for tests: a power cut may lose data")
    site = parts.add_parser("run", help="the servers, web, workers and beat")
    site.add_argument("--port", type=int, help=f"of the web server ({PORT}, or another where that is taken)")
    site.add_argument("--once", action="store_true", help="stop when the command has ended, with its status")
    parts.add_parser("prepare", help="bucket, tables and first operator on the servers of the environment")
    for part in (servers, site):
        part.add_argument("--folder", type=Path, default=REPOSITORY / "var", help="where the data is (var/)")
        part.add_argument("command", nargs="*", help="run this beside it")
    return parser.parse_args()


def main() -> int:
    given = arguments()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        if given.part == "servers":
            return run_servers(given.folder.resolve(), durable=not given.fast, command=given.command)
        if given.part == "prepare":
            return prepare_given()
        return run_site(given.folder.resolve(), port=given.port, once=given.once, command=given.command)
    except DidNotStart as refusal:
        sys.stderr.write(f"{refusal}\n")
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
