"""Composing: the files lie whole in the store before a row speaks of them, and running it twice changes nothing."""

import json
from pathlib import Path

from registry import storage
from registry.audit.events import Event
from registry.audit.models import Entry
from registry.compositions.actions import cancel_composition
from registry.compositions.models import Composition, CompositionState, Shard
from registry.digests import sha256
from registry.evidence.models import LicenceTerms
from registry.experts.models import Anchor
from tests.factories import CY, made_digest, publish
from tests.workers.packages import Home, bring_anchor, bring_approved, bring_both, requested
from workers.assembly import compose
from workers.validation import validate_composition

PAD = 5 * 2**20


def composed(composition: Composition) -> Composition:
    compose(str(composition.id))
    return Composition.objects.get(id=composition.id)


def count(event: Event) -> int:
    return Entry.objects.filter(event=event).count()


def test_every_file_of_the_revision_lies_in_the_store_in_its_size(home: Home) -> None:
    bring_both(home)

    after = composed(requested())

    assert after.state == CompositionState.VALIDATING
    assert len(after.revision) == 40
    files = {file.path: file for file in after.files.all()}
    assert {"expert-00.safetensors", "expert-01.safetensors", "expert-02.safetensors"} <= set(files)
    assert {"config.json", "shared.safetensors", "router.safetensors", "guildhall-manifest.json"} <= set(files)
    assert {path: storage.size_of(file.key) for path, file in files.items()} == {
        path: file.size for path, file in files.items()
    }


def test_the_bytes_are_those_that_a_folder_gets_from_the_same_recipe(home: Home, tmp_path: Path) -> None:
    bring_both(home)

    after = composed(requested())

    for file in after.files.all():
        storage.fetch(file.key, tmp_path / "got")
        data = (tmp_path / "got").read_bytes()
        if file.path.startswith("expert-"):
            slot = int(file.path[7:9])
            source = [home.anchor_folder, home.drama.folder, home.code.folder][slot] / "expert.safetensors"
            assert data[PAD:] == weights_of(source)
        else:
            assert sha256(data) == file.digest == f"sha256:{file.sha256}"


def weights_of(path: Path) -> bytes:
    data = path.read_bytes()
    return data[8 + int.from_bytes(data[:8], "little") :]


def test_the_manifest_in_the_store_is_the_one_that_names_the_revision(home: Home) -> None:
    bring_both(home)

    after = composed(requested())

    manifest = after.files.get(path="guildhall-manifest.json")
    data = storage.read(manifest.key, limit=2**20)
    assert sha256(data).removeprefix("sha256:")[:40] == after.revision
    assert json.loads(data) == after.manifest


def test_a_second_run_changes_nothing(home: Home) -> None:
    bring_both(home)
    before = composed(requested())
    events = Entry.objects.count()

    after = composed(before)

    assert after.changed_at == before.changed_at
    assert Entry.objects.count() == events
    assert count(Event.COMPOSITION_VALIDATING) == 1


def test_a_shard_is_made_once_for_all_models(home: Home) -> None:
    bring_both(home)
    composed(requested())

    composed(requested(name="player", experts=("drama",)))

    assert Shard.objects.count() == 3
    assert count(Event.SHARD_MADE) == 3


def test_an_object_that_a_dead_worker_left_half_is_made_again(home: Home) -> None:
    bring_both(home)
    composition = requested()
    data_digest = home.drama.contents.data_digest.removeprefix("sha256:")
    storage.put(f"shards/{data_digest}/1", b"half")

    after = composed(composition)

    shard = after.files.get(path="expert-01.safetensors")
    assert shard.key == f"shards/{data_digest}/1"
    assert storage.size_of(shard.key) == shard.size


def test_a_shard_whose_object_is_gone_is_made_again(home: Home) -> None:
    bring_both(home)
    gone = composed(requested()).files.get(path="expert-01.safetensors")
    storage.delete(gone.key)

    composed(requested(name="player", experts=("drama",)))

    assert storage.size_of(gone.key) == gone.size
    assert count(Event.SHARD_MADE) == 3


def test_a_cancelled_build_is_left_alone(home: Home) -> None:
    bring_both(home)
    composition = requested()
    cancel_composition(composition.id, by=CY)

    after = composed(composition)

    assert after.state == CompositionState.CANCELLED
    assert not after.files.exists()


def test_files_that_changed_since_they_were_verified_are_not_composed_with(home: Home) -> None:
    anchor = bring_anchor(home)
    version = bring_approved(home.drama, anchor, expert="drama")
    composition = requested(experts=("drama",))
    storage.put(version.files.get(path="router.safetensors").key, b"other bytes")

    after = composed(composition)

    assert after.state == CompositionState.FAILED
    assert "router.safetensors" in after.failure
    assert "is not the one that was verified" in after.failure


def test_a_recipe_of_other_digests_than_the_files_fails(home: Home) -> None:
    anchor = bring_anchor(home)
    version = bring_approved(home.drama, anchor, expert="drama", router_digest=made_digest())
    composition = requested(experts=("drama",))

    after = composed(composition)

    assert after.state == CompositionState.FAILED
    assert str(version.expert) in after.failure


def test_a_second_model_of_the_recipe_has_the_same_files_and_nothing_is_put_together_again(home: Home) -> None:
    bring_both(home)
    first = composed(requested())
    storage.delete(Anchor.objects.get().files.get(path="tokenizer.json").key)

    second = composed(requested(name="second"))

    assert second.state == CompositionState.VALIDATING
    assert (second.revision, second.manifest) == (first.revision, first.manifest)
    rows = ("path", "size", "digest", "sha256", "key")
    assert list(second.files.order_by("path").values(*rows)) == list(first.files.order_by("path").values(*rows))


def test_the_second_model_has_its_own_texts_when_they_have_changed(home: Home) -> None:
    bring_both(home)
    first = composed(requested())
    LicenceTerms.objects.update(attribution="The Players")

    second = composed(requested(name="second"))

    assert b"The Players" in storage.read(second.files.get(path="README.md").key, limit=2**20)
    assert second.revision != first.revision


def test_the_proof_of_the_first_is_not_handed_to_the_second(home: Home) -> None:
    bring_both(home)
    first = composed(requested())
    validate_composition(str(first.id))
    publish(first)

    second = composed(requested(name="second"))

    proof = {"inclusion.json", "inclusion.tlog-proof"}
    assert proof <= set(first.files.values_list("path", flat=True))
    assert not proof & set(second.files.values_list("path", flat=True))
