"""A stranger's server that answers what it was told to, in order: for what ours would answer only on a bad day."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

HANG_UP = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """A status (HANG_UP drops the line instead) and a body: an object is sent as a problem document."""

    status: int
    body: Any = None
    content_type: str = "application/problem+json"


@dataclass(slots=True)
class Scripted:
    url: str = ""
    answers: list[Answer] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)


@contextmanager
def scripted(answers: Sequence[Answer]) -> Iterator[Scripted]:
    """The last answer is given again and again."""
    script = Scripted(answers=list(answers))

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            self.rfile.read(length)
            script.requests.append((self.command, self.path))
            script.headers.append({name.lower(): value for name, value in self.headers.items()})
            said = script.answers.pop(0) if len(script.answers) > 1 else script.answers[0]
            self.close_connection = True
            if said.status == HANG_UP:
                return
            data = said.body if isinstance(said.body, bytes) else json.dumps(said.body).encode()
            self.send_response(said.status)
            self.send_header("Content-Type", said.content_type)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = answer  # noqa: N815  the names that the library looks for

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    script.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield script
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
