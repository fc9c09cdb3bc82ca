"""Submitting: the draft is closed, a worker reads it, and it ends verified or failed, with one sentence why."""

import base64
import json
from typing import Any

import pytest
from redis import Redis

from registry.actors import VERIFIER, Actor
from registry.audit.models import Entry
from registry.audit.queries import first_broken
from registry.errors import Invalid, Taken, WrongState
from registry.evidence.actions import verify_version_with_evidence
from registry.evidence.models import Provenance
from registry.experts.actions import Reading, fail_anchor, fail_version, mark_anchor_verified, submit_anchor
from registry.experts.models import AnchorState, UploadedFile, VersionState
from registry.experts.queries import submitted_ids
from registry.experts.rules import ANCHOR_FILES, PACKAGE_FILES
from registry.jobs import Job
from tests.factories import (
    ADA,
    BEN,
    CY,
    OTTO,
    api,
    log,
    made_digest,
    make_anchor,
    make_draft,
    make_file,
    make_key,
    make_version,
)
from tests.registry.uploading import bring_all, declare


@pytest.fixture
def queue(settings: Any) -> Redis:
    """The queue itself, empty."""
    valkey = Redis.from_url(settings.REDIS_URL)
    valkey.delete("default")
    return valkey


def jobs_in(queue: Redis) -> list[tuple[str, list[str]]]:
    messages = [json.loads(message) for message in queue.lrange("default", 0, -1)]
    return [(m["headers"]["task"], json.loads(base64.b64decode(m["body"]))[0]) for m in messages]


def facts(**changes: Any) -> dict[str, Any]:
    return {
        "reading": Reading(
            data_digest=made_digest("data"),
            router_digest=made_digest("router"),
            card={"format": 1},
            data_card={"name": "Plays"},
            fingerprint=made_digest("key"),
        ),
        "report": {"weights": {"change": 0.1}},
        "checks": [{"name": "names", "ok": True, "detail": "5 files"}],
        "by": VERIFIER,
    } | changes


def test_a_whole_package_is_submitted_and_its_job_is_sent(queue: Any, django_capture_on_commit_callbacks: Any) -> None:
    version, client = make_draft(), api(ADA)
    bring_all(client, version.id)

    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(f"/api/v1/versions/{version.id}/submit")

    assert answer.status_code == 200
    assert answer.json()["state"] == "submitted"
    assert answer.json()["submitted_at"] is not None
    assert answer.json()["may"] == {"edit": False, "submit": False, "review": False, "withdraw": True}
    assert jobs_in(queue) == [(Job.VERIFY_VERSION, [str(version.id)])]
    assert Entry.objects.filter(event="version.submitted").count() == 1


def test_a_package_that_lacks_a_file_is_refused_with_its_name() -> None:
    version = make_draft()
    for path in PACKAGE_FILES[:-1]:
        make_file(version, path)

    answer = api(ADA).post(f"/api/v1/versions/{version.id}/submit")

    assert answer.status_code == 409
    assert answer.json()["detail"] == "model.sig is missing; bring it, then submit."


def test_a_file_that_is_on_its_way_is_waited_for() -> None:
    version, client = make_draft(), api(ADA)
    for path in PACKAGE_FILES[1:]:
        make_file(version, path)
    declare(client, version.id, "expert.safetensors", b"true")

    answer = client.post(f"/api/v1/versions/{version.id}/submit")

    assert answer.status_code == 409
    assert "expert.safetensors has not arrived in full" in answer.json()["detail"]


def test_submitting_twice_is_refused() -> None:
    version = make_version(state=VersionState.SUBMITTED)

    answer = api(ADA).post(f"/api/v1/versions/{version.id}/submit")

    assert answer.status_code == 409
    assert "submitted already" in answer.json()["detail"]


@pytest.mark.parametrize(("caller", "status"), [(BEN, 403), (CY, 404), (OTTO, 403)])
def test_nobody_else_submits(caller: Actor, status: int) -> None:
    version = make_draft()

    answer = api(caller).post(f"/api/v1/versions/{version.id}/submit")

    assert answer.status_code == status


