"""A build at a running site, watched by many at once: each hears of its end, and nobody else waits for them."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from client.connection import Connection
from registry.embedded.supervisor import Site
from tests.flows.shelf import Shelf, open_shelf

WATCHERS = 20


@pytest.fixture(scope="module")
def shelf(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    folder = tmp_path_factory.mktemp("home")
    with open_shelf(
        site, folder, experts={"puppeteers/drama": "drama"}, examiners="inspectors", consumer="audience"
    ) as opened:
        yield opened


@pytest.mark.timeout(600)
def test_twenty_watchers_hear_the_end_and_keep_nobody_waiting(shelf: Shelf) -> None:
    site, reader = shelf.site, shelf.people.reader
    site.rest("worker")
    with ExitStack() as watching:
        try:
            _, build = reader.request_model(
                "audience/show", anchor=shelf.anchor, experts=["puppeteers/drama"], purpose="research"
            )
            watchers = [_watch(shelf, build, watching) for _ in range(WATCHERS)]
            first = [watcher.stdout.readline() for watcher in watchers if watcher.stdout]
            line = Connection(site.url, token=shelf.people.reader_token)
            watching.callback(line.close)
            waits = [_seconds(line) for _ in range(20)]
        finally:
            site.wake("worker")
        ends = [watcher.communicate(timeout=300) for watcher in watchers]

    assert first == ["retry: 2000\n"] * WATCHERS
    assert max(waits) < 2
    for out, err in ends:
        assert "event: progress" in out, err
        assert out.count("event: end") == 1, err
        assert '"state": "published"' in out.rpartition("event: end")[2]


def _watch(shelf: Shelf, build: str, until: ExitStack) -> subprocess.Popen[str]:
    address = f"{shelf.site.url}/api/v1/compositions/{build}/events"
    command = ["curl", "-sS", "-f", "-N", "-m", "300", "-H", f"Authorization: Bearer {shelf.people.reader_token}"]
    watcher = until.enter_context(
        subprocess.Popen([*command, address], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    )
    until.callback(watcher.kill)
    return watcher


def _seconds(line: Connection) -> float:
    began = time.monotonic()
    line.call("GET", "/api/v1/models")
    return time.monotonic() - began


@pytest.mark.timeout(600)
def test_one_request_waits_until_the_model_stands(shelf: Shelf) -> None:
    wish = {"anchor": shelf.anchor, "selector": {"organisations": ["puppeteers"]}, "purpose": "research"}
    line = Connection(shelf.site.url, token=shelf.people.reader_token)
    try:
        told = line.call("PUT", "/api/v1/models/audience/encore", json=wish, headers={"Prefer": "wait=60"})
    finally:
        line.close()

    assert told.status_code == 200
    assert told.headers["Preference-Applied"] == "wait=60"
    assert told.json()["composition"]["state"] == "published"
    assert told.json()["main"]["revision"] == told.json()["composition"]["revision"]
