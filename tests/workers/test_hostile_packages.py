"""Whatever a stranger brings is refused with a sentence of its own, none of it is kept, and the worker goes on."""

from pathlib import Path

import pytest

from registry import storage
from registry.experts.models import ExpertVersion, VersionState, WeightSample
from tests.workers.hostile import HOSTILE, Hostile, brought
from tests.workers.packages import Home, bring_anchor, bring_version, register_key
from workers.probing import probe_version
from workers.verification import verify_version


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda hostile: hostile.name)
def test_a_hostile_package_is_refused_and_nothing_of_it_stays(home: Home, tmp_path: Path, hostile: Hostile) -> None:
    register_key(home)
    anchor = bring_anchor(home)
    version = bring_version(brought(hostile, home, tmp_path / "package"), anchor)

    verify_version(str(version.id))
    probe_version(str(version.id))

    after = ExpertVersion.objects.get(id=version.id)
    assert after.state == VersionState.FAILED
    assert hostile.sentence in after.failure
    assert after.failure.endswith(".")
    assert len(after.failure) < 500
    assert after.failure.isprintable()
    assert after.checks[-1] == {"name": hostile.check, "ok": False, "detail": after.failure}
    assert [file.path for file in version.files.all() if storage.size_of(file.key) is not None] == []
    assert not WeightSample.objects.filter(version=version).exists()


def test_after_all_of_them_an_honest_package_is_verified(home: Home) -> None:
    register_key(home)
    version = bring_version(home.drama.folder, bring_anchor(home))

    verify_version(str(version.id))
    probe_version(str(version.id))

    assert ExpertVersion.objects.get(id=version.id).state == VersionState.VERIFIED


def test_the_collection_is_large_and_every_package_in_it_another() -> None:
    assert len(HOSTILE) >= 60
    assert len({hostile.name for hostile in HOSTILE}) == len(HOSTILE)
