"""A worker is killed in each phase of a build: it ends published exactly once, and every expert is told of once."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import redis
from django.conf import settings
from django.core.cache import cache
from django.db import connection

from registry import storage
from registry.actors import CONSOLE
from registry.audit.events import Event
from registry.audit.models import Entry
from registry.compositions.models import Composition, CompositionState, Inclusion
from registry.compositions.queries import content_of
from registry.policy.actions import ensure_policy_set
from tests.factories import make_cast
from tests.site import with_path
from tests.workers.packages import Home, bring_both, make_home, requested
from tests.workers.queue import waiting

# As tests/flows/mortal.py names them.
POINTS = [
    "before the assembly",
    "while a shard is copied",
    "when a shard lies there and no row says so",
    "when all shards lie there",
    "after the trial",
    "when its inclusions are on record",
    "when its proof lies there",
]
LAST_POINT = "when it is published"
ONCE = {
    Event.COMPOSITION_ASSEMBLING: 1,
    Event.COMPOSITION_VALIDATING: 1,
    Event.COMPOSITION_INCLUDED: 1,
    Event.COMPOSITION_PUBLISHED: 1,
    Event.MAIN_MOVED: 1,
    Event.SHARD_MADE: 3,
    Event.INCLUSION_RECORDED: 2,
}


class Workers:
    """Real Celery workers on both queues, each a process group of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = os.environ | {
            "DATABASE_URL": with_path(os.environ["DATABASE_URL"], str(connection.settings_dict["NAME"])),
            "GUILDHALL_SWEEP_SECONDS": "1",
            "GUILDHALL_STUCK_SECONDS": "1",
            "GUILDHALL_SCRATCH": str(folder / "scratch"),
            "GUILDHALL_LOG_PREFIX": f"log-{uuid4()}/",
        }
        self.started: list[subprocess.Popen[bytes]] = []

    def publish_the_log(self) -> None:
        """The sequencer's process, from now on."""
        with (self.folder / "log").open("ab") as log:
            command = [sys.executable, "manage.py", "sequence"]
            self.started.append(subprocess.Popen(command, env=self.env, stdout=log, stderr=log, start_new_session=True))

    def start(self, app: str, *options: str, **env: str) -> subprocess.Popen[bytes]:
        command = [
            sys.executable,
            "-m",
            "celery",
            "-A",
            app,
            "worker",
            "-Q",
            "publishing,default,gpu",
            "-c",
            "1",
            *options,
        ]
        with (self.folder / "log").open("ab") as log:
            worker = subprocess.Popen(
                [*command, "--without-mingle", "--without-gossip", "--loglevel=INFO"],
                env=self.env | env,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.started.append(worker)
        return worker

    def die_at(self, point: str) -> None:
        """A worker takes up the work, and is gone at this point."""
        ended = self.start("tests.flows.mortal", DIE=point).wait(timeout=90)
        assert ended == -signal.SIGKILL, self.log()

    def come_back(self) -> None:
        """A fresh worker, which also looks for what got stuck, as the beat tells it to."""
        self.start("workers.celery", "--beat", "--scheduler=celery.beat:Scheduler")

    def kill_all(self) -> None:
        for worker in self.started:
            if worker.poll() is None:
                os.killpg(worker.pid, signal.SIGKILL)
                worker.wait()

    def log(self) -> str:
        return "the workers said:\n" + (self.folder / "log").read_text()[-8000:]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return make_home(tmp_path_factory.mktemp("home"))


@pytest.fixture
def workers(transactional_db: None, tmp_path: Path) -> Iterator[Workers]:
    """A database that other processes see, an empty queue, and an empty shelf of shards."""
    cache.clear()
    storage.delete_under("shards/")
    make_cast()
    ensure_policy_set(by=CONSOLE)
    hired = Workers(tmp_path)
    hired.publish_the_log()
    yield hired
    hired.kill_all()


def happens(happened: Callable[[], bool], *, seconds: float = 90) -> bool:
    """Once is enough: the beat goes on meanwhile, and what was quiet need not stay so."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if happened():
            return True
        time.sleep(0.1)
    return False


def state_of(composition: Composition) -> str:
    return Composition.objects.values_list("state", flat=True).get(id=composition.id)


def is_published(composition: Composition) -> bool:
    return state_of(composition) == CompositionState.PUBLISHED


def nothing_waits() -> bool:
    """Neither in the queue, nor taken and not acknowledged."""
    with redis.Redis.from_url(settings.REDIS_URL) as valkey:
        taken = valkey.hlen("unacked")
    return not (any(waiting(queue) for queue in ("default", "publishing", "gpu")) or taken)


def let_time_pass() -> None:
    """What a dead worker had taken goes back to the queue once it is taken for lost; make that now."""
    with redis.Redis.from_url(settings.REDIS_URL) as valkey:
        for message in valkey.zrange("unacked_index", 0, -1):
            valkey.zadd("unacked_index", {message: 0})


def check_that_it_happened_once(composition: Composition) -> None:
    events = Entry.objects.filter(event__in=ONCE)
    included = events.filter(event=Event.INCLUSION_RECORDED).order_by("about").values_list("about", flat=True)
    build = Composition.objects.get(id=composition.id)
    assert Counter(events.values_list("event", flat=True)) == ONCE
    assert list(included) == ["playhouse/code@1", "playhouse/drama@1"]
    assert Inclusion.objects.count() == 2
    assert build.state == CompositionState.PUBLISHED
    assert build.model.main == build
    assert all(len(content_of(file)) == file.size for file in build.files.all())


@pytest.mark.timeout(300)
@pytest.mark.parametrize("point", POINTS)
def test_the_sweep_has_another_worker_end_the_build(point: str, home: Home, workers: Workers) -> None:
    bring_both(home)
    composition = requested()
    workers.die_at(point)
    before = state_of(composition)

    workers.come_back()

    assert before != CompositionState.PUBLISHED
    assert happens(lambda: is_published(composition)), workers.log()
    check_that_it_happened_once(composition)


@pytest.mark.timeout(300)
def test_a_message_that_comes_again_after_publishing_changes_nothing(home: Home, workers: Workers) -> None:
    bring_both(home)
    composition = requested()
    workers.die_at(LAST_POINT)
    before = state_of(composition)
    taken = not nothing_waits()
    let_time_pass()

    workers.come_back()

    assert before == CompositionState.PUBLISHED
    assert taken
    assert happens(nothing_waits), workers.log()
    check_that_it_happened_once(composition)
