"""A build as it goes on, for whoever does not want to ask again and again: one answer that waits, or one that streams.

Neither holds a connection to the database while nothing happens, and the number of both is bounded.
"""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator
from threading import BoundedSemaphore
from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.db import connection
from django.http import HttpResponseBase, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from registry.api.callers import actor_of
from registry.api.compositions import ProgressOut
from registry.compositions.models import RUNNING, Composition
from registry.compositions.queries import get_composition

LONGEST_WAIT = 60  # seconds that one request is kept waiting
WAITERS = BoundedSemaphore(32)  # of this process; whoever comes later is answered at once
LOOK = 0.5
HEARTBEAT = 15.0
LIFE = 600.0  # of one stream; an event source comes back by itself
WATCHERS = BoundedSemaphore(200)  # of this process: each costs a look now and then, and no thread in between
WAIT = re.compile(r"(?:^|[,;\s])wait=([0-9]{1,6})(?:$|[,;\s])", re.ASCII)


def seconds_to_wait(request: Request) -> int:
    """What `Prefer: wait=N` asks for, within bounds (RFC 7240)."""
    found = WAIT.search(request.headers.get("Prefer", ""))
    return min(int(found[1]), LONGEST_WAIT) if found else 0


def wait_for_end(composition: Composition, seconds: float) -> Composition:
    """The composition as it is when its build has ended, or when the time is over."""
    if seconds <= 0 or composition.state not in RUNNING or not WAITERS.acquire(blocking=False):
        return composition
    try:
        until, pause = time.monotonic() + seconds, 0.05
        while composition.state in RUNNING and time.monotonic() < until:
            _release_connection()
            time.sleep(min(pause, max(0.0, until - time.monotonic())))
            pause = min(pause * 1.5, LOOK)
            composition = get_composition(composition.id)
        return composition
    finally:
        WAITERS.release()


def _release_connection() -> None:
    """Back into the pool; the next query takes one again. (In a test's own transaction it stays.)"""
    if not connection.in_atomic_block:
        connection.close()


class EventStream(JSONRenderer):
    """So that an event source may ask for what it reads. What is refused is a problem, as everywhere."""

    media_type = "text/event-stream"
    format = "events"


class CompositionEvents(APIView):
    renderer_classes = [EventStream, JSONRenderer]

    @extend_schema(operation_id="watchComposition", responses={(200, "text/event-stream"): OpenApiTypes.STR})
    def get(self, request: Request, composition_id: UUID) -> HttpResponseBase:
        """Server-Sent Events: `progress` whenever something changed, `end` when the build has ended.

        Each has `state`, `revision`, `failure` and the fields of `progress` as JSON. The stream closes after `end`, or
        after ten minutes; an event source comes back by itself.
        """
        composition = get_composition(composition_id, seen_by=actor_of(request))
        answer = StreamingHttpResponse(events_of(composition.id), content_type="text/event-stream")
        answer["Cache-Control"] = "no-store"
        answer["X-Accel-Buffering"] = "no"  # a proxy must not collect what is meant to be seen at once
        return answer


async def events_of(composition_id: UUID) -> AsyncIterator[bytes]:
    if not WATCHERS.acquire(blocking=False):
        yield b"retry: 30000\n: too many are watching; come back later\n\n"
        return
    try:
        # What the view asked with is given back now: the request ends only when its stream does.
        await sync_to_async(_release_connection, thread_sensitive=True)()
        yield b"retry: 2000\n\n"
        told: dict[str, Any] = {}
        end = said = time.monotonic()
        end += LIFE
        while time.monotonic() < end:
            # The bounded pool of threads of the loop, not one of the request's own.
            facts = await sync_to_async(_facts, thread_sensitive=False)(composition_id)
            if facts != told:
                told, said = facts, time.monotonic()
                running = facts["state"] in RUNNING
                yield _event("progress" if running else "end", facts)
                if not running:
                    return
            elif time.monotonic() - said > HEARTBEAT:
                said = time.monotonic()
                yield b": still here\n\n"
            await asyncio.sleep(LOOK)
    finally:
        WATCHERS.release()


def _facts(composition_id: UUID) -> dict[str, Any]:
    try:
        row = Composition.objects.values("state", "revision", "failure", "progress").get(id=composition_id)
    finally:
        _release_connection()
    return {**row, "progress": dict(ProgressOut(row["progress"]).data)}


def _event(name: str, facts: dict[str, Any]) -> bytes:
    return f"event: {name}\ndata: {json.dumps(facts)}\n\n".encode()
