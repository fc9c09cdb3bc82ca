"""Uploading in the hub's protocol, as stock clients speak it: what is taken into a draft, and what is refused, how."""

import base64
import hashlib
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from registry import storage
from registry.actors import SWEEPER
from registry.audit.models import Entry
from registry.digests import sha256
from registry.experts.models import ExpertVersion, IncomingObject, UploadedFile, VersionState
from registry.experts.uploads import sweep_uploads
from registry.replay.queries import audit_differences
from tests.factories import ADA, BEN, CY, make_draft, make_token, make_version
from tests.registry.uploading import cut, put

MIB = 2**20
WEIGHTS = b"weights of the drama" * 50
EXPERT = "playhouse/drama"


@pytest.fixture
def draft() -> ExpertVersion:
    return make_draft()


class Hub:
    """A stock client, request by request."""

    def __init__(self, caller: Any = ADA) -> None:
        self.client = Client(headers={"Authorization": f"Bearer {make_token(caller)}"})

    def post(self, path: str, body: Any, content_type: str = "application/json") -> Any:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.client.post(path, data, content_type=content_type)

    def preupload(self, path: str, size: int, *, expert: str = EXPERT, revision: str = "main") -> Any:
        return self.post(f"/api/models/{expert}/preupload/{revision}", {"files": [{"path": path, "size": size}]})

    def batch(self, data: bytes, *, expert: str = EXPERT, **changes: Any) -> Any:
        oid = {"oid": hashlib.sha256(data).hexdigest(), "size": len(data)}
        body = {"operation": "upload", "transfers": ["basic", "multipart"], "objects": [oid], "hash_algo": "sha256"}
        return self.post(f"/{expert}.git/info/lfs/objects/batch", body | changes)

    def send(self, data: bytes, *, expert: str = EXPERT) -> Any:
        """The bytes of one large file, as clients bring them; the answer to its completion."""
        upload = self.batch(data, expert=expert).json()["objects"][0]["actions"]["upload"]
        parts = cut(data, int(upload["header"].pop("chunk_size")))
        for number, url in upload["header"].items():
            assert put(url, parts[int(number)], {}) == 200
        return Client().post(upload["href"], {"oid": "any", "parts": []}, content_type="application/json")

    def commit(self, *lines: Mapping[str, Any], expert: str = EXPERT, query: str = "") -> Any:
        header = {"key": "header", "value": {"summary": "Upload", "description": ""}}
        body = b"\n".join(json.dumps(line).encode() for line in (header, *lines)) + b"\n"
        return self.post(f"/api/models/{expert}/commit/main{query}", body, "application/x-ndjson")


def small(path: str, data: bytes) -> dict[str, Any]:
    return {"key": "file", "value": {"path": path, "content": base64.b64encode(data).decode(), "encoding": "base64"}}


def large(path: str, data: bytes) -> dict[str, Any]:
    oid = hashlib.sha256(data).hexdigest()
    return {"key": "lfsFile", "value": {"path": path, "algo": "sha256", "oid": oid, "size": len(data)}}


def deleted(path: str) -> dict[str, Any]:
    return {"key": "deletedFile", "value": {"path": path}}


def files_in(version: ExpertVersion) -> dict[str, bytes]:
    rows = UploadedFile.objects.filter(version=version)
    assert all(row.completed_at for row in rows)
    return {row.path: b"".join(storage.stream(row.key)) for row in rows}


def test_a_commit_puts_small_and_large_files_into_the_draft(draft: ExpertVersion) -> None:
    hub = Hub()
    sent = hub.send(WEIGHTS)

    answer = hub.commit(large("expert.safetensors", WEIGHTS), small("expert.json", b"{}"))

    assert (sent.status_code, answer.status_code) == (200, 200)
    assert files_in(draft) == {"expert.safetensors": WEIGHTS, "expert.json": b"{}"}
    told = answer.json()
    assert len(told["commitOid"]) == 40
    assert told["commitUrl"] == f"http://testserver/playhouse/drama/commit/{told['commitOid']}"
    assert "router.safetensors" in answer["X-HF-Warning"]
    assert not IncomingObject.objects.exists()


def test_the_log_tells_of_each_file_that_came_and_went(draft: ExpertVersion) -> None:
    hub = Hub()
    before = set(audit_differences())

    hub.commit(small("expert.json", b"{}"), small("data-card.json", b"{}"))
    hub.commit(small("expert.json", b"{ }"), deleted("data-card.json"))

    events = Entry.objects.filter(about=str(draft)).order_by("id").values_list("event", flat=True)
    assert list(events) == [
        *["upload.started", "upload.completed"] * 2,
        "upload.removed",
        "upload.removed",
        "upload.started",
        "upload.completed",
    ]
    assert not {line for line in set(audit_differences()) - before if line.startswith("files ")}


