"""A line to the object store that drops: passes bytes on, and hangs up on the parts it is told to."""

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Lock, Thread
from urllib.parse import urlsplit

PART = re.compile(rb"PUT [^ ]*[?&]partNumber=(\d+)[^\d]")


@dataclass(slots=True)
class BadLine:
    """`drops`: how often to hang up on a part. `seen`: the parts that somebody began to send, in order."""

    url: str = ""
    drops: dict[int, int] = field(default_factory=dict)
    seen: list[int] = field(default_factory=list)
    heard: list[bytes] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def passes(self, data: bytes) -> bool:
        found = PART.search(data)
        if found is None:
            return True
        number = int(found.group(1))
        with self.lock:
            self.seen.append(number)
            self.heard.append(data[:4096])
            left = self.drops.get(number, 0)
            self.drops[number] = max(left - 1, 0)
        return left == 0


@contextmanager
def bad_line(to: str) -> Iterator[BadLine]:
    """A line to the store at `to`, on a port of its own."""
    target = urlsplit(to)
    line = BadLine()
    door = socket.create_server(("127.0.0.1", 0))
    line.url = f"http://127.0.0.1:{door.getsockname()[1]}"
    threads: list[Thread] = []
    ends: list[socket.socket] = []

    def open_up() -> None:
        while True:
            try:
                near, _ = door.accept()
            except OSError:
                return
            far = socket.create_connection((target.hostname or "", target.port or 80))
            ends.extend((near, far))
            for arguments in ((near, far, line), (far, near, None)):
                threads.append(Thread(target=_pump, args=arguments, daemon=True))
                threads[-1].start()

    opener = Thread(target=open_up, daemon=True)
    opener.start()
    try:
        yield line
    finally:
        with suppress(OSError):
            door.shutdown(socket.SHUT_RDWR)
        door.close()
        opener.join()
        for end in ends:
            _hang_up(end)
        for thread in threads:
            thread.join()
        for end in ends:
            end.close()


def _pump(source: socket.socket, sink: socket.socket, line: BadLine | None) -> None:
    with suppress(OSError):
        while data := source.recv(2**16):
            if line is not None and not line.passes(data):
                source.shutdown(socket.SHUT_WR)
                while source.recv(2**16):
                    """What is still sent goes nowhere; a sender that is heard out notices at once."""
                break
            sink.sendall(data)
    _hang_up(source)
    _hang_up(sink)


def _hang_up(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
