"""Bringing a package: straight to the object store in parts, through dropped lines, and on from where it broke."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pytest_django.live_server_helper import LiveServer

from client import shapes, uploads
from client.api import Guildhall
from client.connection import Refused
from client.packages import push_anchor, push_version
from registry import storage
from registry.accounts.models import Role
from registry.experts.models import AnchorState, ExpertVersion, UploadedFile, VersionState
from registry.experts.rules import ANCHOR_FILES, PACKAGE_FILES
from tests.client.bad_line import BadLine, bad_line
from tests.factories import ADA, OTTO, make_anchor, make_cast, make_expert, make_token

PART = 5 * 2**20
LARGE = 3 * PART + 12345
pytestmark = pytest.mark.django_db(transaction=True)


@dataclass(frozen=True, slots=True)
class Home:
    """Ada at home: her line to the service, her line to the store, her package."""

    guildhall: Guildhall
    line: BadLine
    package: Path
    evidence: shapes.Evidence

    def push(self) -> shapes.Version:
        return push_version(self.guildhall, self.package, expert="playhouse/drama", evidence=self.evidence)


@pytest.fixture
def home(live_server: LiveServer, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    make_cast()
    expert = make_expert("drama")
    monkeypatch.setattr(uploads, "pause_before", lambda attempt: 0.01)
    settings.UPLOAD_PART_BYTES = PART
    with bad_line(settings.S3_ENDPOINT_URL) as line, Guildhall(live_server.url, token=make_token(ADA)) as guildhall:
        settings.S3_PUBLIC_ENDPOINT_URL = line.url
        storage._signer.cache_clear()
        yield Home(guildhall, line, package_in(tmp_path / "package"), evidence_for(expert.anchor.digest))
    storage._signer.cache_clear()


def package_in(folder: Path) -> Path:
    """Files of the right names; what is in them is the worker's business."""
    folder.mkdir()
    for name in PACKAGE_FILES:
        (folder / name).write_bytes(f"this is {name}".encode())
    (folder / "expert.safetensors").write_bytes(hashlib.shake_128(b"weights").digest(LARGE))
    return folder


def evidence_for(anchor_digest: str) -> shapes.Evidence:
    return {
        "licence": {"declared": "CC-BY-4.0", "attribution": "The playhouse"},
        "consent": {
            "legal_basis": "no-personal-data",
            "purposes": ["research"],
            "withdrawal_method": "Write to the playhouse.",
        },
        "provenance": {
            "statement": {
                "anchor_digest": anchor_digest,
                "dataset": "Plays in the public domain.",
                "trained_by": "The playhouse",
                "code": "flexcore",
            }
        },
    }


def stored(path: str) -> bytes:
    return b"".join(storage.stream(UploadedFile.objects.get(path=path).key))


def test_every_byte_arrives_and_the_version_is_submitted(home: Home) -> None:
    told: list[tuple[str, int, int]] = []

    version = push_version(
        home.guildhall,
        home.package,
        expert="playhouse/drama",
        evidence=home.evidence,
        progress=lambda *there: told.append(there),
    )

    assert version["state"] == VersionState.SUBMITTED
    assert {file["path"] for file in version["files"]} == set(PACKAGE_FILES)
    for name in PACKAGE_FILES:
        assert stored(name) == (home.package / name).read_bytes()
    assert sorted(home.line.seen) == sorted([*range(1, 5), *[1] * (len(PACKAGE_FILES) - 1)])
    assert max(there for path, there, _ in told if path == "expert.safetensors") == LARGE
    assert [there for path, there, _ in told if path == "expert.safetensors"] == sorted(
        there for path, there, _ in told if path == "expert.safetensors"
    )


def test_a_dropped_line_is_taken_up_again(home: Home) -> None:
    home.line.drops = {1: 1, 4: 2}

    version = home.push()

    assert version["state"] == VersionState.SUBMITTED
    assert stored("expert.safetensors") == (home.package / "expert.safetensors").read_bytes()
    assert home.line.seen.count(4) == 3


