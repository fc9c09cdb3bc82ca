"""Xet writing: the chunked road by which newer stock clients bring large files before they commit them by SHA-256.

A short-lived token stands for a person and an expert. Whoever waits for a file to be put together waits outside of any
thread: a worker does it, and the answer only looks.
"""

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator
from secrets import token_hex
from uuid import UUID

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core import signing
from django.db import close_old_connections
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse

from registry.accounts.models import Person
from registry.actors import person as actor
from registry.experts.models import Expert
from registry.hub.pushing import demand_draft, demand_main, writable_expert
from registry.hub.wire import BadRequest, NotSignedIn, as_json, hub_view
from registry.xet.formats import MAX_SHARD, MAX_XORB
from registry.xet.storing import failure_of, take_shard, take_xorb

SALT = "registry.hub.chunked"
SECONDS = 900
LOOK_EVERY = 0.3
SAY_EVERY = 5.0
PATIENCE = 3600.0
ADDRESS = "/api/xet"
_ONE_AT_A_TIME = threading.Lock()  # a xorb is held in memory


def by_ticket(request: HttpRequest) -> Person:
    """Whoever the short-lived token stands for, as long as they may sign in."""
    person = Person.objects.filter(id=_ticket(request)["person"], is_active=True).first()
    if person is None:
        raise NotSignedIn("This token is nobody's any more.")
    return person


@hub_view("GET")
def write_token(request: HttpRequest, person: Person, *, namespace: str, name: str, revision: str) -> HttpResponse:
    """GET /api/models/{namespace}/{name}/xet-write-token/{revision}"""
    if not settings.XET_UPLOADS:
        raise BadRequest("Chunked uploads are switched off here; set HF_HUB_DISABLE_XET=1 and upload again.")
    expert = writable_expert(namespace, name, person)
    demand_main(request, revision)
    demand_draft(expert)
    token = signing.dumps({"person": str(person.id), "expert": str(expert.id)}, salt=SALT)
    # Clients remember by address what they sent there, and never send it again; what we keep is spent by a commit.
    # So each upload has an address of its own.
    until, at = int(time.time()) + SECONDS, request.build_absolute_uri(f"{ADDRESS}/{token_hex(8)}")
    answer = as_json({"accessToken": token, "exp": until, "casUrl": at})
    answer["X-Xet-Access-Token"], answer["X-Xet-Token-Expiration"], answer["X-Xet-Cas-Url"] = token, str(until), at
    answer["Cache-Control"] = "no-store"
    return answer


@hub_view("POST", caller=by_ticket)
def xorbs(request: HttpRequest, person: Person, *, upload: str, name: str) -> HttpResponse:
    """POST /api/xet/{upload}/v1/xorbs/default/{name}"""
    expert = _expert_of(request)
    demand_draft(expert)
    with _ONE_AT_A_TIME:
        new = take_xorb(expert, name, _body(request, MAX_XORB), by=actor(person.id))
    return as_json({"was_inserted": new})


@hub_view("POST", caller=by_ticket)
def shards(request: HttpRequest, person: Person, *, upload: str, version: int) -> HttpResponseBase:
    """POST /api/xet/{upload}/v1/shards, …/v2/shards: answered when the files are put together, or cannot be."""
    expert = _expert_of(request)
    demand_draft(expert)
    with _ONE_AT_A_TIME:
        objects = take_shard(expert, _body(request, MAX_SHARD), by=actor(person.id))
    lines = _told(objects) if version == 2 else _waited_for(objects)
    kind = "application/x-ndjson" if version == 2 else "application/json"
    return StreamingHttpResponse(lines, content_type=kind)


async def _told(objects: list[UUID]) -> AsyncIterator[bytes]:
    async for failure in _looked(objects):
        if failure is None:
            yield _line({"type": "validating", "verified": 0, "total": len(objects)})
        elif failure:
            yield _line({"type": "error", "message": failure, "retryable": False})
        else:
            yield _line({"type": "result"})


async def _waited_for(objects: list[UUID]) -> AsyncIterator[bytes]:
    """White space before a JSON value means nothing, and keeps the line open."""
    async for failure in _looked(objects):
        yield b" " if failure is None else _line({"error": failure} if failure else {"result": 1})


async def _looked(objects: list[UUID]) -> AsyncIterator[str | None]:
    """What there is to say from time to time; the last is why it cannot be had, or nothing when it is there."""
    begun = said = time.monotonic()
    while (failure := await sync_to_async(_failure_of)(objects)) is None:
        now = time.monotonic()
        if now - begun > PATIENCE:
            yield "The file is not put together yet; upload again later, nothing is sent twice."
            return
        if now - said > SAY_EVERY:
            said = now
            yield None
        await asyncio.sleep(LOOK_EVERY)
    yield failure


def _failure_of(objects: list[UUID]) -> str | None:
    try:
        return failure_of(objects)
    finally:
        close_old_connections()


def _line(value: dict[str, object]) -> bytes:
    return json.dumps(value).encode() + b"\n"


def _ticket(request: HttpRequest) -> dict[str, str]:
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    try:
        told = signing.loads(text if scheme.lower() == "bearer" else "", salt=SALT, max_age=SECONDS)
    except signing.BadSignature:
        raise NotSignedIn("This upload token is not ours, or has expired; ask for another.") from None
    return {"person": told["person"], "expert": told["expert"]}


def _expert_of(request: HttpRequest) -> Expert:
    return Expert.objects.select_related("organisation").get(id=_ticket(request)["expert"])


def _body(request: HttpRequest, limit: int) -> bytes:
    data = request.read(limit + 1)
    if len(data) > limit:
        raise BadRequest(f"At most {limit} bytes are taken at once.")
    return data
