"""What a selector means changes: its models are sent to be built anew, and the sweep finds those that were not."""

from django.core.cache import cache

from registry.actors import PROPAGATOR
from registry.compositions.actions import request_model
from registry.compositions.models import Composition
from registry.jobs import Job
from tests.factories import CY, make_expert, make_version
from tests.workers.queue import waiting
from workers.following import follow_selector, follow_selectors
from workers.sweeps import sweep


def selected(name: str) -> Composition:
    return request_model("library", name, anchor="small", selector={}, purpose="research", by=CY)


def test_each_model_that_may_have_changed_gets_a_job() -> None:
    make_version()
    first, second = selected("one"), selected("two")
    make_version(make_expert("poems"))

    follow_selectors()

    assert sorted(waiting("default")) == sorted(
        (Job.FOLLOW_SELECTOR, [str(build.model_id)]) for build in (first, second)
    )


def test_the_job_asks_for_what_there_is_and_twice_is_once() -> None:
    make_version()
    first = selected("one")
    make_version(make_expert("poems"))

    follow_selector(str(first.model_id))
    follow_selector(str(first.model_id))

    first.refresh_from_db()
    newest = Composition.objects.exclude(id=first.id).get()
    assert (first.state, newest.state) == ("cancelled", "decided")
    assert newest.requested_by == str(PROPAGATOR)
    assert [entry["name"] for entry in newest.recipe["experts"]] == ["playhouse/drama", "playhouse/poems"]


def follow_jobs() -> list[list[str]]:
    """Of all that the sweep sends."""
    return [ids for job, ids in waiting("default") if job == Job.FOLLOW_SELECTOR]


def test_a_job_that_the_queue_lost_is_sent_by_the_sweep_until_it_was_done() -> None:
    make_version()
    first = selected("one")
    sweep()
    quiet = follow_jobs()
    make_version(make_expert("poems"))

    sweep()
    sent = follow_jobs()
    follow_selector(str(first.model_id))
    cache.clear()  # and with it the queue
    sweep()

    assert quiet == []
    assert sent == [[str(first.model_id)]]
    assert follow_jobs() == []
