"""Large files in chunks: kept by their content's name, put together by a worker, held to their SHA-256."""

import asyncio
import json
import tracemalloc
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from registry import storage
from registry.experts.models import ExpertVersion, IncomingObject, UploadedFile
from registry.hub import chunked
from registry.xet.formats import GROUPED
from registry.xet.models import StoredXorb
from registry.xet.storing import join_object, sweep_xorbs
from tests.factories import ADA, CY, make_draft
from tests.registry.chunked import name_of, shard_of, xorb_of
from tests.registry.test_hub_uploads import EXPERT, Hub, files_in, large

FIRST, SECOND = b"the first chunk" * 3000, b"and the second" * 2000
CONTENTS = [FIRST, SECOND]
WHOLE = FIRST + SECOND + FIRST
NAME = name_of(CONTENTS)
RUNS = [(NAME, 0, 2, len(FIRST + SECOND)), (NAME, 0, 1, len(FIRST))]


@pytest.fixture
def draft() -> ExpertVersion:
    return make_draft()


class Store:
    """The chunked side of a stock client."""

    def __init__(self, expert: str = EXPERT) -> None:
        told = Hub().client.get(f"/api/models/{expert}/xet-write-token/main").json()
        self.address = told["casUrl"].removeprefix("http://testserver")
        self.client = Client(headers={"Authorization": f"Bearer {told['accessToken']}"})

    def post(self, path: str, data: bytes) -> Any:
        return self.client.post(f"{self.address}/{path}", data, content_type="application/octet-stream")

    def send(self, data: bytes = b"", name: str = NAME) -> Any:
        return self.post(f"v1/xorbs/default/{name}", data or xorb_of(CONTENTS, GROUPED))


def put_together(answer: Any) -> None:
    """What the worker does with what the shard asked for."""
    assert answer.status_code == 200, answer.content
    for row in IncomingObject.objects.all():
        join_object(row.id)


def last_said(version: int) -> dict[str, Any]:
    objects = list(IncomingObject.objects.values_list("id", flat=True))

    async def lines() -> list[bytes]:
        said = chunked._told(objects) if version == 2 else chunked._waited_for(objects)
        return [line async for line in said]

    told: dict[str, Any] = json.loads(asyncio.run(lines())[-1])
    return told


def test_a_file_is_put_together_from_its_chunks_and_named_by_the_commit(draft: ExpertVersion) -> None:
    store = Store()
    sent = store.send()

    put_together(store.post("v2/shards", shard_of((WHOLE, RUNS))))
    answer = Hub().commit(large("expert.safetensors", WHOLE))

    assert sent.json() == {"was_inserted": True}
    assert answer.status_code == 200
    assert files_in(draft) == {"expert.safetensors": WHOLE}
    assert not StoredXorb.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("version", "last"), [(1, {"result": 1}), (2, {"type": "result"})])
def test_who_waits_is_told_when_it_is_there(draft: ExpertVersion, version: int, last: dict[str, Any]) -> None:
    store = Store()
    store.send()
    put_together(store.post(f"v{version}/shards", shard_of((WHOLE, RUNS), verified=False)))

    assert last_said(version) == last


@pytest.mark.django_db(transaction=True)
def test_bytes_of_another_digest_are_refused_and_nothing_of_them_is_kept(draft: ExpertVersion) -> None:
    store = Store()
    store.send()

    put_together(store.post("v2/shards", shard_of((b"something else", RUNS))))

    row = IncomingObject.objects.get()
    said = last_said(2)
    assert said["type"] == "error"
    assert "The bytes that arrived are not those of sha256:" in said["message"]
    assert storage.size_of(row.key) is None
    assert not list(storage.begun_uploads(row.key))
    assert Hub().commit(large("expert.safetensors", b"something else")).status_code == 409


def test_the_same_xorb_is_taken_once(draft: ExpertVersion) -> None:
    store = Store()
    store.send()

    assert store.send().json() == {"was_inserted": False}
    assert StoredXorb.objects.count() == 1


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (xorb_of([FIRST]), "The content of the xorb has another name than it was sent under"),
        (b"nothing of the kind", "which are not known here"),
    ],
)
def test_a_xorb_that_is_not_what_it_says_is_refused(draft: ExpertVersion, data: bytes, words: str) -> None:
    answer = Store().send(data)

    assert answer.status_code == 400
    assert words in answer["X-Error-Message"]
    assert not StoredXorb.objects.exists()


