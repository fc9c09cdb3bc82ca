"""The running site: it answers, and what dies in it is started again."""

import os
import time
from collections.abc import Callable

import httpx

from registry.embedded.supervisor import Site


def wait_for(happened: Callable[[], bool], *, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if happened():
            return True
        time.sleep(0.1)
    return False


def answers(site: Site) -> bool:
    try:
        return httpx.get(f"{site.url}/healthz").status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def is_new(site: Site, name: str, *, than: int) -> bool:
    return site.processes.alive(name) and site.processes.pid(name) != than


def test_a_killed_web_process_is_started_again_and_answers(site: Site) -> None:
    before = site.processes.pid("web")

    site.kill("web")

    assert wait_for(lambda: is_new(site, "web", than=before), seconds=30)
    assert wait_for(lambda: answers(site), seconds=60)


def test_a_killed_worker_is_started_again_and_leaves_no_child_behind(site: Site) -> None:
    before = site.processes.pid("worker")

    site.kill("worker")

    assert wait_for(lambda: is_new(site, "worker", than=before), seconds=30)
    assert wait_for(lambda: not group_lives(before), seconds=5)


def test_a_worker_at_rest_stays_down_until_it_is_woken(site: Site) -> None:
    site.rest("gpu-worker")
    time.sleep(1)
    rested = not site.processes.alive("gpu-worker")

    site.wake("gpu-worker")

    assert rested
    assert site.processes.alive("gpu-worker")


def group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
