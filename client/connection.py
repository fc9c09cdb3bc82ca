"""One line to a Guildhall: who calls, what to do when the line drops, and every refusal as one sentence."""

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

TIMEOUT = httpx.Timeout(60.0, connect=10.0)
ATTEMPTS = 6
# What may pass by itself: the service restarts, a proxy is busy, we were too quick.
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
REPEATABLE = frozenset({"GET", "HEAD", "PUT", "DELETE"})


@dataclass(frozen=True, slots=True)
class Reason:
    """One policy that refused, and why, in its own words."""

    policy: str
    reason: str


class Refused(Exception):
    """The service said no (or could not be reached: status 0). The text is one sentence for a person."""

    def __init__(self, detail: str, *, status: int, code: str, policies: Sequence[Reason] = ()) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.policies = tuple(policies)


def pause_before(attempt: int) -> float:
    """Seconds to wait before a further attempt: doubled each time, never all callers at once."""
    return min(0.4 * 2.0**attempt, 15.0) * random.uniform(0.5, 1.0)  # noqa: S311  a pause is no secret


class Connection:
    """Sends requests as one person. Safe to use from several threads."""

    def __init__(self, url: str, *, token: str | None = None, attempts: int = ATTEMPTS) -> None:
        where = urlsplit(url)
        if where.scheme not in {"http", "https"} or not where.netloc:
            raise Refused(
                f"{url!r} is not an address: give one such as https://guildhall.example.", status=0, code="url"
            )
        self.url = url.rstrip("/")
        self._attempts = attempts
        self._http = httpx.Client(base_url=self.url, timeout=TIMEOUT, headers={"Referer": f"{self.url}/"})
        if token:
            self._http.headers["Authorization"] = f"Bearer {token}"

    def close(self) -> None:
        self._http.close()

    def call(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        content: bytes | None = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        again: bool | None = None,
    ) -> httpx.Response:
        """The answer, or Refused. `again`: whether a request may be sent twice (a GET may; a POST must say so)."""
        repeatable = method in REPEATABLE if again is None else again
        extra = {**self._proof_of_origin(method), **(headers or {})}
        body: dict[str, Any] = {"json": json} if content is None else {"content": content}
        for attempt in range(self._attempts):
            last = attempt + 1 == self._attempts
            try:
                answer = self._http.request(method, path, params=params, headers=extra, **body)
            except httpx.TransportError as fault:
                never_sent = isinstance(fault, httpx.ConnectError | httpx.ConnectTimeout)
                if last or not (repeatable or never_sent):
                    raise self._unreachable(fault) from fault
            else:
                if answer.is_success:
                    return answer
                if last or answer.status_code not in PASSING or not repeatable:
                    raise as_refused(answer)
            time.sleep(pause_before(attempt))
        raise AssertionError("the last attempt returns or raises")

    @contextmanager
    def stream(self, path: str, *, start: int = 0) -> Iterator[httpx.Response]:
        """A file's bytes from `start` on (status 206, or 200 from the beginning), wherever we are sent for them.

        Tried once. The token goes to the service only, not to the store that it may send us to.
        """
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
        try:
            with self._http.stream("GET", path, headers=headers, follow_redirects=True) as answer:
                if not answer.is_success:
                    answer.read()
                    raise as_refused(answer)
                yield answer
        except httpx.TransportError as fault:
            raise self._unreachable(fault) from fault

    def _proof_of_origin(self, method: str) -> dict[str, str]:
        # A session is a cookie, so the service wants to see that the page (here: we) could read the other one.
        seal = self._http.cookies.get("csrftoken")
        return {"X-CSRFToken": seal} if seal and method not in {"GET", "HEAD"} else {}

    def _unreachable(self, fault: httpx.TransportError) -> Refused:
        why = str(fault) or type(fault).__name__
        return Refused(f"{self.url} cannot be reached: {why}.", status=0, code="unreachable")


def as_refused(answer: httpx.Response) -> Refused:
    """What a problem document (RFC 9457) says, or what can be said of an answer that is none."""
    problem = _object_in(answer)
    detail = str(problem.get("detail") or problem.get("title") or problem.get("error") or "").strip()
    errors = problem.get("errors")
    if isinstance(errors, dict) and (len(errors) > 1 or not detail):
        detail = "; ".join(f"{field}: {_words(words)}" for field, words in errors.items())
    if not detail:
        detail = f"the service answered {answer.status_code} {answer.reason_phrase} without a reason"
    policies = tuple(
        Reason(str(item.get("policy", "")), str(item.get("reason", "")))
        for item in problem.get("policies") or ()
        if isinstance(item, dict)
    )
    code = str(problem.get("code") or f"http-{answer.status_code}")
    return Refused(detail, status=answer.status_code, code=code, policies=policies)


def _object_in(answer: httpx.Response) -> dict[str, Any]:
    if "json" not in answer.headers.get("content-type", ""):
        return {}
    try:
        value = answer.json()
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _words(words: object) -> str:
    return " ".join(str(word) for word in words) if isinstance(words, list) else str(words)
