"""Turns: one worker at a time is at a thing, and a dead one holds nobody up."""

import time
from collections.abc import Callable
from uuid import UUID, uuid4

from registry.experts.models import ExpertVersion, VersionState
from registry.jobs import Job
from tests.workers.packages import Home, bring_anchor, bring_version, register_key
from tests.workers.queue import another_worker_at
from workers.turns import turn
from workers.verification import verify_version


def is_free(thing: UUID) -> bool:
    with turn(Job.COMPOSE, thing) as ours:
        return ours


def soon(happened: Callable[[], bool]) -> bool:
    """PostgreSQL takes a moment to see that a session is over."""
    deadline = time.monotonic() + 10
    while not happened() and time.monotonic() < deadline:
        time.sleep(0.02)
    return happened()


def test_a_thing_that_another_worker_is_at_is_not_ours() -> None:
    thing = uuid4()

    with another_worker_at(Job.COMPOSE, thing):
        free = is_free(thing)

    assert not free
    assert is_free(thing)


def test_the_turn_of_a_worker_that_dies_is_over() -> None:
    thing = uuid4()

    with another_worker_at(Job.COMPOSE, thing) as session:
        session.close()
        free = soon(lambda: is_free(thing))

    assert free


def test_a_task_leaves_what_another_worker_is_at(home: Home) -> None:
    register_key(home)
    version = bring_version(home.drama.folder, bring_anchor(home))

    with another_worker_at(Job.VERIFY_VERSION, version.id):
        verify_version(str(version.id))

    assert ExpertVersion.objects.get(id=version.id).state == VersionState.SUBMITTED
