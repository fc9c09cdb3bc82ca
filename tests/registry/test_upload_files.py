"""Bringing files: straight to the store, part by part, each held to its digest; interrupted, it goes on."""

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from registry import storage
from registry.actors import SWEEPER
from registry.audit.models import Entry
from registry.digests import sha256
from registry.experts.models import UploadedFile, VersionState
from registry.experts.rules import part_size_for, parts_for
from registry.experts.uploads import arrived_parts, complete_file, sweep_uploads
from registry.replay.queries import audit_differences
from tests.factories import ADA, BEN, CY, OTTO, api, make_draft, make_expert, make_version
from tests.registry.uploading import bring, cut, declare, put, send_parts, sign

MIB = 2**20


@pytest.fixture
def small_parts(settings: Any) -> None:
    settings.UPLOAD_PART_BYTES = 5 * MIB


@pytest.mark.usefixtures("small_parts")
def test_a_file_of_several_parts_arrives_byte_for_byte() -> None:
    version = make_draft()
    data = bytes(range(256)) * (11 * MIB // 256) + b"the end"

    file = bring(api(ADA), version.id, "expert.safetensors", data)

    row = UploadedFile.objects.get(id=file["id"])
    assert file["part_count"] == 3
    assert file["completed_at"] is not None
    assert b"".join(storage.stream(row.key)) == data
    events = Entry.objects.filter(about=str(version)).order_by("id").values_list("event", flat=True)
    assert list(events) == ["upload.started", "upload.completed"]


@pytest.mark.usefixtures("small_parts")
def test_an_interrupted_upload_goes_on_with_what_is_missing() -> None:
    version, client = make_draft(), api(ADA)
    data = b"x" * (5 * MIB) + b"y" * 100
    file = declare(client, version.id, "expert.safetensors", data).json()
    send_parts(client, file, {1: data[: 5 * MIB]})

    again = declare(client, version.id, "expert.safetensors", data).json()
    arrived = client.get(f"/api/v1/files/{again['id']}").json()["parts"]
    send_parts(client, again, {2: data[5 * MIB :]})
    done = client.post(f"/api/v1/files/{file['id']}/complete")

    assert again["id"] == file["id"]
    assert arrived == [{"number": 1, "sha256": hashlib.sha256(data[: 5 * MIB]).hexdigest()}]
    assert done.status_code == 200
    assert client.get(f"/api/v1/files/{file['id']}").json()["parts"] == []


def test_the_store_refuses_other_bytes_than_were_signed() -> None:
    version, client = make_draft(), api(ADA)
    file = declare(client, version.id, "expert.json", b"true").json()
    signed = sign(client, file, {1: b"true"}).json()["parts"][0]

    status = put(signed["url"], b"lies", signed["headers"])

    assert status in (400, 403)
    assert client.get(f"/api/v1/files/{file['id']}").json()["parts"] == []


def test_the_store_refuses_another_size_than_was_declared() -> None:
    version, client = make_draft(), api(ADA)
    file = declare(client, version.id, "expert.json", b"true").json()
    signed = sign(client, file, {1: b"much longer"}).json()["parts"][0]

    status = put(signed["url"], b"much longer", signed["headers"])

    assert status in (400, 403)


def test_a_file_is_not_complete_while_a_part_is_missing() -> None:
    version, client = make_draft(), api(ADA)
    file = declare(client, version.id, "expert.json", b"true").json()

    answer = client.post(f"/api/v1/files/{file['id']}/complete")

    assert answer.status_code == 409
    assert answer.json()["detail"] == "1 of 1 parts of expert.json are missing, the first is 1."


def test_a_part_signed_anew_and_not_sent_again_does_not_pass() -> None:
    version, client = make_draft(), api(ADA)
    file = declare(client, version.id, "expert.json", b"true").json()
    send_parts(client, file, {1: b"fake"})
    sign(client, file, {1: b"true"})

    answer = client.post(f"/api/v1/files/{file['id']}/complete")

    assert answer.status_code == 400
    assert answer.json()["detail"] == "The parts of expert.json are not those that were signed; send them again."
    assert client.get(f"/api/v1/files/{file['id']}").json()["parts"] == []
    assert bring(client, version.id, "expert.json", b"true")["completed_at"] is not None


def test_completing_twice_is_told_once() -> None:
    version, client = make_draft(), api(ADA)
    file = bring(client, version.id, "expert.json", b"true")

    answer = client.post(f"/api/v1/files/{file['id']}/complete")

    assert answer.status_code == 200
    assert Entry.objects.filter(event="upload.completed").count() == 1


def test_a_completion_that_was_killed_halfway_is_finished_by_the_next() -> None:
    version, client = make_draft(), api(ADA)
    file = declare(client, version.id, "expert.json", b"true").json()
    send_parts(client, file, {1: b"true"})
    row = UploadedFile.objects.get(id=file["id"])
    storage.finish_upload(row.key, row.upload_id, arrived_parts(row))

    completed = complete_file(row.id, by=ADA)

    assert completed.completed_at is not None
    assert client.get(f"/api/v1/files/{file['id']}").status_code == 200


def test_an_upload_that_the_store_has_lost_begins_anew() -> None:
    version, client = make_draft(), api(ADA)
    file = declare(client, version.id, "expert.json", b"true").json()
    row = UploadedFile.objects.get(id=file["id"])
    storage.abandon_upload(row.key, row.upload_id)

    completed = bring(client, version.id, "expert.json", b"true")

    assert completed["id"] == file["id"]


def test_the_same_path_with_other_bytes_is_refused() -> None:
    version, client = make_draft(), api(ADA)
    declare(client, version.id, "expert.json", b"true")

    answer = declare(client, version.id, "expert.json", b"false")

    assert answer.status_code == 409
    assert answer.json()["code"] == "taken"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"path": "evil.py"}, "An executable or pickled file"),
        ({"path": "pytorch_model.bin"}, "An executable or pickled file"),
        ({"path": "../expert.json"}, "This file does not belong into a package"),
        ({"path": "EXPERT.JSON"}, "This file does not belong into a package"),
        ({"path": "anchor.json"}, "This file does not belong into a package"),
        ({"size": 0}, "is empty"),
        ({"size": 2 * MIB}, "at most 1048576 are taken"),
        ({"path": "expert.safetensors", "size": 2**53 - 1}, "are taken"),
        ({"sha256": "sha256:short"}, 'must be "sha256:" and 64'),
        ({"sha256": "sha256:" + "G" * 64}, 'must be "sha256:" and 64'),
        ({"sha256": "sha512:" + "0" * 64}, 'must be "sha256:" and 64'),
    ],
)
def test_what_does_not_belong_into_a_package_is_refused(changes: dict[str, Any], words: str) -> None:
    version = make_draft()
    body = {"path": "expert.json", "size": 4, "sha256": sha256(b"true")}

    answer = api(ADA).post(f"/api/v1/versions/{version.id}/files", body | changes)

    assert answer.status_code == 400
    assert words in answer.json()["detail"]
    assert not UploadedFile.objects.exists()


