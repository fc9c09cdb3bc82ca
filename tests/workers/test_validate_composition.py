"""Validating: what is published was loaded and tried on public text; what is much worse than its anchor is not."""

from collections.abc import Iterator

import pytest
import transformers
from pytest_django import Settings

from flexcore.evaluation.bits_per_byte import bits_per_byte, windows
from flexcore.loading import load_beside
from flexcore.training.tokenizer import load_tokenizer
from registry import storage
from registry.audit.events import Event
from registry.audit.models import Entry
from registry.compositions.actions import cancel_composition
from registry.compositions.models import Composition, CompositionState, Inclusion
from tests.factories import CY, publish
from tests.workers.packages import Home, bring_both, requested
from workers import probe
from workers.assembly import compose
from workers.probe_text import DOCUMENTS
from workers.validation import validate_composition


@pytest.fixture
def assembled(home: Home) -> Composition:
    """A build of the public expert, drama and code that waits for its trial."""
    bring_both(home)
    composition = requested()
    compose(str(composition.id))
    return composition


def validated(composition: Composition) -> Composition:
    validate_composition(str(composition.id))
    return publish(composition)


def inclusion_events() -> list[str]:
    return list(Entry.objects.filter(event=Event.INCLUSION_RECORDED).order_by("about").values_list("about", flat=True))


def test_a_sound_model_is_published_and_main_points_at_it(assembled: Composition) -> None:
    after = validated(assembled)

    assert after.state == CompositionState.PUBLISHED
    assert after.model.main == after
    assert sorted(Inclusion.objects.filter(composition=after).values_list("slot", flat=True)) == [1, 2]
    assert inclusion_events() == ["playhouse/code@1", "playhouse/drama@1"]


def test_the_trial_is_written_down_with_the_routing_of_every_layer(assembled: Composition) -> None:
    validation = validated(assembled).validation

    assert validation["finite"] is True
    assert validation["probe"].startswith("sha256:")
    assert [len(layer) for layer in validation["routing"]] == [3, 3]
    assert all(sum(layer) == pytest.approx(1, abs=1e-5) for layer in validation["routing"])
    assert all(0 < share < 1 for layer in validation["routing"] for share in layer)


def test_a_stock_loader_makes_the_same_of_the_files(assembled: Composition) -> None:
    validation = validated(assembled).validation

    assert validation["stock_loader"]["transformers"] == transformers.__version__
    assert validation["stock_loader"]["largest_difference"] < 1e-5
    ours = validation["bits_per_byte"]["model"]
    assert validation["stock_loader"]["bits_per_byte"] == pytest.approx(ours, abs=1e-5)


def test_what_a_stock_loader_makes_another_model_of_is_not_published(
    assembled: Composition, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe, "AGREEMENT", {"F32": -1.0})

    after = validated(assembled)

    assert after.state == CompositionState.FAILED
    assert after.failure.startswith("Stock transformers")
    assert inclusion_events() == []


def test_the_anchor_s_figure_is_that_of_the_anchor_itself(assembled: Composition, home: Home) -> None:
    anchor = load_beside(home.anchor_folder)
    text = windows(DOCUMENTS, load_tokenizer(home.anchor_folder), positions=64)

    validation = validated(assembled).validation

    assert validation["bits_per_byte"]["anchor"] == pytest.approx(bits_per_byte(anchor, text), abs=1e-6)
    assert validation["bits_per_byte"]["model"] != validation["bits_per_byte"]["anchor"]


def test_a_second_run_changes_nothing(assembled: Composition) -> None:
    before = validated(assembled)
    events = Entry.objects.count()

    after = validated(assembled)

    assert after.changed_at == before.changed_at
    assert Entry.objects.count() == events


def test_a_model_much_worse_than_its_anchor_is_not_published(assembled: Composition, settings: Settings) -> None:
    settings.VALIDATION_MAX_REGRESSION = -0.99

    after = validated(assembled)

    assert after.state == CompositionState.FAILED
    assert "bits per byte on public text, its anchor" in after.failure
    assert after.model.main is None
    assert inclusion_events() == []


@pytest.fixture
def infinite_shard(assembled: Composition) -> Iterator[str]:
    """Somebody got at the store: a shard holds an infinite value."""
    shard = assembled.files.get(path="expert-01.safetensors")
    data = b"".join(storage.stream(shard.key))
    storage.put(shard.key, data[:-4] + b"\x00\x00\x80\x7f")
    yield shard.key
    storage.delete(shard.key)


def test_a_model_that_gives_no_finite_values_is_not_published(assembled: Composition, infinite_shard: str) -> None:
    after = validated(assembled)

    assert after.state == CompositionState.FAILED
    assert "not finite" in after.failure


def test_a_build_that_was_cancelled_meanwhile_is_left_alone(assembled: Composition) -> None:
    cancel_composition(assembled.id, by=CY)

    after = validated(assembled)

    assert after.state == CompositionState.CANCELLED
    assert after.model.main is None
    assert inclusion_events() == []


def test_a_file_that_cannot_be_fetched_is_no_verdict(assembled: Composition) -> None:
    shard = assembled.files.get(path="expert-02.safetensors")
    storage.delete(shard.key)

    with pytest.raises(storage.Missing):
        validate_composition(str(assembled.id))

    assert Composition.objects.get(id=assembled.id).state == CompositionState.VALIDATING


def test_the_same_bytes_are_tried_once(assembled: Composition) -> None:
    first = validated(assembled)
    second = requested(name="second")
    compose(str(second.id))
    storage.delete(first.files.get(path="expert-01.safetensors").key)

    after = validated(second)

    assert after.state == CompositionState.PUBLISHED
    assert after.revision == first.revision
    assert after.validation == first.validation