@pytest.mark.django_db(transaction=True)
def test_what_a_commit_replaces_or_deletes_is_gone_from_the_store(draft: ExpertVersion) -> None:
    hub = Hub()
    hub.commit(small("expert.json", b"{}"), small("data-card.json", b"{}"))
    keys = list(UploadedFile.objects.values_list("key", flat=True))

    hub.commit(small("expert.json", b"{ }"), {"key": "deletedFile", "value": {"path": "data-card.json"}})

    assert files_in(draft) == {"expert.json": b"{ }"}
    assert [storage.size_of(key) for key in keys] == [None, None]


def test_the_same_bytes_are_not_asked_for_twice(draft: ExpertVersion) -> None:
    hub = Hub()
    hub.send(WEIGHTS)
    unnamed = hub.batch(WEIGHTS).json()["objects"][0]
    first = hub.commit(large("expert.safetensors", WEIGHTS))
    row = UploadedFile.objects.get()

    named = hub.batch(WEIGHTS).json()["objects"][0]
    second = hub.commit(large("expert.safetensors", WEIGHTS))

    assert "actions" not in unnamed
    assert "actions" not in named
    assert second.json()["commitOid"] == first.json()["commitOid"]
    assert UploadedFile.objects.get() == row


def test_a_broken_upload_is_begun_where_it_was(draft: ExpertVersion) -> None:
    hub = Hub()
    hub.batch(WEIGHTS)
    upload_id = IncomingObject.objects.get().upload_id

    completed = hub.send(WEIGHTS)

    assert completed.status_code == 200
    assert IncomingObject.objects.get().upload_id == upload_id


def test_an_upload_is_not_complete_while_a_part_is_missing(draft: ExpertVersion) -> None:
    hub = Hub()
    link = hub.batch(WEIGHTS).json()["objects"][0]["actions"]["upload"]["href"]

    answer = Client().post(link, {}, content_type="application/json")
    commit = hub.commit(large("expert.safetensors", WEIGHTS))

    assert answer.status_code == 409
    assert commit.status_code == 409
    assert commit["X-Error-Message"] == "The bytes of expert.safetensors have not arrived; upload it again."
    assert not UploadedFile.objects.exists()


def test_a_part_of_another_size_is_refused_by_the_store(draft: ExpertVersion) -> None:
    upload = Hub().batch(WEIGHTS).json()["objects"][0]["actions"]["upload"]

    status = put(upload["header"]["00001"], WEIGHTS + b"more", {})

    assert status in (400, 403)


def test_a_link_of_somebody_else_s_making_completes_nothing(draft: ExpertVersion) -> None:
    link = Hub().batch(WEIGHTS).json()["objects"][0]["actions"]["upload"]["href"]

    answer = Client().post(link[:-1] + ("A" if link[-1] != "A" else "B"))

    assert answer.status_code == 403
    assert answer["X-Error-Message"] == "This link is not ours, or has expired; upload the file again."


def test_a_repository_that_is_there_is_told_with_its_address(draft: ExpertVersion) -> None:
    answer = Hub().post("/api/repos/create", {"name": "drama", "organization": "playhouse", "type": "model"})

    assert answer.status_code == 409
    assert answer.json()["url"] == "http://testserver/playhouse/drama"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "nothing"}, "make it on http://127.0.0.1:8000/upload, with its anchor, then upload again."),
        ({"type": "dataset"}, "An expert is a repository of the type model; leave --repo-type out."),
        ({"organization": None}, "An expert belongs to an organisation; name it as organisation/expert."),
        ({"name": 7}, "`name` of the request must be a text"),
    ],
)
def test_a_repository_is_not_made_here(draft: ExpertVersion, changes: dict[str, Any], words: str) -> None:
    body = {"name": "drama", "organization": "playhouse", "type": "model"}

    answer = Hub().post("/api/repos/create", body | changes)

    assert answer.status_code == 400
    assert words in answer["X-Error-Message"]


@pytest.mark.parametrize(("caller", "status"), [(BEN, 403), (CY, 404)])
def test_only_an_owner_uploads(draft: ExpertVersion, caller: Any, status: int) -> None:
    hub = Hub(caller)

    answers = [hub.preupload("expert.json", 2), hub.batch(WEIGHTS), hub.commit(small("expert.json", b"{}"))]

    assert [answer.status_code for answer in answers] == [status] * 3
    assert not UploadedFile.objects.exists()
    assert not IncomingObject.objects.exists()


def test_a_stranger_who_sees_an_approved_expert_may_not_write_to_it() -> None:
    make_version()

    answer = Hub(CY).preupload("expert.json", 2)

    assert answer.status_code == 403
    assert answer["X-Error-Message"] == "This needs the role owner in playhouse; you do not hold it."