@pytest.mark.parametrize("changes", [{"path": "x" * 300}, {"size": "many"}, {"size": -1}, {"size": 1.5}, {"sha256": 7}])
def test_a_file_of_the_wrong_shape_is_refused(changes: dict[str, Any]) -> None:
    version = make_draft()
    body = {"path": "expert.json", "size": 4, "sha256": sha256(b"true")}

    answer = api(ADA).post(f"/api/v1/versions/{version.id}/files", body | changes)

    assert answer.status_code == 400


@pytest.mark.parametrize("state", [s for s in VersionState.values if s != "draft"])
def test_only_a_draft_takes_files(state: str) -> None:
    version = make_version(state=state)

    answer = declare(api(ADA), version.id, "expert.json", b"true")

    assert answer.status_code == 409
    assert answer.json()["code"] == "wrong-state"


def test_nobody_of_another_organisation_brings_files() -> None:
    draft, approved = make_draft(), make_version()
    file = declare(api(ADA), draft.id, "expert.json", b"true").json()

    answers = [
        declare(api(CY), draft.id, "expert.json", b"true").status_code,
        declare(api(CY), approved.id, "expert.json", b"true").status_code,
        declare(api(BEN), draft.id, "expert.json", b"true").status_code,
        sign(api(CY), file, {1: b"true"}).status_code,
        api(CY).post(f"/api/v1/files/{file['id']}/complete").status_code,
        api(CY).get(f"/api/v1/files/{file['id']}").status_code,
    ]

    assert answers == [404, 403, 403, 404, 404, 404]


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [{"number": 0, "sha256": "0" * 64}],
        [{"number": 2, "sha256": "0" * 64}],
        [{"number": 1, "sha256": "0" * 63}],
        [{"number": 1, "sha256": "Z" * 64}],
        [{"number": 1}],
        [{"number": 1, "sha256": "0" * 64}] * 101,
        "all",
    ],
)
def test_parts_that_make_no_sense_are_not_signed(parts: Any) -> None:
    version, client = make_draft(), api(ADA)
    file = declare(client, version.id, "expert.json", b"true").json()

    answer = client.post(f"/api/v1/files/{file['id']}/parts", {"parts": parts})

    assert answer.status_code == 400


