"""What was read is weighed beside the anchor and the other experts, asked about public text, and only then verified."""

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pytest_django import Settings

from client.signing import sign_package
from flexcore.layout import expert_layout, router_layout
from flexcore.packing import TensorData, write_expert_package
from registry import storage
from registry.accounts.models import SigningKey
from registry.audit.events import Event
from registry.audit.models import Entry
from registry.audit.queries import told
from registry.digests import digest_of
from registry.experts.models import Anchor, ExpertVersion, VersionState, WeightSample
from registry.jobs import Job
from tests.factories import make_expert as expert_row
from tests.factories import make_organisation, make_version
from tests.flexcore.packages import DATA_CARD, make_card, random_tensors
from tests.workers.packages import SMALL, Home, bring_anchor, bring_version, register_key, store
from tests.workers.queue import waiting
from workers.probing import probe_version
from workers.verification import verify_version

Change = Callable[[np.ndarray], np.ndarray]


def read(version: ExpertVersion) -> ExpertVersion:
    verify_version(str(version.id))
    return ExpertVersion.objects.get(id=version.id)


def probed(version: ExpertVersion) -> ExpertVersion:
    probe_version(str(version.id))
    return ExpertVersion.objects.get(id=version.id)


def remark(version: ExpertVersion, name: str) -> dict[str, object]:
    return next(check for check in version.checks if check["name"] == name)


def package(home: Home, folder: Path, change: Change, *, seed: str = "drama") -> Path:
    """An expert's package with other values, signed as it should be."""
    d = SMALL.dimensions
    tensors = [
        TensorData(t.name, t.dtype, t.shape, change(np.frombuffer(t.content(), "<f4")).astype("<f4").tobytes())
        for t in random_tensors(expert_layout(d), seed=seed)
    ]
    write_expert_package(
        folder,
        expert=tensors,
        router=random_tensors(router_layout(d, bias=False), seed=seed),
        card=make_card(anchor_digest=home.anchor.digest, architecture=SMALL),
        data_card=DATA_CARD,
    )
    sign_package(folder, private_key=home.key.private)
    return folder


@pytest.fixture
def anchor(home: Home) -> Anchor:
    register_key(home)
    return bring_anchor(home)


def test_what_was_read_waits_for_its_probe_and_is_read_once(home: Home, anchor: Anchor) -> None:
    version = bring_version(home.drama.folder, anchor)

    first = read(version)
    second = read(version)

    assert first.state == VersionState.SUBMITTED
    assert first.reading["data_digest"] == home.drama.contents.data_digest
    assert [check["name"] for check in first.checks] == ["files", "package", "provenance", "signature", "weights"]
    assert second.changed_at == first.changed_at
    assert Entry.objects.filter(about=str(version), event=Event.VERSION_READ).count() == 1
    assert (Job.PROBE_VERSION, [str(version.id)]) in waiting("gpu")


