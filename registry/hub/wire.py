"""How the hub's protocol says things: what went wrong stands in headers, every body is JSON, every answer has an id.

Stock clients choose their exception by X-Error-Code, show X-Error-Message, and print X-Request-Id.
"""

import logging
import re
from collections.abc import Callable
from functools import wraps
from typing import Any, ClassVar, Concatenate, ParamSpec
from uuid import uuid4

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from registry.accounts.models import Person
from registry.accounts.queries import person_by_token
from registry.errors import Refusal

logger = logging.getLogger(__name__)
Arguments = ParamSpec("Arguments")
View = Callable[Concatenate[HttpRequest, Person, Arguments], HttpResponseBase]

# These very words keep a client from taking a bad token for a missing model.
BAD_TOKEN = "Invalid credentials in Authorization header"  # noqa: S105  a sentence, not a secret
MAX_MESSAGE = 900
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
REQUEST_ID_HEADER = b"x-request-id"


class HubRefusal(Exception):
    """Cannot be answered as asked; the text is for the person at the client."""

    status: ClassVar[int] = 404
    code: ClassVar[str] = ""

    def __init__(self, message: str, *, commit: str = "") -> None:
        super().__init__(message)
        self.commit = commit


class NotSignedIn(HubRefusal):
    status = 401


class BadRequest(HubRefusal):
    status = 400


class Forbidden(HubRefusal):
    status = 403


class NoSuchMethod(HubRefusal):
    status = 405


class RepoNotFound(HubRefusal):
    """No such model, or none that this person may know of."""

    code = "RepoNotFound"


class RevisionNotFound(HubRefusal):
    """The only answer that makes a client with a warm cache stop: with any other it goes on with what it has."""

    code = "RevisionNotFound"


class EntryNotFound(HubRefusal):
    """The revision is there, the file is not. With `commit`, so that the client remembers the absence."""

    code = "EntryNotFound"


def hub_view(
    *methods: str, caller: Callable[[HttpRequest], Person] | None = None
) -> Callable[[View[Arguments]], Callable[..., HttpResponseBase]]:
    """A view of this protocol: called with who asks, and whatever it refuses leaves in the protocol's words.

    `caller` says who asks where it is not whoever holds an API token.
    """

    def wrap(view: View[Arguments]) -> Callable[..., HttpResponseBase]:
        @csrf_exempt  # no cookie is looked at: the caller is whoever holds the token
        @wraps(view)
        def answer(request: HttpRequest, *args: Arguments.args, **kwargs: Arguments.kwargs) -> HttpResponseBase:
            response: HttpResponseBase
            try:
                if request.method not in methods:
                    raise NoSuchMethod(f"This address answers {' and '.join(methods)} only.")
                response = view(request, (caller or _caller)(request), *args, **kwargs)
            except HubRefusal as refusal:
                response = _refused(refusal.status, refusal.code, str(refusal), refusal.commit)
            except Refusal as refusal:
                response = _refused(refusal.status, "", refusal.detail, "")
            response["X-Request-Id"] = request_id = request_id_of(request.headers.get("X-Request-Id", ""))
            note_request(request_id, request.method or "", request.path, response.status_code)
            return response

        return answer

    return wrap


def note_request(request_id: str, method: str, path: str, status: int) -> None:
    logger.info("hub %s %s %s %s", request_id, method, ascii(path[:200]), status)


def request_id_of(given: str) -> str:
    """The caller's own id where it is a plain one, so that both sides' logs can be laid side by side."""
    return given if REQUEST_ID.fullmatch(given) else uuid4().hex


def as_json(value: Any, *, commit: str = "", warning: str = "") -> HttpResponse:
    response = JsonResponse(value, safe=False)
    if commit:
        response["X-Repo-Commit"] = commit
    if warning:
        response["X-HF-Warning"] = header_text(warning)
    response["Cache-Control"] = "private, no-cache"
    return response


def header_text(text: str) -> str:
    """Words that may stand in a header: one line, ASCII."""
    return " ".join(text.encode("ascii", "replace").decode().split())[:MAX_MESSAGE]


def _caller(request: HttpRequest) -> Person:
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not text.strip():
        raise NotSignedIn("A token is needed: make one on your account page and set it as HF_TOKEN.")
    person = person_by_token(text.strip())
    if person is None:
        raise NotSignedIn(BAD_TOKEN)
    return person


def _refused(status: int, code: str, message: str, commit: str) -> HttpResponse:
    response = JsonResponse({"error": message}, status=status)
    response["X-Error-Message"] = header_text(message)
    if code:
        response["X-Error-Code"] = code
    if commit:
        response["X-Repo-Commit"] = commit
    if status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="guildhall"'
    response["Cache-Control"] = "no-store"
    return response
