"""Verifying a version: an honest one waits for review; a wrong one fails with one sentence, and none of it stays."""

import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from pytest_django import Settings

from client.signing import make_key, sign_package
from registry import storage
from registry.accounts.models import SigningKey
from registry.audit.events import Event
from registry.audit.models import Entry
from registry.evidence.models import Provenance
from registry.experts.models import ExpertVersion, UploadedFile, VersionState
from tests.factories import made_digest
from tests.flexcore.packages import ELSEWHERE
from tests.flexcore.packages import make_expert as write_expert
from tests.workers.packages import SMALL, Home, Spoil, bring_anchor, bring_version, register_key, spoiled
from workers.probing import probe_version
from workers.verification import verify_version

Change = Callable[[ExpertVersion], object]


def verified(version: ExpertVersion) -> ExpertVersion:
    """Read, and when it was found whole, asked."""
    verify_version(str(version.id))
    probe_version(str(version.id))
    return ExpertVersion.objects.get(id=version.id)


def kept(version: ExpertVersion) -> list[str]:
    return [file.path for file in version.files.all() if storage.size_of(file.key) is not None]


def events_of(version: ExpertVersion) -> list[str]:
    return list(Entry.objects.filter(about=str(version)).order_by("id").values_list("event", flat=True))


def test_an_honest_package_waits_for_review_with_every_check_told(home: Home) -> None:
    key = register_key(home)
    version = bring_version(home.drama.folder, bring_anchor(home))

    after = verified(version)

    assert after.state == VersionState.VERIFIED
    assert after.failure == ""
    assert (after.data_digest, after.router_digest) == (
        home.drama.contents.data_digest,
        home.drama.contents.router_digest,
    )
    assert after.card == home.drama.contents.card
    assert after.signed_with == key
    assert [(check["name"], check["ok"]) for check in after.checks] == [
        ("files", True),
        ("package", True),
        ("provenance", True),
        ("signature", True),
        ("weights", True),
        ("probe", True),
    ]
    assert Provenance.objects.get(version=version).signature_verified
    assert len(kept(version)) == 5


def test_a_second_run_changes_nothing(home: Home) -> None:
    register_key(home)
    version = bring_version(home.drama.folder, bring_anchor(home))
    before = verified(version)
    told = events_of(version)

    after = verified(version)

    assert after.changed_at == before.changed_at
    assert events_of(version) == told
    assert told.count(Event.VERSION_VERIFIED) == 1


def not_a_number(folder: Path) -> None:
    data = bytearray((folder / "expert.safetensors").read_bytes())
    data[-4:] = struct.pack("<f", float("nan"))
    (folder / "expert.safetensors").write_bytes(data)


def another_shape(folder: Path) -> None:
    data = (folder / "expert.safetensors").read_bytes()
    (folder / "expert.safetensors").write_bytes(data.replace(b"[48,32]", b"[32,48]", 1))


def cut_header(folder: Path) -> None:
    data = (folder / "expert.safetensors").read_bytes()
    (folder / "expert.safetensors").write_bytes(data[:100])


def lying_header(folder: Path) -> None:
    data = (folder / "expert.safetensors").read_bytes()
    (folder / "expert.safetensors").write_bytes(struct.pack("<Q", 2**60) + data[8:])


def no_signature(folder: Path) -> None:
    (folder / "model.sig").unlink()


def changed_card(folder: Path) -> None:
    card = (folder / "data-card.json").read_text()
    (folder / "data-card.json").write_text(card.replace("Plays", "Poems", 1))


def program_inside(folder: Path) -> None:
    (folder / "run.py").write_text("print('here')")


def strangers_key(folder: Path) -> None:
    sign_package(folder, private_key=make_key(folder.parent / "keys", name="stranger").private)