def test_without_a_draft_nothing_is_taken_and_the_way_to_one_is_told() -> None:
    make_version(state=VersionState.SUBMITTED)

    answer = Hub().preupload("expert.json", 2)

    assert answer.status_code == 400
    assert "state licence, consent and provenance of a new version" in answer["X-Error-Message"]


@pytest.mark.parametrize(
    ("path", "size", "words"),
    [
        ("README.md", 10, "This file does not belong into a package"),
        ("evil.py", 10, "An executable or pickled file"),
        ("sub/expert.json", 10, "This file does not belong into a package"),
        ("../expert.json", 10, "This file does not belong into a package"),
        ("expert.json", 2 * MIB, "at most 1048576 are taken"),
        ("expert.json", 0, "is empty"),
        ("expert.safetensors", 2**50, "are taken"),
        ("expert\x00.json", 10, "must be a text of 1 to 300 characters"),
    ],
)
def test_what_does_not_belong_is_refused_before_it_is_sent(
    draft: ExpertVersion, path: str, size: int, words: str
) -> None:
    answer = Hub().preupload(path, size)

    assert answer.status_code == 400
    assert words in answer["X-Error-Message"]
    assert answer.json()["error"].startswith(answer["X-Error-Message"][:20])


def test_large_files_go_by_digest_and_small_ones_in_the_commit(draft: ExpertVersion) -> None:
    modes = [Hub().preupload(path, 10).json()["files"][0]["uploadMode"] for path in ("expert.safetensors", "model.sig")]

    assert modes == ["lfs", "regular"]


def test_a_file_over_the_limit_is_refused_by_its_digest_too(draft: ExpertVersion, settings: Any) -> None:
    settings.MAX_FILE_BYTES = 100

    [told] = Hub().batch(WEIGHTS).json()["objects"]

    assert told["error"]["message"] == "A file of 1000 bytes is not taken; one has 1 to 100 bytes."


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([], "The commit changes nothing."),
        ([small("README.md", b"hello")], "does not belong into a package"),
        ([small("expert.json", b"x" * (MIB + 1))], "at most 1048576 are taken"),
        ([{"key": "file", "value": {"path": "expert.json", "content": "?", "encoding": "base64"}}], "is not base64"),
        ([{"key": "file", "value": {"path": "expert.json", "content": "e30="}}], "must be given in base64"),
        ([{"key": "lfsFile", "value": {"path": "expert.json", "oid": "0" * 63, "size": 2}}], "must be a SHA-256"),
        ([{"key": "lfsFile", "value": {"path": "expert.json", "oid": "0" * 64, "size": True}}], "whole number"),
        ([{"key": "copyFile", "value": {"path": "expert.json"}}], "is not done here"),
        ([{"key": "file", "value": "all"}], "must be an object"),
        ([small("expert.json", b"{}")] * 201, "at most 200 lines"),
    ],
)
def test_a_commit_that_cannot_be_taken_is_refused_whole(
    draft: ExpertVersion, lines: list[dict[str, Any]], words: str
) -> None:
    answer = Hub().commit(*lines)

    assert answer.status_code == 400
    assert words in answer["X-Error-Message"]
    assert not UploadedFile.objects.exists()


def test_there_are_no_pull_requests_and_no_other_branches(draft: ExpertVersion) -> None:
    pull = Hub().commit(small("expert.json", b"{}"), query="?create_pr=1")
    branch = Hub().preupload("expert.json", 2, revision="dev")

    assert (pull.status_code, branch.status_code) == (400, 404)
    assert branch["X-Error-Code"] == "RevisionNotFound"


def test_what_no_commit_named_is_swept(draft: ExpertVersion) -> None:
    hub = Hub()
    hub.send(WEIGHTS)
    hub.batch(WEIGHTS + b"half")
    rows = {row.completed_at is not None: row for row in IncomingObject.objects.all()}
    IncomingObject.objects.update(created_at=timezone.now() - timedelta(hours=73))

    sweep_uploads(by=SWEEPER)

    assert not IncomingObject.objects.exists()
    assert storage.size_of(rows[True].key) is None
    with pytest.raises(storage.Missing):
        storage.parts_of(rows[False].key, rows[False].upload_id)


def test_the_sweep_leaves_what_was_just_brought_and_what_a_commit_named(
    draft: ExpertVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = Hub()
    hub.send(WEIGHTS)
    hub.commit(large("expert.safetensors", WEIGHTS))
    hub.send(WEIGHTS[::-1])
    monkeypatch.setattr("registry.experts.uploads.STRAY_HOURS", -1)

    sweep_uploads(by=SWEEPER)

    assert storage.size_of(UploadedFile.objects.get().key) == storage.size_of(IncomingObject.objects.get().key) == 1000
    assert UploadedFile.objects.get().sha256 == sha256(WEIGHTS)