def test_a_probe_that_died_before_its_verdict_is_told_once(
    home: Home, anchor: Anchor, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = read(bring_version(home.drama.folder, anchor))
    with monkeypatch.context() as dying:
        dying.setattr("workers.probing.verify_version_with_evidence", die)
        with pytest.raises(KeyboardInterrupt):
            probed(version)
    left = ExpertVersion.objects.get(id=version.id)

    again = probed(version)

    assert remark(left, "probe")
    assert left.state == VersionState.SUBMITTED
    assert [check["name"] for check in again.checks].count("probe") == 1


def die(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_the_report_tells_of_weights_and_probe_and_its_digest_is_on_record(home: Home, anchor: Anchor) -> None:
    version = bring_version(home.drama.folder, anchor)

    after = probed(read(version))

    assert after.state == VersionState.VERIFIED
    assert after.reading == {}
    assert after.report["weights"]["by_layer"] == pytest.approx(
        [2**0.5] * 2, rel=0.1
    )  # drawn apart from the public one
    bits = after.report["probe"]["bits_per_byte"]
    assert 0 < bits["anchor"] < 40
    assert 0 < bits["model"] < 40
    assert [round(sum(layer), 3) for layer in after.report["probe"]["routing"]] == [1.0, 1.0]
    entry = Entry.objects.get(about=str(version), event=Event.VERSION_VERIFIED)
    assert told(entry).facts["report_digest"] == digest_of(after.report)


def test_nothing_is_asked_before_it_was_read(home: Home, anchor: Anchor) -> None:
    version = bring_version(home.drama.folder, anchor)

    after = probed(version)

    assert after.state == VersionState.SUBMITTED
    assert after.checks == []


def test_a_copy_of_anothers_expert_is_named_to_the_reviewer(home: Home, anchor: Anchor, tmp_path: Path) -> None:
    theirs = bring_version(home.drama.folder, anchor)
    probed(read(theirs))
    ExpertVersion.objects.filter(id=theirs.id).update(state=VersionState.APPROVED, approved_at=theirs.created_at)
    make_organisation("copyists")
    register_key(home, "copyists")
    noisy = package(home, tmp_path / "copy", lambda values: values * 1.001)
    copy = bring_copy(noisy, anchor)

    after = read(copy)

    assert remark(after, "weights")["attention"] is True
    assert f"Learned nearly the same as {theirs}." in str(remark(after, "weights")["detail"])
    assert after.report["weights"]["nearest"][0]["version"] == str(theirs)


def bring_copy(folder: Path, anchor: Anchor) -> ExpertVersion:
    version = make_version(expert_row("copy", organisation="copyists", anchor=anchor), state=VersionState.SUBMITTED)
    store(folder, version=version)
    return version


def test_a_version_that_is_not_public_is_not_named_to_others(home: Home, anchor: Anchor, tmp_path: Path) -> None:
    probed(read(bring_version(home.drama.folder, anchor)))
    make_organisation("copyists")
    register_key(home, "copyists")

    after = read(bring_copy(package(home, tmp_path / "copy", lambda values: values * 1.001), anchor))

    assert "Learned nearly the same as a version that is not public." in str(remark(after, "weights")["detail"])


def test_an_owners_next_version_may_be_like_the_last(home: Home, anchor: Anchor, tmp_path: Path) -> None:
    first = bring_version(home.drama.folder, anchor)
    probed(read(first))
    second = bring_next(first, package(home, tmp_path / "next", lambda values: values * 1.001))

    after = read(second)

    assert "attention" not in remark(after, "weights")
    assert f"Learned nearly the same as {first}." in str(remark(after, "weights")["detail"])


def bring_next(first: ExpertVersion, folder: Path) -> ExpertVersion:
    version = make_version(first.expert, state=VersionState.SUBMITTED)
    store(folder, version=version)
    return version


def one_far(values: np.ndarray) -> np.ndarray:
    far = values.copy()
    far[len(far) // 2] = 1e6
    return far


def test_a_single_value_far_from_all_others_is_named_by_its_tensor(home: Home, anchor: Anchor, tmp_path: Path) -> None:
    after = read(bring_version(package(home, tmp_path / "odd", one_far), anchor))

    assert remark(after, "weights")["attention"] is True
    assert "layers.0.gate_proj.weight: its largest value is 1e+06" in str(remark(after, "weights")["detail"])
    assert after.report["weights"]["outliers_in_all"] == 6


def test_an_expert_that_learned_nothing_says_so(home: Home, anchor: Anchor, tmp_path: Path) -> None:
    after = read(bring_version(package(home, tmp_path / "public", np.copy, seed="public"), anchor))

    assert remark(after, "weights") == {
        "name": "weights",
        "ok": True,
        "detail": "Holds the values of the public expert: nothing was learned.",
        "attention": True,
    }


def test_an_expert_whose_answers_overflow_fails_and_nothing_of_it_stays(
    home: Home, anchor: Anchor, tmp_path: Path
) -> None:
    version = bring_version(package(home, tmp_path / "huge", lambda values: values * 1e30), anchor)

    after = probed(read(version))

    assert after.state == VersionState.FAILED
    assert "values that are not finite on public text" in after.failure
    assert after.checks[-1]["name"] == "probe"
    assert not after.checks[-1]["ok"]
    assert [file.path for file in version.files.all() if storage.size_of(file.key) is not None] == []
    assert not WeightSample.objects.filter(version=version).exists()


def test_an_expert_that_spoils_public_text_fails(home: Home, anchor: Anchor, settings: Settings) -> None:
    settings.PROBE_MAX_REGRESSION = -0.9
    version = bring_version(home.drama.folder, anchor)

    after = probed(read(version))

    assert after.state == VersionState.FAILED
    assert "bits per byte on public text" in after.failure
    assert "Train with public text in each batch" in after.failure


def test_a_key_revoked_between_reading_and_probe_verifies_nothing(home: Home, anchor: Anchor) -> None:
    version = read(bring_version(home.drama.folder, anchor))
    SigningKey.objects.update(revoked_at=version.created_at)

    after = probed(version)

    assert after.state == VersionState.FAILED
    assert "is not one that playhouse has registered" in after.failure


def test_other_bytes_than_were_read_are_trouble_and_no_verdict(home: Home, anchor: Anchor) -> None:
    version = read(bring_version(home.drama.folder, anchor))
    file = version.files.get(path="expert.safetensors")
    whole = storage.read(file.key, limit=2**24)
    storage.put(file.key, whole[:-4] + struct.pack("<f", 1.0))

    with pytest.raises(OSError, match="other bytes than were put there"):
        probe_version(str(version.id))

    storage.put(file.key, whole)
    assert probed(version).state == VersionState.VERIFIED
