"""Somebody's webhook: a real HTTP server on this machine that answers as a test wishes, and keeps what it was sent."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(slots=True)
class Listener:
    """`answers` are statuses or behaviours, one a request, the last for all that follow: 200, 500, 410, "hang",
    "drip", "huge", "garbage", or an address to be redirected to.
    """

    url: str = ""
    answers: list[int | str] = field(default_factory=lambda: [200])
    heard: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)
    connections: int = 0

    def next(self) -> int | str:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def listening(*answers: int | str, host: str = "127.0.0.1", wrap: Any = None) -> Iterator[Listener]:
    listener = Listener()
    if answers:
        listener.answers = list(answers)

    class Handler(BaseHTTPRequestHandler):
        def setup(self) -> None:
            listener.connections += 1
            super().setup()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            listener.heard.append(({name.lower(): value for name, value in self.headers.items()}, body))
            behave(self, listener)

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            """A caller that leaves in the middle is what many of these tests are about."""

    server = Server((host, 0), Handler)
    if wrap is not None:
        server.socket = wrap(server.socket)
    listener.url = f"{'https' if wrap else 'http'}://{host}:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield listener
    finally:
        listener.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()


def behave(handler: BaseHTTPRequestHandler, listener: Listener) -> None:
    answer = listener.next()
    if answer == "hang":
        listener.closing.wait(60)
    elif answer == "garbage":
        handler.wfile.write(b"not http at all\r\n\r\n")
    elif answer == "drip":
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nx-slow: ")
        while not listener.closing.wait(0.05):
            handler.wfile.write(b"a")
    elif answer == "huge":
        handler.send_response(200)
        handler.end_headers()
        end = time.monotonic() + 30
        while not listener.closing.is_set() and time.monotonic() < end:
            handler.wfile.write(b"a" * 65536)
    elif isinstance(answer, str):
        handler.send_response(307)
        handler.send_header("location", answer)
        handler.send_header("content-length", "0")
        handler.end_headers()
    else:
        handler.send_response(answer)
        handler.send_header("content-length", "0")
        handler.end_headers()
