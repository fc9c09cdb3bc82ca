"""A build is watched as a stream of events: what changed, as it changes, until it has ended."""

import asyncio
import json
from collections.abc import Callable
from threading import BoundedSemaphore
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connection

from registry.api import watching
from registry.compositions.actions import cancel_composition
from registry.compositions.models import Composition
from registry.compositions.progress import note_progress
from tests.factories import ADA, CY, EVE, OLGA, api, make_revision, make_version, request

pytestmark = pytest.mark.django_db(transaction=True)


def closing(deed: Callable[[], Any]) -> Callable[[], Any]:
    def do() -> Any:
        try:
            return deed()
        finally:
            connection.close()

    return do


def watched(composition: Composition, *deeds: Callable[[], Any]) -> list[str]:
    """What the stream says; after each event the next deed is done."""

    async def watch() -> list[str]:
        said, left = [], list(deeds)
        async for piece in watching.events_of(composition.id):
            said.append(piece.decode())
            if said[-1].startswith("event") and left:
                await sync_to_async(closing(left.pop(0)), thread_sensitive=False)()
        return said

    return asyncio.run(watch())


def read(piece: str) -> tuple[str, dict[str, Any]]:
    name, data = piece.strip().split("\n")
    return name.removeprefix("event: "), json.loads(data.removeprefix("data: "))


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "LOOK", 0.01)


def test_each_change_is_an_event_and_the_end_is_the_last() -> None:
    composition = request(make_version())

    opening, *pieces = watched(
        composition,
        lambda: note_progress(composition.id, step="shards", done=1, total=2, bytes_done=5, bytes_total=10),
        lambda: cancel_composition(composition.id, by=CY),
    )

    assert opening == "retry: 2000\n\n"
    events = [read(piece) for piece in pieces]
    assert [name for name, _ in events] == ["progress", "progress", "end"]
    assert events[0][1] == {"state": "decided", "revision": "", "failure": "", "progress": {}}
    assert events[1][1]["progress"] == {"step": "shards", "done": 1, "total": 2, "bytes_done": 5, "bytes_total": 10}
    assert events[2][1]["state"] == "cancelled"


def test_what_has_ended_is_told_once() -> None:
    revision = make_revision()

    [_, piece] = watched(revision)

    assert read(piece)[0] == "end"
    assert read(piece)[1]["revision"] == revision.revision


def test_a_quiet_stream_beats_and_does_not_live_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "HEARTBEAT", 0.02)
    monkeypatch.setattr(watching, "LIFE", 0.5)

    _, first, *rest = watched(request(make_version()))

    assert read(first)[0] == "progress"
    assert len(rest) >= 2
    assert set(rest) == {": still here\n\n"}


def test_more_than_may_watch_are_sent_away_and_places_are_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "WATCHERS", BoundedSemaphore(1))
    revision = make_revision()
    assert watching.WATCHERS.acquire(blocking=False)

    refused = watched(revision)
    watching.WATCHERS.release()
    served = [len(watched(revision)) for _ in range(2)]

    assert refused == ["retry: 30000\n: too many are watching; come back later\n\n"]
    assert served == [2, 2]


@pytest.mark.parametrize("accept", ["*/*", "text/event-stream", "application/json"])
def test_it_is_a_stream_that_nobody_keeps(accept: str) -> None:
    composition = request(make_version())

    answer = api(CY).get(f"/api/v1/compositions/{composition.id}/events", HTTP_ACCEPT=accept)

    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/event-stream"
    assert (answer["Cache-Control"], answer["X-Accel-Buffering"]) == ("no-store", "no")


@pytest.mark.parametrize(("somebody", "status"), [(ADA, 404), (EVE, 404), (OLGA, 200), (None, 401)])
def test_who_may_not_see_a_build_may_not_watch_it(somebody: Any, status: int) -> None:
    composition = request(make_version())

    answer = api(somebody).get(f"/api/v1/compositions/{composition.id}/events", HTTP_ACCEPT="text/event-stream")

    assert answer.status_code == status
    if status != 200:
        assert answer["Content-Type"] == "application/problem+json"
        assert json.loads(answer.content)["detail"].endswith(".")