def test_a_broken_upload_goes_on_with_what_is_missing(home: Home) -> None:
    home.line.drops = {3: 1000}
    with pytest.raises(Refused, match=r"Part 3 of expert\.safetensors could not be sent.*go on from here"):
        home.push()
    begun = UploadedFile.objects.get(path="expert.safetensors")
    arrived = {part["number"] for part in home.guildhall.get_file(str(begun.id))["parts"]}
    home.line.drops, home.line.seen = {}, []

    version = home.push()

    assert version["state"] == VersionState.SUBMITTED
    assert ExpertVersion.objects.count() == 1
    assert arrived
    large = [number for number in home.line.seen if number > 1 or 1 not in arrived]
    assert set(range(1, 5)) - arrived <= set(large)
    assert not (arrived - {1}) & set(large)
    assert stored("expert.safetensors") == (home.package / "expert.safetensors").read_bytes()


def test_other_files_begin_another_draft(home: Home) -> None:
    home.line.drops = {3: 1000}
    with pytest.raises(Refused):
        home.push()
    home.line.drops = {}
    (home.package / "expert.safetensors").write_bytes(b"other weights")

    version = home.push()

    assert version["number"] == 2
    assert version["state"] == VersionState.SUBMITTED


def test_the_store_never_hears_the_token(home: Home) -> None:
    home.push()

    assert home.line.heard
    for head in home.line.heard:
        assert b"gh_" not in head
        assert b"authorization" not in head.lower().partition(b"?")[0]


def test_a_file_that_changes_while_it_is_sent_is_noticed(home: Home) -> None:
    def shorten(path: str, there: int, size: int) -> None:
        if path == "expert.safetensors":
            (home.package / "expert.safetensors").write_bytes(b"short")

    with pytest.raises(Refused, match="changed while it was sent"):
        push_version(home.guildhall, home.package, expert="playhouse/drama", evidence=home.evidence, progress=shorten)

    assert ExpertVersion.objects.get().state == VersionState.DRAFT


def test_what_is_no_package_is_refused_before_anything_is_sent(home: Home, tmp_path: Path) -> None:
    (home.package / "folder").mkdir()
    with pytest.raises(Refused, match="not a plain file"):
        home.push()
    (tmp_path / "empty").mkdir()
    with pytest.raises(Refused, match="is empty"):
        push_version(home.guildhall, tmp_path / "empty", expert="playhouse/drama", evidence=home.evidence)

    assert not ExpertVersion.objects.exists()
    assert not home.line.seen


def test_a_file_that_does_not_belong_is_named_by_the_service(home: Home) -> None:
    (home.package / "run.sh").write_text("#!/bin/sh\n")

    with pytest.raises(Refused, match=r"run\.sh") as caught:
        home.push()

    assert caught.value.status == 400


def test_an_anchor_is_brought_by_the_operator(home: Home, tmp_path: Path) -> None:
    folder = tmp_path / "anchor"
    folder.mkdir()
    for name in ANCHOR_FILES:
        (folder / name).write_bytes(f"this is {name}".encode())

    with Guildhall(home.guildhall.url, token=make_token(OTTO)) as otto:
        anchor = push_anchor(otto, folder, slug="tiny", name="Tiny", licence="Apache-2.0")
        again = push_anchor(otto, folder, slug="tiny", name="Tiny", licence="Apache-2.0")

    assert anchor["state"] == again["state"] == AnchorState.SUBMITTED


def test_whoever_may_not_is_told_so(home: Home, tmp_path: Path) -> None:
    make_anchor("other")

    with pytest.raises(Refused, match="needs the role operator") as caught:
        home.guildhall.create_anchor("mine", "Mine", licence="Apache-2.0")

    assert (caught.value.status, caught.value.code) == (403, "not-allowed")
    assert Role.OPERATOR in str(caught.value)