def test_a_large_file_is_cut_into_no_more_parts_than_s3_takes() -> None:
    for size in (1, 16 * MIB, 160_000 * MIB, 160_000 * MIB + 1, 5 * 2**40):
        part_size = part_size_for(size, wanted=16 * MIB)
        cut_up = parts_for(size, part_size)

        assert cut_up.count <= 10_000
        total = sum(cut_up.size_of(n, file_size=size) for n in range(1, cut_up.count + 1))
        assert total == size


def test_what_nobody_finished_is_swept_from_rows_and_store() -> None:
    client = api(ADA)
    old, young = make_draft(), make_draft(make_expert("code"))
    half = declare(client, old.id, "expert.json", b"true").json()
    send_parts(client, half, {1: b"true"})
    whole = bring(client, old.id, "data-card.json", b"true")
    kept = bring(client, young.id, "data-card.json", b"true")
    late = timezone.now() - timedelta(hours=73)
    UploadedFile.objects.filter(id__in=[half["id"], whole["id"]]).update(created_at=late)
    rows = {str(row.id): row for row in UploadedFile.objects.all()}

    swept = sweep_uploads(by=SWEEPER)

    assert swept == 2
    assert [str(row.id) for row in UploadedFile.objects.all()] == [kept["id"]]
    assert storage.size_of(rows[whole["id"]].key) is None
    assert storage.size_of(rows[kept["id"]].key) == 4
    with pytest.raises(storage.Missing):
        storage.parts_of(rows[half["id"]].key, rows[half["id"]].upload_id)
    assert Entry.objects.filter(event="upload.swept").count() == 2


def test_the_log_and_the_tables_tell_the_same_of_what_was_swept() -> None:
    before = set(audit_differences())
    declare(api(ADA), make_draft().id, "expert.json", b"true")
    UploadedFile.objects.update(created_at=timezone.now() - timedelta(hours=73))

    sweep_uploads(by=SWEEPER)

    assert not {line for line in set(audit_differences()) - before if line.startswith("files ")}


def test_the_files_of_what_failed_are_swept_and_those_of_what_lives_are_not() -> None:
    client = api(ADA)
    failed, approved = make_draft(), make_draft(make_expert("code"))
    gone = bring(client, failed.id, "expert.json", b"true")
    kept = bring(client, approved.id, "expert.json", b"true")
    type(failed).objects.filter(id=failed.id).update(state=VersionState.FAILED)
    type(approved).objects.filter(id=approved.id).update(state=VersionState.APPROVED)
    UploadedFile.objects.update(created_at=timezone.now() - timedelta(days=99))

    sweep_uploads(by=SWEEPER)

    assert not UploadedFile.objects.filter(id=gone["id"]).exists()
    assert UploadedFile.objects.filter(id=kept["id"]).exists()


def test_what_was_on_its_way_to_a_withdrawn_draft_is_swept() -> None:
    version, client = make_draft(), api(ADA)
    half = declare(client, version.id, "expert.json", b"true").json()
    whole = bring(client, version.id, "data-card.json", b"true")
    type(version).objects.filter(id=version.id).update(state=VersionState.WITHDRAWN)

    swept = sweep_uploads(by=SWEEPER)

    assert swept == 1
    assert not UploadedFile.objects.filter(id=half["id"]).exists()
    assert UploadedFile.objects.filter(id=whole["id"]).exists()


def test_a_stray_that_no_row_knows_is_swept_only_when_it_is_old(monkeypatch: pytest.MonkeyPatch) -> None:
    upload_id = storage.begin_upload("uploads/stray/expert.json")
    storage.put("uploads/stray/data-card.json", b"true")

    sweep_uploads(by=SWEEPER)
    young = storage.size_of("uploads/stray/data-card.json")
    monkeypatch.setattr("registry.experts.uploads.STRAY_HOURS", -1)
    sweep_uploads(by=SWEEPER)

    assert young == 4
    assert storage.size_of("uploads/stray/data-card.json") is None
    with pytest.raises(storage.Missing):
        storage.parts_of("uploads/stray/expert.json", upload_id)


def test_an_operator_brings_an_anchor_and_an_owner_does_not() -> None:
    operator = api(OTTO)
    operator.post("/api/v1/anchors", {"slug": "tiny", "name": "Tiny", "licence": "Apache-2.0"})
    body = {"path": "config.json", "size": 4, "sha256": sha256(b"true")}

    made = operator.post("/api/v1/anchors/tiny/files", body)
    send_parts(operator, made.json(), cut(b"true", 4))
    done = operator.post(f"/api/v1/files/{made.json()['id']}/complete")
    stranger = api(ADA).post("/api/v1/anchors/tiny/files", body)
    wrong = operator.post("/api/v1/anchors/tiny/files", body | {"path": "expert.json"})

    assert (made.status_code, done.status_code) == (201, 200)
    assert stranger.status_code == 404
    assert wrong.status_code == 400