def test_verified_it_holds_what_was_found_and_whose_key_signed_it() -> None:
    version = make_version(state=VersionState.SUBMITTED)
    make_key(fingerprint=made_digest("key"))

    verify_version_with_evidence(version.id, **facts())

    body = api(ADA).get(f"/api/v1/versions/{version.id}").json()
    assert (body["state"], body["data_digest"]) == ("verified", made_digest("data"))
    assert body["signed_with"] == made_digest("key")
    assert body["checks"] == [{"name": "names", "ok": True, "detail": "5 files", "attention": False}]
    assert body["report"] == {"weights": {"change": 0.1}}
    assert body["provenance"]["signature_verified"] is True
    assert list(log().values_list("event", flat=True)) == [
        "version.verified",
        "provenance.checked",
    ]
    assert first_broken() is None


def test_a_key_that_is_not_registered_or_was_revoked_verifies_nothing() -> None:
    version = make_version(state=VersionState.SUBMITTED, signed=False)
    make_key("codeworks", fingerprint=made_digest("key"))

    with pytest.raises(Invalid, match="has registered"):
        verify_version_with_evidence(version.id, **facts())

    version.refresh_from_db()
    assert version.state == VersionState.SUBMITTED
    assert not Provenance.objects.get(version=version).signature_verified


def test_a_verdict_is_given_once() -> None:
    version = make_version(state=VersionState.SUBMITTED)
    make_key(fingerprint=made_digest("key"))
    fail_version(version.id, failure="layers.0.up_proj.weight holds NaN.", by=VERIFIER)

    with pytest.raises(WrongState):
        verify_version_with_evidence(version.id, **facts())
    with pytest.raises(WrongState):
        fail_version(version.id, failure="again", by=VERIFIER)

    body = api(ADA).get(f"/api/v1/versions/{version.id}").json()
    assert (body["state"], body["failure"]) == ("failed", "layers.0.up_proj.weight holds NaN.")


def test_an_anchor_goes_the_same_way(queue: Any, django_capture_on_commit_callbacks: Any) -> None:
    anchor = make_anchor("tiny", state=AnchorState.DRAFT)
    for path in ANCHOR_FILES:
        row = make_file(make_draft(), path)
        UploadedFile.objects.filter(id=row.id).update(version=None, anchor=anchor)

    with django_capture_on_commit_callbacks(execute=True):
        answer = api(OTTO).post("/api/v1/anchors/tiny/submit")
    waiting = submitted_ids(before=anchor.created_at.replace(year=9999))
    mark_anchor_verified(
        anchor.id, digest=made_digest("tiny"), data_digest=made_digest("public"), architecture={}, card={}, by=VERIFIER
    )

    assert answer.status_code == 200
    assert jobs_in(queue) == [(Job.VERIFY_ANCHOR, [str(anchor.id)])]
    assert waiting[0] == [anchor.id]
    assert api(CY).get("/api/v1/anchors/tiny").json()["digest"] == made_digest("tiny")


def test_an_anchor_without_its_files_is_refused() -> None:
    make_anchor("tiny", state=AnchorState.DRAFT)

    answer = api(OTTO).post("/api/v1/anchors/tiny/submit")

    assert answer.status_code == 409
    assert answer.json()["detail"].startswith("config.json, shared.safetensors")


def test_the_same_anchor_is_not_taken_under_two_names() -> None:
    known = make_anchor("small")
    twin = make_anchor("twin", state=AnchorState.SUBMITTED)

    with pytest.raises(Taken, match="as small"):
        mark_anchor_verified(twin.id, digest=known.digest, data_digest="", architecture={}, card={}, by=VERIFIER)
    fail_anchor(twin.id, failure="It is here already.", by=VERIFIER)

    twin.refresh_from_db()
    assert twin.state == AnchorState.FAILED


def test_a_verified_anchor_takes_nothing_more() -> None:
    anchor = make_anchor("small")

    with pytest.raises(WrongState):
        submit_anchor(anchor.id, by=OTTO)