@pytest.mark.parametrize(
    ("spoil", "check", "sentence"),
    [
        (not_a_number, "package", "expert.safetensors: layers.1.down_proj.weight holds a value that is not finite"),
        (another_shape, "package", "layers.0.gate_proj.weight"),
        (cut_header, "package", "expert.safetensors"),
        (lying_header, "package", "expert.safetensors"),
        (program_inside, "package", "run.py is a program"),
        (no_signature, "signature", "The package has no model.sig; sign it"),
        (changed_card, "signature", "sign the package again with a registered key"),
        (strangers_key, "signature", "sign the package again with a registered key"),
    ],
)
def test_a_spoiled_package_fails_and_nothing_of_it_stays(
    home: Home, tmp_path: Path, spoil: Spoil, check: str, sentence: str
) -> None:
    register_key(home)
    version = bring_version(spoiled(home.drama, tmp_path / "package", spoil), bring_anchor(home))

    after = verified(version)

    assert after.state == VersionState.FAILED
    assert sentence in after.failure
    assert after.checks[-1] == {"name": check, "ok": False, "detail": after.failure}
    assert all(earlier["ok"] for earlier in after.checks[:-1])
    assert after.data_digest == ""
    assert kept(version) == []
    assert events_of(version) == [Event.VERSION_FAILED]


def another_digest(version: ExpertVersion) -> None:
    version.files.filter(path="expert.json").update(sha256=made_digest())


def another_size(version: ExpertVersion) -> None:
    file = version.files.get(path="router.safetensors")
    UploadedFile.objects.filter(id=file.id).update(size=file.size - 1)


def revoked_key(version: ExpertVersion) -> None:
    SigningKey.objects.update(revoked_at=version.created_at)


def provenance_of_another(version: ExpertVersion) -> None:
    Provenance.objects.filter(version=version).update(
        statement={"anchor_digest": ELSEWHERE, "dataset": "Plays", "trained_by": "Ada", "code": "flexcore"}
    )


@pytest.mark.parametrize(
    ("change", "check", "sentence"),
    [
        (another_digest, "files", "expert.json has the digest"),
        (another_size, "files", "router.safetensors does not have the"),
        (revoked_key, "signature", "no signing key registered; register one"),
        (provenance_of_another, "provenance", f"The provenance names the anchor {ELSEWHERE}"),
    ],
)
def test_a_claim_that_does_not_hold_fails_the_version(home: Home, change: Change, check: str, sentence: str) -> None:
    register_key(home)
    version = bring_version(home.drama.folder, bring_anchor(home))
    change(version)

    after = verified(version)

    assert after.state == VersionState.FAILED
    assert sentence in after.failure
    assert after.checks[-1]["name"] == check
    assert kept(version) == []


def test_an_expert_of_another_anchor_fails(home: Home, tmp_path: Path) -> None:
    register_key(home)
    write_expert(tmp_path / "package", anchor_digest=ELSEWHERE, architecture=SMALL)
    sign_package(tmp_path / "package", private_key=home.key.private)
    version = bring_version(tmp_path / "package", bring_anchor(home))

    after = verified(version)

    assert after.state == VersionState.FAILED
    assert f"This expert was trained beside the anchor {ELSEWHERE}" in after.failure
    assert kept(version) == []


def test_an_expert_with_a_router_bias_fails(home: Home, tmp_path: Path) -> None:
    register_key(home)
    write_expert(tmp_path / "package", anchor_digest=home.anchor.digest, architecture=SMALL, bias=True)
    sign_package(tmp_path / "package", private_key=home.key.private)
    version = bring_version(tmp_path / "package", bring_anchor(home))

    after = verified(version)

    assert after.state == VersionState.FAILED
    assert "train the expert without one" in after.failure


def test_trouble_of_the_store_is_no_verdict(home: Home, settings: Settings) -> None:
    register_key(home)
    version = bring_version(home.drama.folder, bring_anchor(home))
    bucket = settings.S3_BUCKET
    settings.S3_BUCKET = "a-bucket-that-is-not-there"

    with pytest.raises((ClientError, storage.Missing)):
        verify_version(str(version.id))

    assert ExpertVersion.objects.get(id=version.id).state == VersionState.SUBMITTED
    settings.S3_BUCKET = bucket
    assert verified(version).state == VersionState.VERIFIED


def test_a_version_that_was_withdrawn_meanwhile_is_left_alone(home: Home) -> None:
    register_key(home)
    version = bring_version(home.drama.folder, bring_anchor(home), state=VersionState.WITHDRAWN)

    after = verified(version)

    assert after.state == VersionState.WITHDRAWN
    assert events_of(version) == []