@pytest.mark.parametrize(
    ("runs", "words"),
    [
        ([("ab" * 32, 0, 1, 5)], "chunks that have not arrived"),
        ([(NAME, 0, 3, len(WHOLE))], "chunks that its xorb does not have"),
        ([(NAME, 0, 1, len(FIRST) + 1)], "chunks that its xorb does not have"),
    ],
)
def test_a_shard_that_does_not_fit_its_xorbs_is_refused(draft: ExpertVersion, runs: Any, words: str) -> None:
    store = Store()
    store.send()

    answer = store.post("v2/shards", shard_of((WHOLE, runs)))

    assert answer.status_code in (400, 409)
    assert words in answer["X-Error-Message"]
    assert not IncomingObject.objects.exists()


def test_only_the_holder_of_a_fresh_token_sends_chunks(draft: ExpertVersion, monkeypatch: pytest.MonkeyPatch) -> None:
    stranger = Hub(CY).client.get(f"/api/models/{EXPERT}/xet-write-token/main")
    plain = Hub(ADA).post(f"/api/xet/any/v1/xorbs/default/{NAME}", xorb_of(CONTENTS))
    store = Store()
    monkeypatch.setattr(chunked, "SECONDS", -1)
    late = store.send()

    assert stranger.status_code == 404
    assert (plain.status_code, late.status_code) == (401, 401)
    assert not StoredXorb.objects.exists()


def test_chunks_are_taken_for_a_draft_only(draft: ExpertVersion) -> None:
    store = Store()
    ExpertVersion.objects.update(state="submitted")

    assert store.send().status_code == 400
    assert Hub().client.get(f"/api/models/{EXPERT}/xet-write-token/main").status_code == 400


def test_an_operator_may_switch_chunks_off(draft: ExpertVersion, settings: Any) -> None:
    settings.XET_UPLOADS = False

    answer = Hub().client.get(f"/api/models/{EXPERT}/xet-write-token/main")

    assert answer.status_code == 400
    assert "set HF_HUB_DISABLE_XET=1" in answer["X-Error-Message"]


def test_an_expert_has_no_more_bytes_under_way_than_a_file_may_have(draft: ExpertVersion, settings: Any) -> None:
    store = Store()
    settings.MAX_FILE_BYTES = 100

    answer = store.send(xorb_of(CONTENTS))

    assert answer.status_code == 429
    assert not StoredXorb.objects.exists()


def test_xorbs_that_were_spent_or_forgotten_are_swept(draft: ExpertVersion, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store()
    store.send()
    key = StoredXorb.objects.get().key
    monkeypatch.setattr("registry.xet.storing.STRAY_HOURS", -1)

    sweep_xorbs()
    kept = storage.size_of(key)
    StoredXorb.objects.update(created_at=timezone.now() - timedelta(hours=73))
    sweep_xorbs()

    assert kept == len(xorb_of(CONTENTS, GROUPED))
    assert storage.size_of(key) is None
    assert not UploadedFile.objects.exists()


def test_each_upload_has_an_address_of_its_own(draft: ExpertVersion) -> None:
    """A client never sends again what it remembers to have sent to an address; and we do not keep it."""
    assert Store().address != Store().address


def test_what_a_dead_worker_or_the_other_road_began_does_not_stay(draft: ExpertVersion) -> None:
    Hub().batch(WHOLE)
    store = Store()
    store.send()
    row = IncomingObject.objects.get()
    storage.begin_unchecked_upload(row.key)

    put_together(store.post("v2/shards", shard_of((WHOLE, RUNS))))

    assert storage.size_of(row.key) == len(WHOLE)
    assert not list(storage.begun_uploads(row.key))
    assert Hub().commit(large("expert.safetensors", WHOLE)).status_code == 200


def test_an_upload_that_was_broken_off_is_brought_again(draft: ExpertVersion) -> None:
    """The first came as far as its xorb; the second sends all, of which only what is new is kept."""
    Store().send()

    again = Store()
    sent = again.send()
    put_together(again.post("v2/shards", shard_of((WHOLE, RUNS))))

    assert sent.json() == {"was_inserted": False}
    assert IncomingObject.objects.get().completed_at is not None


def test_a_large_file_is_put_together_in_the_memory_of_two_parts(draft: ExpertVersion, settings: Any) -> None:
    settings.UPLOAD_PART_BYTES = 5 * 2**20
    content = b"weights" * 18_000
    name, runs = name_of([content]), 160
    store = Store()
    store.send(xorb_of([content]), name)
    store.post("v2/shards", shard_of((content * runs, [(name, 0, 1, len(content))] * runs)))
    row = IncomingObject.objects.get()
    tracemalloc.start()

    join_object(row.id)

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert storage.size_of(row.key) == runs * len(content)
    assert peak < 16 * 2**20 < runs * len(content)
