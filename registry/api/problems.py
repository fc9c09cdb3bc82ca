"""Every refusal and every fault leaves the service as one RFC 9457 problem: one clear sentence, never a stack trace."""

import logging
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation, ValidationError
from django.db import IntegrityError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from rest_framework import exceptions, serializers
from rest_framework.response import Response
from rest_framework.views import set_rollback

from registry.errors import Invalid, NotFound, Refusal

CONTENT_TYPE = "application/problem+json"
logger = logging.getLogger(__name__)

CODES = {400: "invalid", 401: "not-signed-in", 403: "not-allowed", 404: "not-found", 405: "no-such-method"} | {
    406: "no-such-format",
    409: "conflict",
    413: "too-large",
    415: "not-json",
    429: "too-often",
    500: "fault",
}


class PolicyReason(serializers.Serializer[Any]):
    policy = serializers.CharField()
    reason = serializers.CharField()


class Problem(serializers.Serializer[Any]):
    """RFC 9457, with a stable code, the fields that are wrong, and the policies that refuse."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField()
    errors = serializers.DictField(  # type: ignore[assignment]  # a field of ours; the serializer has an attribute so named
        child=serializers.ListField(child=serializers.CharField()), required=False
    )
    policies = PolicyReason(many=True, required=False)


def problem(status: int, detail: str, *, code: str = "", title: str = "", **more: Any) -> dict[str, Any]:
    code = code or CODES.get(status, "refused")
    return {
        "type": f"urn:guildhall:problem:{code}",
        "title": title or HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        **more,
    }


def as_problem(error: Exception, context: Mapping[str, Any]) -> Response:
    """What REST framework calls for whatever a view raised."""
    set_rollback()
    body = describe(error)
    headers = _headers_of(error)
    return Response(body, status=body["status"], headers=headers, content_type=CONTENT_TYPE)


def describe(error: Exception) -> dict[str, Any]:  # noqa: PLR0911  one line a kind of error
    """The problem document of any exception. What nobody foresaw is logged, and told as a fault without its words."""
    match error:
        case Refusal():
            return _of_refusal(error)
        case exceptions.ValidationError():
            return _of_fields(dict(_flat(error.detail)))
        case ValidationError():
            return _of_fields({"": list(error.messages)})
        case exceptions.APIException():
            return problem(error.status_code, _sentence(str(error.detail)))
        case Http404():
            return _of_refusal(NotFound("There is nothing at this address."))
        case PermissionDenied():
            return problem(403, "You may not do this.")
        case RequestDataTooBig():
            return problem(413, "The body is larger than 2 MiB; files go to the object store, not through here.")
        case SuspiciousOperation():
            return problem(400, "The request is not one that a client of ours sends.")
        case IntegrityError() if getattr(error.__cause__, "sqlstate", "") == "23505":
            return problem(409, "Somebody did the same a moment ago; read it again and go on from there.")
        case _:
            logger.error("a request ended in a fault", exc_info=error)
            return problem(500, "Something went wrong on our side; it has been written down, please try again later.")


def _of_refusal(error: Refusal) -> dict[str, Any]:
    more: dict[str, Any] = {}
    if error.policies:
        more["policies"] = [{"policy": r.policy, "reason": r.reason} for r in error.policies]
    if error.field:
        more["errors"] = {error.field: [error.detail]}
    return problem(error.status, error.detail, code=error.code, title=error.title, **more)


def _of_fields(errors: dict[str, list[str]]) -> dict[str, Any]:
    first, messages = next(iter(errors.items()), ("", ["The request is not valid."]))
    sentence = _sentence(messages[0])
    if first:
        sentence = f"{first}: {sentence[:1].lower()}{sentence[1:]}"
    named = {name or "body": messages for name, messages in errors.items()}
    return problem(400, sentence, title=Invalid.title, errors=named)


def _flat(detail: Any, path: str = "") -> Iterator[tuple[str, list[str]]]:
    """REST framework's nested errors as `consent.purposes[0]` and the messages there."""
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            yield from _flat(inner, _joined(path, name))
    elif isinstance(detail, list) and any(isinstance(inner, (Mapping, list)) for inner in detail):
        for number, inner in enumerate(detail):
            if inner:
                yield from _flat(inner, f"{path}[{number}]")
    else:
        yield path, [str(message) for message in (detail if isinstance(detail, list) else [detail])]


def _joined(path: str, name: Any) -> str:
    if name == "non_field_errors":
        return path
    if isinstance(name, int):
        return f"{path}[{name}]"
    return f"{path}.{name}" if path else str(name)


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _headers_of(error: Exception) -> dict[str, str]:
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = str(challenge)
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(int(wait))
    return headers


def refuse_nul(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: an address with a NUL character is refused here, since PostgreSQL has no text with one."""

    def handle(request: HttpRequest) -> HttpResponse:
        if "\x00" in request.path_info or "%00" in request.META.get("QUERY_STRING", ""):
            return answer(request, 400, "The address holds a NUL character; leave it out.")
        return get_response(request)

    return handle


def answer(request: HttpRequest, status: int, detail: str) -> HttpResponse:
    """The same document where no view of REST framework is at work."""
    return JsonResponse(problem(status, detail), status=status, content_type=CONTENT_TYPE)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, 400, "The request is not one that a client of ours sends.")


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, 403, "You may not do this.")


def nothing_here(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, 404, "There is nothing at this address.")


def fault(request: HttpRequest) -> HttpResponse:
    return answer(request, 500, "Something went wrong on our side; it has been written down, please try again later.")
