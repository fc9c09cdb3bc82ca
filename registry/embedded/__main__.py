"""`python -m registry.embedded servers`: the three servers on this machine, for as long as they are wanted."""

import argparse
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from registry.embedded.processes import REPOSITORY, DidNotStart
from registry.embedded.servers import Servers


def run_servers(folder: Path, *, durable: bool, command: Sequence[str]) -> int:
    """With a command: its exit status. Without: print what to export, and stay until Ctrl-C."""
    with Servers(folder, durable=durable, origins=["*"]) as servers:
        if command:
            return subprocess.run(command, env={**os.environ, **servers.env}, check=False).returncode
        for name, value in servers.env.items():
            sys.stdout.write(f"export {name}={shlex.quote(value)}\n")
        sys.stdout.flush()
        signal.pause()
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m registry.embedded", description=__doc__)
    parts = parser.add_subparsers(dest="part", required=True)
    only_servers = parts.add_parser("servers", help="PostgreSQL, Valkey and SeaweedFS only")
    only_servers.add_argument("--fast", action="store_true", help="for tests: a power cut may lose data")
    only_servers.add_argument("--folder", type=Path, default=REPOSITORY / "var", help="where their data is (var/)")
    only_servers.add_argument("command", nargs="*", help="run this with the servers up, then stop them")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return run_servers(given.folder, durable=not given.fast, command=given.command)
    except DidNotStart as refusal:
        sys.stderr.write(f"{refusal}\n")
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
