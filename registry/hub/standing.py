"""Answers that stand: what metadata was answered is said again while every row behind it is the same.

Before Django, as a layer of ASGI: one query for all who ask at once says who may ask, and names what the answer was
made of (`stamps`). Only what no row tells, such as a moment that stands in a policy, may be said for `SECONDS` longer.
Files are never kept, and whatever is not plainly to be answered goes to the views.
"""

import asyncio
import re
import time
from dataclasses import dataclass, field

from registry.accounts.queries import token_hash
from registry.hub.asgi import Application, Message, Receive, Scope, Send
from registry.hub.stamps import Question, Stamps
from registry.hub.wire import REQUEST_ID_HEADER, note_request, request_id_of

SECONDS = 30.0
MOST = 1024  # answers, then all are forgotten
LARGEST = 2**18
NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}"
ABOUT = re.compile(
    rf"/api/models/(?P<namespace>{NAME})/(?P<name>{NAME})"
    r"(?:/refs|/(?:revision/(?P<revision>main|[0-9a-f]{40})|tree/(?P<tree>main|[0-9a-f]{40})(?:/.*)?))?"
)
FILE = re.compile(rf"/(?P<namespace>{NAME})/(?P<name>{NAME})/resolve/(?P<revision>main|[0-9a-f]{{40}})/.+")
PATTERNS = {"GET": (ABOUT,), "HEAD": (ABOUT, FILE)}
OWN = {REQUEST_ID_HEADER, b"date"}  # each answer has its own
Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question about a repository, and all that its answer may depend on beside the rows."""

    question: Question
    what: tuple[str | bytes, ...]
    request_id: str


@dataclass(slots=True)
class _Answer:
    stamp: str
    until: float = 0.0
    status: int = 0
    headers: Headers = field(default_factory=list)
    body: bytes = b""
    whole: bool = False

    def note(self, event: Message) -> None:
        if event["type"] == "http.response.start":
            self.status = event["status"]
            self.headers = [(bytes(name), bytes(value)) for name, value in event["headers"] if name.lower() not in OWN]
        elif event["type"] == "http.response.body" and len(self.body) <= LARGEST:
            self.body += event.get("body", b"")
            self.whole = not event.get("more_body", False)

    def stands(self, stamp: str) -> bool:
        return self.stamp == stamp and time.monotonic() <= self.until


class StandingAnswers:
    """Around the application: says again what stands, and remembers what the application says."""

    def __init__(self, application: Application) -> None:
        self.application = application
        self.stamps = Stamps()
        self._kept: dict[tuple[str | bytes, ...], _Answer] = {}
        self._being_made: dict[tuple[str | bytes, ...], asyncio.Event] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = _asked(scope) if scope["type"] == "http" else None
        stamp = await self.stamps.stamp_of(asked.question) if asked else None
        if asked is None or stamp is None:
            await self.application(scope, receive, send)
            return
        if making := self._being_made.get(asked.what):
            await making.wait()
        kept = self._kept.get(asked.what)
        if kept is not None and kept.stands(stamp):
            await _say(kept, asked, send)
            return
        await self._make(asked, stamp, scope, receive, send)

    async def _make(self, asked: _Asked, stamp: str, scope: Scope, receive: Receive, send: Send) -> None:
        """The stamp was there before the answer: where a row changes in between, the answer fits nobody."""
        made, answer = asyncio.Event(), _Answer(stamp)

        async def heard(event: Message) -> None:
            answer.note(event)
            await send(event)

        self._being_made[asked.what] = made
        try:
            await self.application(scope, receive, heard)
        finally:
            made.set()
            if self._being_made.get(asked.what) is made:
                del self._being_made[asked.what]
        if answer.status == 200 and answer.whole and len(answer.body) <= LARGEST:
            if len(self._kept) >= MOST:
                self._kept.clear()
            answer.until = time.monotonic() + SECONDS
            self._kept[asked.what] = answer


def _asked(scope: Scope) -> _Asked | None:
    method, path = scope["method"], scope["path"]
    found = next((match for pattern in PATTERNS.get(method, ()) if (match := pattern.fullmatch(path))), None)
    if found is None:
        return None
    headers: dict[bytes, bytes] = {}
    for name, value in scope["headers"]:
        if name in headers:
            return None
        headers[name] = value
    scheme, _, token = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    if scheme.lower() != "bearer":
        return None
    parts = found.groupdict()
    revision = parts.get("revision") or parts.get("tree") or "main"
    seen_as = [headers.get(name, b"") for name in (b"host", b"x-forwarded-proto", b"x-forwarded-host")]
    return _Asked(
        question=Question(parts["namespace"], parts["name"], revision, token_hash(token.strip())),
        what=(method, scope["scheme"], path, scope["query_string"], *seen_as),
        request_id=request_id_of(headers.get(REQUEST_ID_HEADER, b"").decode("latin-1")),
    )


async def _say(kept: _Answer, asked: _Asked, send: Send) -> None:
    own = (REQUEST_ID_HEADER, asked.request_id.encode())
    await send(
        {"type": "http.response.start", "status": kept.status, "headers": [*kept.headers, own], "trailers": False}
    )
    await send({"type": "http.response.body", "body": kept.body, "more_body": False})
    note_request(asked.request_id, str(asked.what[0]), str(asked.what[2]), kept.status)
