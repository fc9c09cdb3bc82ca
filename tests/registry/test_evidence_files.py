"""Documents beside a version: what they are is told by their bytes, who reads them by one rule, and nothing is lost."""

from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.utils import timezone

from registry import storage
from registry.accounts.models import Role
from registry.actors import SWEEPER
from registry.audit.models import Payload
from registry.audit.queries import entries
from registry.digests import sha256
from registry.errors import Invalid
from registry.evidence import files, inspecting
from registry.evidence.contents import media_type_of
from registry.evidence.files import PREFIX, sweep_evidence
from registry.evidence.inspecting import media_type_of as inspected
from registry.evidence.models import EvidenceFile
from registry.experts.models import ExpertVersion, VersionState
from registry.withdrawals.actions import withdraw_version
from registry.withdrawals.statements import residuals_of
from tests.factories import (
    ADA,
    BEN,
    CY,
    IN_ORDER_BODY,
    OLGA,
    OTTO,
    api,
    etag_of,
    give_role,
    make_draft,
    make_version,
    row_of,
)
from tests.registry.documents import BAD, GOOD, PAGE, TEXT, pdf, png

pytestmark = pytest.mark.django_db


def add(
    version: ExpertVersion, data: Any = TEXT, *, by: Any = ADA, kind: str = "consent", name: str = "form.txt"
) -> Any:
    row_of(ADA)
    address = f"/api/v1/versions/{version.id}/evidence?{urlencode({'kind': kind, 'name': name})}"
    return api(by).generic("POST", address, data, content_type="application/octet-stream")


def keys() -> set[str]:
    known = {file.key for file in EvidenceFile.objects.all()}
    return {key for key, _ in storage.keys_under(PREFIX) if key in known}


@pytest.mark.parametrize("what", GOOD)
def test_what_shows_all_that_it_is_is_taken(what: str) -> None:
    data, media_type = GOOD[what]

    assert media_type_of(data) == media_type


@pytest.mark.parametrize("what", BAD)
def test_what_is_something_else_or_does_something_is_refused_with_its_sentence(what: str) -> None:
    data, words = BAD[what]

    with pytest.raises(Invalid) as refused:
        media_type_of(data)

    sentence = refused.value.detail
    assert words in sentence
    assert sentence.endswith(".")
    assert sentence.count(". ") == 0
    assert len(sentence) < 200


def test_its_bytes_come_back_as_an_attachment_that_nothing_opens() -> None:
    version = make_draft()

    added = add(version, pdf(), name="signed form.html")
    answer = api(ADA).get(f"/api/v1/evidence/{added.json()['id']}")

    assert added.status_code == 201, added.content
    assert answer.content == pdf()
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == "attachment; filename*=UTF-8''signed%20form.html.pdf"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"].startswith("sandbox")
    assert "no-store" in answer["Cache-Control"]


def test_the_log_has_the_digest_and_not_the_name() -> None:
    version = make_draft()

    told = add(version, png(), name="form of Jane Doe.png").json()

    entry = entries(event="evidence.added").get()
    assert sha256(png()).encode() in bytes(entry.leaf)
    assert b"Jane" not in bytes(entry.leaf)
    assert Payload.objects.get(entry=entry, name="name").value == "form of Jane Doe.png"
    assert (told["media_type"], told["size"], told["sha256"]) == ("image/png", len(png()), sha256(png()))
    assert (told["kind"], told["added_by"]) == ("consent", "Ada")


def test_the_same_document_twice_is_one() -> None:
    version = make_draft()

    first, second = add(version).json(), add(version).json()

    assert first["id"] == second["id"]
    assert entries(event="evidence.added").count() == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"kind": "letter"}, "not a valid choice"),
        ({"name": ""}, "name"),
        ({"name": "../../etc/passwd"}, "without folders"),
        ({"name": "form\u202efdp.exe"}, "invisible signs"),
        ({"name": "a" * 121}, "120"),
        ({"name": ".."}, "needs a name"),
        ({"data": b""}, "is empty"),
        ({"data": b"PK\x03\x04word/"}, "Word document"),
    ],
)
def test_a_refusal_leaves_nothing_behind(changes: dict[str, Any], words: str) -> None:
    version = make_draft()
    before = {key for key, _ in storage.keys_under(PREFIX)}

    answer = add(version, **changes)

    assert answer.status_code == 400
    assert words in answer.json()["detail"]
    assert not EvidenceFile.objects.exists()
    assert {key for key, _ in storage.keys_under(PREFIX)} == before


