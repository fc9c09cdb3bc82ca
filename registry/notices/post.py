"""One HTTP POST to an address that a stranger chose. It goes to the public internet and nowhere else.

The host is resolved once, every address it has is looked at, and the connection is made to one that was: a name that
changes its mind meanwhile changes nothing. No redirect is followed, no proxy asked, no cookie kept; ten seconds over
all, and 64 KiB of answer at most, of which only the status is told to anybody.
"""

import socket
import ssl
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import httpcore
from django.conf import settings

from registry.errors import Invalid
from registry.notices.rules import address_fault, check_form

SECONDS = 10.0
LOOK_UP_SECONDS = 4.0
MAX_ANSWER = 64 * 1024
GONE = 410


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a try, in a sentence. `gone`: the address asks to be left alone for good."""

    taken: bool
    sentence: str
    gone: bool = False


class Refused(Exception):
    """We do not speak to this address; the text says why."""


def check_url(url: str) -> None:
    """Raise Invalid, with one sentence, where a message would not be sent."""
    scheme, host, port = check_form(url)
    try:
        addresses_of(host, port, secure=scheme == "https", seconds=LOOK_UP_SECONDS)
    except Refused as fault:
        raise Invalid(f"The url will not do: {fault}.") from None
    except TimeoutError:
        raise Invalid(f"The url will not do: nobody could say in time where {host} is; try again.") from None


def post(url: str, body: bytes, headers: Mapping[str, str], *, seconds: float = SECONDS) -> Answer:
    """Send it; whatever the other side does, there is an answer in time."""
    try:
        status = _exchange(url, body, headers, deadline=time.monotonic() + seconds)
    except (Refused, Invalid) as fault:
        return Answer(taken=False, sentence=f"Not sent: {str(fault).rstrip('.')}.")
    except (httpcore.TimeoutException, TimeoutError):
        return Answer(taken=False, sentence=f"There was no answer within {seconds:g} seconds.")
    except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as fault:
        return Answer(taken=False, sentence=_broken(fault))
    more = "; redirects are not followed" if 300 <= status < 400 else ""
    return Answer(taken=200 <= status < 300, sentence=f"It answered {status}{more}.", gone=status == GONE)


def _broken(fault: BaseException) -> str:
    cause: BaseException | None = fault
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return f"The TLS connection failed: {cause.reason or 'unknown reason'}."
        cause = cause.__cause__ or cause.__context__
    if isinstance(fault, httpcore.ConnectError | OSError):
        return "It could not be connected to."
    return "It broke off, or did not speak HTTP."


def _exchange(url: str, body: bytes, headers: Mapping[str, str], *, deadline: float) -> int:
    scheme, _, _ = check_form(url)
    every: list[tuple[bytes | str, bytes | str]] = [("content-type", "application/json"), ("user-agent", "Guildhall")]
    every += headers.items()
    with (
        httpcore.ConnectionPool(
            ssl_context=ssl.create_default_context(),
            network_backend=Way(deadline, secure=scheme == "https"),
            max_connections=1,
            retries=0,
        ) as pool,
        pool.stream("POST", url, headers=every, content=body) as answer,
    ):
        read = 0
        for piece in answer.iter_stream():
            read += len(piece)
            if read >= MAX_ANSWER:
                break  # leaving the block closes the connection on the rest
        return int(answer.status)


class Way(httpcore.NetworkBackend):
    """The only way out: to a checked address, and to a deadline over all."""

    def __init__(self, deadline: float, *, secure: bool) -> None:
        self.deadline = deadline
        self.secure = secure

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        found = addresses_of(host, port, secure=self.secure, seconds=left(self.deadline))
        for number, address in enumerate(found, start=1):
            try:
                stream = httpcore.SyncBackend().connect_tcp(address, port, timeout=left(self.deadline))
            except httpcore.ConnectError:
                if number == len(found):
                    raise
            else:
                return Hurried(stream, self.deadline)
        raise httpcore.ConnectError

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        raise httpcore.ConnectError("a socket on this machine is nobody's webhook")


class Hurried(httpcore.NetworkStream):
    """A stream whose every step ends at the one deadline, so that a trickle of bytes wins no time."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self.stream = stream
        self.deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self.stream.read(max_bytes, left(self.deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.stream.write(buffer, left(self.deadline))

    def close(self) -> None:
        self.stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return Hurried(self.stream.start_tls(ssl_context, server_hostname, left(self.deadline)), self.deadline)

    def get_extra_info(self, info: str) -> Any:
        return self.stream.get_extra_info(info)


def left(deadline: float) -> float:
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise TimeoutError
    return seconds


def addresses_of(host: str, port: int, *, secure: bool, seconds: float) -> list[str]:
    """Where the host is, every address of it fit to be spoken to; Refused otherwise."""
    found = _look_up(host, port, seconds=seconds)
    fault = address_fault(found, secure=secure, allowed=settings.WEBHOOK_NETWORKS)
    if fault:
        raise Refused(f"{host}: {fault}")
    return found


def _look_up(host: str, port: int, *, seconds: float) -> list[str]:
    """The system's resolver knows no deadline, so it is asked from a thread that may be left behind."""
    found: list[str] = []
    ended = threading.Event()

    def ask() -> None:
        try:
            rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found.extend(dict.fromkeys(str(row[4][0]) for row in rows))
        except (OSError, UnicodeError):
            pass  # no address, and the caller says so
        finally:
            ended.set()

    threading.Thread(target=ask, name="look-up", daemon=True).start()
    if not ended.wait(seconds):
        raise TimeoutError
    return found
