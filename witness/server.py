"""HTTP around the witness: two addresses, small bodies, few callers at once, nobody waits for long."""

import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from witness.judging import Answer, Witness

MAX_BODY = 128 * 1024
MAX_CALLERS = 64
SECONDS = 15.0  # for one request, its waiting included


class Server(ThreadingHTTPServer):
    """Serves one witness."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], witness: Witness) -> None:
        self.witness = witness
        self.callers = threading.BoundedSemaphore(MAX_CALLERS)
        super().__init__(address, Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """A caller beyond the number is turned away at once; the log asks again."""
        if not self.callers.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.callers.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller who hangs up is no event of ours."""


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    server_version = "guildhall-witness"
    sys_version = ""
    timeout = SECONDS

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Only what is amiss is worth a line; `judging` writes that."""

    def handle_one_request(self) -> None:
        """Whoever sends a byte now and then has `SECONDS` for all of it, like everybody else."""
        limit = threading.Timer(SECONDS, self._hang_up)
        limit.daemon = True
        limit.start()
        try:
            super().handle_one_request()
        finally:
            limit.cancel()

    def _hang_up(self) -> None:
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            self.close_connection = True

    def do_GET(self) -> None:
        if self.path != "/":
            self._answer(Answer(404, "There is nothing here; GET / says what this is.\n"))
            return
        key = self.server.witness.key
        says = "This is a witness: it cosigns the checkpoints of transparency logs that only grow (C2SP tlog-witness)."
        self._answer(Answer(200, f"{says}\n{key.vkey}\n"))

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if self.headers.get("Transfer-Encoding") or not (length.isascii() and length.isdigit() and len(length) < 10):
            self._refuse(Answer(411, "Send the request with its Content-Length.\n"))
        elif int(length) > MAX_BODY:
            self._refuse(Answer(413, f"A request has at most {MAX_BODY} bytes.\n"))
        elif self.path != "/add-checkpoint":
            self._refuse(Answer(404, "POST /add-checkpoint is the only question here.\n"))
        else:
            body = self.rfile.read(int(length))
            if len(body) == int(length):
                self._answer(self.server.witness.add_checkpoint(body))

    def _refuse(self, answer: Answer) -> None:
        """The body was not read, so the line cannot be used again."""
        self.close_connection = True
        self._answer(answer)

    def _answer(self, answer: Answer) -> None:
        content = answer.body.encode()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.kind)
        self.send_header("Content-Length", str(len(content)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content)
