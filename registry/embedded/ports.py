"""Free ports on this machine, below the range from which the kernel hands out its own."""

import contextlib
import random
import socket
from pathlib import Path

LOWEST, HIGHEST = 10240, 22000
GRPC_SHIFT = 10000  # SeaweedFS takes port + 10000 beside each of its ports


def kept_port(file: Path, *, size: int = 1, grpc: bool = False) -> int:
    """The port used last time while it is free, so that addresses stay; else another, written down."""
    if file.exists():
        last = int(file.read_text())
        if all(map(is_free, block(last, size=size, grpc=grpc))):
            return last
    file.parent.mkdir(parents=True, exist_ok=True)
    port = free_block(size, grpc=grpc)
    file.write_text(f"{port}\n")
    return port


def free_port() -> int:
    return free_block(1, grpc=False)


def free_block(size: int, *, grpc: bool) -> int:
    """The first of `size` free ports in a row; with grpc, those 10000 above are free too."""
    for _ in range(200):
        first = random.randrange(LOWEST, HIGHEST)  # noqa: S311  a port is not a secret
        if all(map(is_free, block(first, size=size, grpc=grpc))):
            return first
    raise RuntimeError(f"No {size} free ports in a row were found between {LOWEST} and {HIGHEST}.")


def block(first: int, *, size: int, grpc: bool) -> list[int]:
    ports = list(range(first, first + size))
    return ports + [port + GRPC_SHIFT for port in ports] if grpc else ports


def is_free(port: int) -> bool:
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
