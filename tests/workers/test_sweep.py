"""Sweeping: what does not move is sent again, not more often than it can get stuck, and old uploads are dropped."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone
from pytest_django import Settings

from registry import storage
from registry.compositions.models import Composition, CompositionState
from registry.experts.models import AnchorState, UploadedFile, VersionState
from registry.jobs import Job
from registry.withdrawals.models import Withdrawal
from tests.factories import make_anchor, make_draft, make_file, make_version
from tests.workers.packages import Home, bring_both, requested
from tests.workers.queue import another_worker_at, waiting
from workers.sweeps import sweep
from workers.turns import EVERYTHING


def long_ago() -> dict[str, Any]:
    return {"submitted_at": timezone.now() - timedelta(hours=1)}


@pytest.fixture(autouse=True)
def done_lately() -> None:
    cache.set("tidied", 1)
    cache.set("policies-followed", 1)


@pytest.mark.parametrize(
    ("what", "job"), [("tidied", Job.TIDY), ("policies-followed", Job.FOLLOW_POLICIES)], ids=["tidy", "policies"]
)
def test_the_store_is_tidied_and_the_policies_followed_now_and_then(what: str, job: Job) -> None:
    cache.delete(what)

    sweep()
    sweep()

    assert waiting("default") == [(job, [])]


def test_what_was_submitted_and_has_no_verdict_is_sent_again() -> None:
    anchor = make_anchor("waits", state=AnchorState.SUBMITTED, **long_ago())
    version = make_version(state=VersionState.SUBMITTED, **long_ago())
    make_version(state=VersionState.VERIFIED, **long_ago())

    sweep()

    assert waiting("default") == [
        (Job.VERIFY_ANCHOR, [str(anchor.id)]),
        (Job.VERIFY_VERSION, [str(version.id)]),
    ]


def test_what_was_submitted_just_now_is_left_to_its_worker() -> None:
    make_version(state=VersionState.SUBMITTED, submitted_at=timezone.now())

    sweep()

    assert waiting("default") == []


def test_the_next_sweep_does_not_send_the_same_again_at_once() -> None:
    make_version(state=VersionState.SUBMITTED, **long_ago())
    sweep()

    sweep()

    assert len(waiting("default")) == 1


def test_builds_that_do_not_move_go_to_the_queue_of_their_next_step(home: Home) -> None:
    bring_both(home)
    states = {
        "a": CompositionState.DECIDED,
        "b": CompositionState.ASSEMBLING,
        "c": CompositionState.VALIDATING,
        "d": CompositionState.FAILED,
    }
    builds = {name: str(requested(name=name).id) for name in states}
    for name, state in states.items():
        age(Composition.objects.get(id=builds[name]), state=state)

    sweep()

    assert sorted(waiting("default")) == sorted([(Job.COMPOSE, [builds["a"]]), (Job.COMPOSE, [builds["b"]])])
    assert waiting("gpu") == [(Job.VALIDATE_COMPOSITION, [builds["c"]])]


def age(composition: Composition, *, state: str) -> None:
    Composition.objects.filter(id=composition.id).update(state=state, changed_at=timezone.now() - timedelta(hours=1))


def test_a_withdrawal_that_is_not_carried_through_is_sent_again() -> None:
    version = make_version(state=VersionState.WITHDRAWN)
    withdrawal = Withdrawal.objects.create(version=version, reason="the licence was not ours", requested_by="person:1")
    Withdrawal.objects.update(requested_at=timezone.now() - timedelta(hours=1))

    sweep()

    assert waiting("default") == [(Job.CARRY_ON_WITHDRAWAL, [str(withdrawal.id)])]


def test_an_upload_that_nobody_finished_is_dropped(settings: Settings) -> None:
    file = make_file(make_draft())
    storage.put(file.key, b"some bytes")
    UploadedFile.objects.update(created_at=timezone.now() - timedelta(hours=settings.UPLOAD_HOURS + 1))

    sweep()

    assert not UploadedFile.objects.exists()
    assert storage.size_of(file.key) is None


def test_a_copy_that_a_dead_worker_began_is_dropped(settings: Settings) -> None:
    storage.begin_upload("shards/half/1")
    sweep()
    left_alone = list(storage.begun_uploads("shards/half/"))
    settings.JOB_SECONDS = -60
    cache.clear()

    sweep()

    assert len(left_alone) == 1
    assert list(storage.begun_uploads("shards/half/")) == []


def test_a_second_sweep_at_the_same_time_does_nothing() -> None:
    version = make_version(state=VersionState.SUBMITTED, **long_ago())

    with another_worker_at(Job.SWEEP, EVERYTHING):
        sweep()
        meanwhile = waiting("default")
    sweep()

    assert meanwhile == []
    assert waiting("default") == [(Job.VERIFY_VERSION, [str(version.id)])]
