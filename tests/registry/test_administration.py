"""What an operator sees of the machine: what waits, what is stored, how the parts are. Against the real servers."""

from datetime import datetime
from uuid import uuid4

import pytest
from django.conf import settings
from django.utils import timezone
from pytest_django import Settings
from redis import Redis

from registry import jobs, storage
from registry.audit.models import LogState
from registry.jobs import Job
from tests.factories import ADA, OTTO, api, catch_up, make_key, make_token, make_version


@pytest.fixture
def an_own_queue(monkeypatch: pytest.MonkeyPatch) -> str:
    name = f"queue-{uuid4().hex}"
    monkeypatch.setattr(jobs, "QUEUES", (name,))
    monkeypatch.setitem(jobs.QUEUE_OF, Job.TIDY, name)
    return name


def test_a_queue_tells_its_length_and_since_when_the_oldest_waits(an_own_queue: str) -> None:
    before = timezone.now()
    for _ in range(3):
        jobs.send(Job.TIDY)

    queue = api(OTTO).get("/api/v1/administration/queues").json()["queues"][0]

    Redis.from_url(settings.REDIS_URL).delete(an_own_queue)
    assert (queue["name"], queue["length"], queue["workers"]) == (an_own_queue, 3, [])
    assert before <= datetime.fromisoformat(queue["waiting_since"]) <= timezone.now()


def test_work_is_counted_by_the_tables() -> None:
    make_version(state="submitted")

    work = {row["what"]: row["count"] for row in api(OTTO).get("/api/v1/administration/queues").json()["work"]}

    assert work["Versions being verified"] == 1
    assert work["Builds under way"] == 0


def test_storage_is_counted_in_the_store_itself() -> None:
    kind = f"kind-{uuid4().hex}"
    storage.put(f"{kind}/a", b"1234")
    storage.put(f"{kind}/b", b"12345")

    answer = api(OTTO).get("/api/v1/administration/storage").json()

    assert {"kind": f"Others under {kind}/", "objects": 2, "bytes": 9} in answer["kinds"]
    assert answer["complete"] is True


def test_a_store_of_too_many_objects_is_told_as_such() -> None:
    storage.put(f"kind-{uuid4().hex}/a", b"1")

    assert storage.tally(most=0) == ({}, False)


def health() -> dict[str, dict[str, object]]:
    return {part["name"]: part for part in api(OTTO).get("/api/v1/administration/health").json()["parts"]}


def test_health_asks_the_parts_themselves(settings: Settings) -> None:
    make_version()
    catch_up()

    parts = health()

    assert [name for name, part in parts.items() if not part["well"]] == ["Broker and workers"]
    assert "No worker serves default" in str(parts["Broker and workers"]["sentence"])
    assert str(parts["Database"]["version"]).startswith("PostgreSQL ")

    LogState.objects.update(halted="It was restored from a backup.")
    settings.S3_BUCKET = "there-is-no-such-bucket"
    settings.REDIS_URL = "redis://127.0.0.1:1"
    parts = health()

    assert parts["Log"]["sentence"] == "It is halted: It was restored from a backup."
    assert parts["Broker and workers"]["sentence"] == "It does not answer as it should (ConnectionError)."


def test_tokens_and_keys_of_everybody_are_listed_with_whose_they_are() -> None:
    make_token(ADA, "gh_of_ada")
    key = make_key()
    client = api(OTTO)

    tokens = client.get("/api/v1/administration/tokens").json()["results"]
    keys = client.get("/api/v1/administration/keys").json()["results"]

    assert {"ada@playhouse.example", "otto@guildhall.example"} == {token["email"] for token in tokens}
    assert [(row["id"], row["organisation"]) for row in keys] == [(str(key.id), "playhouse")]


def test_people_are_found_by_a_part_of_their_name_or_address() -> None:
    found = api(OTTO).get("/api/v1/people", {"q": "PLAYHOUSE"}).json()["results"]

    assert [person["email"] for person in found] == ["ada@playhouse.example"]