def test_a_form_that_another_page_could_send_is_not_taken() -> None:
    version = make_draft()
    address = f"/api/v1/versions/{version.id}/evidence?kind=consent&name=a.txt"

    for kind in ("text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded"):
        answer = api(ADA).generic("POST", address, "We agree.", content_type=kind)

        assert answer.status_code == 415


def test_no_file_and_no_version_takes_more_than_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_BYTES", 2**20)
    monkeypatch.setattr(files, "MAX_BYTES_OF_VERSION", 2**20 + 2**19)
    version = make_draft()

    too_large = add(version, b"a" * (2**20 + 1))
    first = add(version, b"a" * 2**20)
    too_much = add(version, b"b" * 2**20)

    assert "more than 1 MiB" in too_large.json()["detail"]
    assert first.status_code == 201
    assert f"the evidence of {version} would have more than" in too_much.json()["detail"]


def test_what_takes_too_much_to_look_through_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspecting, "SECONDS", 0.01)
    version = make_draft()

    answer = add(version, pdf())

    assert answer.status_code == 400
    assert "takes too much" in answer.json()["detail"]


def another_program(root: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the place of the one that looks into files."""
    room = root / "registry" / "evidence"
    room.mkdir(parents=True)
    (root / "registry" / "__init__.py").touch()
    (room / "__init__.py").touch()
    (room / "contents.py").write_text(text)
    monkeypatch.setattr(inspecting, "ROOT", root)


def test_a_program_that_dies_over_a_file_is_a_refusal(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    another_program(tmp_path, "import os\nos.kill(os.getpid(), 9)", monkeypatch)
    with (tmp_path / "form").open("w+b") as file, pytest.raises(Invalid) as refused:
        inspected(file)

    assert "takes too much" in refused.value.detail


def test_whoever_looks_into_the_file_knows_no_secret_of_ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    another_program(tmp_path, "import json, os\nprint(json.dumps({'refusal': ' '.join(os.environ)}))", monkeypatch)

    with (tmp_path / "form").open("w+b") as file, pytest.raises(Invalid) as refused:
        inspected(file)

    assert set(refused.value.detail.split()) <= {"PATH", "LANG", "LC_CTYPE", "PYTHONDONTWRITEBYTECODE"}


@pytest.mark.parametrize(("state", "readers"), [(VersionState.DRAFT, [ADA]), (VersionState.VERIFIED, [ADA, BEN, OLGA])])
def test_only_its_owners_people_and_those_who_decide_read_it(state: VersionState, readers: list[Any]) -> None:
    version = make_draft()
    file = add(version).json()["id"]
    version.state = state
    version.save()

    read = [who for who in (ADA, BEN, CY, OLGA, OTTO) if api(who).get(f"/api/v1/evidence/{file}").status_code == 200]
    listed = [
        who
        for who in (ADA, BEN, CY, OLGA, OTTO)
        if api(who).get(f"/api/v1/versions/{version.id}/evidence").status_code == 200
    ]

    assert read == listed == readers


def test_an_approval_opens_it_to_nobody_else() -> None:
    version = make_version()
    give_role(CY, "library", Role.OWNER)

    assert api(CY).get(f"/api/v1/versions/{version.id}/evidence").status_code == 404


def test_the_review_knows_of_which_kind_there_is_one() -> None:
    version = make_draft()
    add(version, TEXT, kind="consent")
    add(version, png(), kind="licence", name="licence.png")
    version.state = VersionState.VERIFIED
    version.save()

    found = api(BEN).get(f"/api/v1/versions/{version.id}/evidence").json()

    assert {kind["id"]: kind["files"] for kind in found["kinds"]} == {
        "consent": 1,
        "licence": 1,
        "privacy": 0,
        "provenance": 0,
        "other": 0,
    }
    assert [file["name"] for file in found["files"]] == ["form.txt", "licence.png"]
    assert (found["may_add"], found["may_remove"]) == (False, False)


def test_what_comes_while_it_is_reviewed_makes_the_decision_stale() -> None:
    version = make_version(state=VersionState.VERIFIED)
    seen = etag_of(version)

    added = add(version)
    body = {"verdict": "approve", "reason": "All of it is in order.", "answers": IN_ORDER_BODY}
    answer = api(BEN).post(f"/api/v1/versions/{version.id}/reviews", body, headers={"If-Match": seen})

    assert added.status_code == 201
    assert answer.status_code == 412


@pytest.mark.parametrize("state", [VersionState.APPROVED, VersionState.REJECTED, VersionState.WITHDRAWN])
def test_what_is_decided_takes_no_more_documents(state: VersionState) -> None:
    version = make_version(state=state)

    answer = add(version)

    assert answer.status_code == 409
    assert "until it is decided on" in answer.json()["detail"]


def test_it_is_taken_off_a_draft_and_off_nothing_else(django_capture_on_commit_callbacks: Any) -> None:
    version = make_draft()
    draft_file, handed_in = add(version, TEXT).json()["id"], add(version, png(), name="b.png").json()["id"]
    key = EvidenceFile.objects.get(id=draft_file).key

    with django_capture_on_commit_callbacks(execute=True):
        removed = api(ADA).delete(f"/api/v1/evidence/{draft_file}")
    version.refresh_from_db()
    version.state = VersionState.VERIFIED
    version.save()
    kept = api(ADA).delete(f"/api/v1/evidence/{handed_in}")

    assert removed.status_code == 204
    assert kept.status_code == 409
    assert "stays with it" in kept.json()["detail"]
    assert entries(event="evidence.removed").count() == 1
    assert storage.size_of(key) is None


def test_another_object_under_its_key_is_never_shown() -> None:
    file = EvidenceFile.objects.get(id=add(make_draft()).json()["id"])
    storage.put(file.key, b"We do not agree.")

    with pytest.raises(RuntimeError, match="not the one that was taken"):
        files.read_evidence(file)


def test_killed_before_its_row_the_object_is_swept(monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        pass

    def killed(*_: Any, **__: Any) -> None:
        raise Killed

    version = make_draft()
    before = {key for key, _ in storage.keys_under(PREFIX)}
    monkeypatch.setattr(files, "_write", killed)
    monkeypatch.setattr(storage, "delete", lambda key: None)
    with pytest.raises(Killed):
        files.add_evidence(version.id, BytesIO(TEXT), kind="consent", name="a.txt", by=ADA)
    left = {key for key, _ in storage.keys_under(PREFIX)} - before

    sweep_evidence(by=SWEEPER)
    still = {key for key, _ in storage.keys_under(PREFIX)} & left
    monkeypatch.setattr(files, "STRAY_HOURS", -1)
    sweep_evidence(by=SWEEPER)

    assert len(left) == 1
    assert still == left, "it may be one that is being added"
    assert not {key for key, _ in storage.keys_under(PREFIX)} & left


def test_leftovers_of_what_came_to_nothing_are_swept_and_the_record_is_kept(
    django_capture_on_commit_callbacks: Any,
) -> None:
    dropped, failed, idle, fresh, withdrawn = (make_draft() for _ in range(5))
    for version in (dropped, failed, idle, fresh, withdrawn):
        add(version)
    ExpertVersion.objects.filter(id=failed.id).update(state=VersionState.FAILED)
    ExpertVersion.objects.filter(id=withdrawn.id).update(state=VersionState.VERIFIED, submitted_at=timezone.now())
    EvidenceFile.objects.filter(version=idle).update(added_at=timezone.now() - timedelta(days=30))
    for version in (dropped, withdrawn):
        withdraw_version(version.id, reason="It came to nothing.", by=ADA)

    with django_capture_on_commit_callbacks(execute=True):
        swept = sweep_evidence(by=SWEEPER)

    assert swept == 3
    assert {file.version_id for file in EvidenceFile.objects.all()} == {fresh.id, withdrawn.id}
    assert len(keys()) == 2


def test_the_certificate_says_that_the_record_is_kept() -> None:
    version = make_version(state=VersionState.VERIFIED)
    add(version)

    withdrawal = withdraw_version(version.id, reason="It was not ours.", by=ADA)

    assert residuals_of(withdrawal)["says"][-1].startswith("What was handed in as evidence (1 document) is kept")


def test_pages_that_are_only_pages_stay_quick_to_look_at() -> None:
    many = pdf(b"", *[PAGE] * 5_000)

    started = timezone.now()
    media_type_of(many)

    assert (timezone.now() - started).total_seconds() < 5
