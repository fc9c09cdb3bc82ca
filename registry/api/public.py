"""What everybody may read without signing in, and keep for a minute: the status list and the feed of withdrawals."""

from datetime import datetime
from hashlib import sha256

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified, JsonResponse
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_safe

from registry.api.problems import answer
from registry.audit.guard import LogHalted, demand_whole_log
from registry.experts.statuses import status_token
from registry.withdrawals.feed import withdrawals_feed

KEPT = "public, max-age=60"


@require_safe
def status(request: HttpRequest) -> HttpResponse:
    """GET /status: the signed status list."""
    try:
        demand_whole_log()
    except LogHalted as refusal:
        return answer(request, refusal.status, refusal.detail)
    reply = HttpResponse(status_token(), content_type="application/statuslist+jwt")
    return _kept(request, reply)


@require_safe
def feed(request: HttpRequest) -> HttpResponse:
    """GET /feed/withdrawals.json"""
    before = request.GET.get("before", "")
    moment = _moment(before)
    if before and moment is None:
        return answer(request, 400, "before: this is not a moment; write it as 2026-11-22T10:00:00Z.")
    try:
        demand_whole_log()
    except LogHalted as refusal:
        return answer(request, refusal.status, refusal.detail)
    reply = JsonResponse(withdrawals_feed(moment))
    reply["Content-Type"] = "application/feed+json"
    return _kept(request, reply)


def _moment(text: str) -> datetime | None:
    try:
        moment = parse_datetime(text)
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None


def _kept(request: HttpRequest, reply: HttpResponse) -> HttpResponse:
    tag = f'"{sha256(reply.content).hexdigest()[:32]}"'
    if tag in request.headers.get("If-None-Match", ""):
        reply = HttpResponseNotModified()
    reply["ETag"] = tag
    reply["Cache-Control"] = KEPT
    reply["Access-Control-Allow-Origin"] = "*"
    return reply
