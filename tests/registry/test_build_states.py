"""A build moves from state to state, each move with its event; a worker may ask twice and nothing is done twice."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from registry.actors import ASSEMBLER
from registry.audit.models import Entry
from registry.compositions.actions import (
    cancel_composition,
    fail_composition,
    include_composition,
    publish_composition,
    record_assembled,
    record_shard,
    request_composition,
    start_assembly,
)
from registry.compositions.models import CompositionState, Inclusion, Model, Shard
from registry.compositions.progress import note_progress
from registry.compositions.queries import compositions_with, get_composition, stuck_compositions, versions_in
from registry.errors import NotAllowed, WrongState
from registry.evidence.models import ConsentRecord
from registry.experts.models import ExpertVersion
from registry.policy.models import Decision
from tests.factories import (
    ADA,
    CY,
    assemble,
    made_digest,
    make_expert,
    make_revision,
    make_version,
    manifest_of,
    request,
)
from workers.assembly import compose
from workers.publishing import publish
from workers.validation import validate_composition

S = CompositionState


def events(about: str) -> list[str]:
    return list(Entry.objects.filter(about=about).order_by("id").values_list("event", flat=True))


def two() -> tuple[ExpertVersion, ExpertVersion]:
    return make_version(), make_version(make_expert("code", organisation="codeworks"))


def test_a_build_goes_its_way_with_an_event_for_each_step() -> None:
    composition = make_revision(*two())

    assert events(str(composition)) == [
        "composition.requested",
        "composition.decided",
        "composition.assembling",
        "composition.validating",
        "composition.included",
        "composition.published",
    ]


def test_publishing_includes_each_version_once_and_moves_main() -> None:
    drama, code = two()
    composition = make_revision(drama, code)

    publish_composition(composition.id, proof=[], by=ASSEMBLER)

    assert list(Inclusion.objects.order_by("slot").values_list("version", "slot")) == [(drama.id, 1), (code.id, 2)]
    assert Entry.objects.filter(event="inclusion.recorded").count() == 2
    assert events("model:library/reader") == ["model.requested", "main.moved"]
    assert Model.objects.get().main == composition


def test_the_revision_follows_from_the_manifest() -> None:
    composition = request(make_version())

    assemble(composition)

    composition.refresh_from_db()
    assert composition.revision == manifest_of(composition).revision()
    assert composition.files.count() == len(manifest_of(composition).files)


def test_main_moves_on_and_the_older_revision_is_superseded() -> None:
    drama, code = two()
    older = make_revision(drama)

    newer = make_revision(drama, code)

    older.refresh_from_db()
    assert (older.state, newer.state) == (S.SUPERSEDED, S.PUBLISHED)
    assert Model.objects.get().main == newer


def test_each_step_may_be_asked_for_twice() -> None:
    composition = request(make_version())
    start_assembly(composition.id, by=ASSEMBLER)
    start_assembly(composition.id, by=ASSEMBLER)
    assemble(composition)
    value = json.loads(manifest_of(composition).canonical())
    record_assembled(composition.id, manifest=value, files=[], by=ASSEMBLER)
    fail_composition(composition.id, reason="the probe failed", by=ASSEMBLER)
    fail_composition(composition.id, reason="the probe failed again", by=ASSEMBLER)

    assert events(str(composition))[2:] == ["composition.assembling", "composition.validating", "composition.failed"]
    assert get_composition(composition.id).failure == "the probe failed"


@pytest.mark.parametrize("step", ["start", "assembled", "include", "publish"])
def test_a_build_that_ended_goes_nowhere(step: str) -> None:
    composition = request(make_version())
    value = json.loads(manifest_of(composition).canonical())
    fail_composition(composition.id, reason="no", by=ASSEMBLER)
    steps: dict[str, Any] = {
        "start": lambda: start_assembly(composition.id, by=ASSEMBLER),
        "assembled": lambda: record_assembled(composition.id, manifest=value, files=[], by=ASSEMBLER),
        "include": lambda: include_composition(composition.id, validation={}, by=ASSEMBLER),
        "publish": lambda: publish_composition(composition.id, proof=[], by=ASSEMBLER),
    }

    with pytest.raises(WrongState):
        steps[step]()


def test_a_build_is_not_published_before_it_was_assembled() -> None:
    composition = request(make_version())

    with pytest.raises(WrongState):
        publish_composition(composition.id, proof=[], by=ASSEMBLER)

    assert not Inclusion.objects.exists()
    assert Model.objects.get().main is None


def test_a_manifest_of_another_recipe_is_refused() -> None:
    drama, code = two()
    composition = request(drama)
    other = json.loads(manifest_of(request(code, name="other")).canonical())
    start_assembly(composition.id, by=ASSEMBLER)

    with pytest.raises(WrongState, match="another recipe"):
        record_assembled(composition.id, manifest=other, files=[], by=ASSEMBLER)


def test_a_version_withdrawn_meanwhile_is_not_published() -> None:
    version = make_version()
    composition = request(version)
    assemble(composition)
    ExpertVersion.objects.filter(id=version.id).update(state="withdrawn")

    published = publish_composition(composition.id, proof=[], by=ASSEMBLER)

    assert published.state == S.CANCELLED
    assert "playhouse/drama@1 was withdrawn" in published.failure
    assert not Inclusion.objects.exists()


def test_a_published_build_does_not_fail() -> None:
    composition = make_revision()

    assert fail_composition(composition.id, reason="late", by=ASSEMBLER).state == S.PUBLISHED


def test_who_may_request_may_cancel() -> None:
    composition = request(make_version())

    with pytest.raises(NotAllowed):
        cancel_composition(composition.id, by=ADA)
    cancel_composition(composition.id, by=CY)
    cancel_composition(composition.id, by=CY)

    assert events(str(composition))[-1] == "composition.cancelled"
    assert events(str(composition)).count("composition.cancelled") == 1


@pytest.mark.parametrize("reached", [S.DECIDED, S.ASSEMBLING, S.VALIDATING, S.PROVING])
def test_a_cancel_at_each_step_is_left_alone_and_leaves_room_for_the_same_again(reached: CompositionState) -> None:
    version = make_version()
    composition = request(version)
    if reached == S.ASSEMBLING:
        start_assembly(composition.id, by=ASSEMBLER)
    if reached in {S.VALIDATING, S.PROVING}:
        assemble(composition)
    if reached == S.PROVING:
        include_composition(composition.id, validation={}, by=ASSEMBLER)
    assert get_composition(composition.id).state == reached

    cancel_composition(composition.id, by=CY)
    for job in (compose, validate_composition, publish):
        job(str(composition.id))
    again = make_revision(version)

    assert get_composition(composition.id).state == S.CANCELLED
    assert events(str(composition))[-1] == "composition.cancelled"
    assert again != composition
    assert (again.state, again.model.main) == (S.PUBLISHED, again)
    assert compositions_with(version).get() == again


def test_the_pace_so_far_tells_how_long_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    composition = request(make_version())
    now = 1_000_000.0
    monkeypatch.setattr("registry.compositions.progress.time.time", lambda: now)
    note_progress(composition.id, step="shards", done=0, total=4)
    now += 10

    note_progress(composition.id, step="shards", done=1, total=4)
    by_count = get_composition(composition.id).progress
    note_progress(composition.id, step="shards", done=1, total=4, bytes_done=800, bytes_total=1000)
    by_bytes = get_composition(composition.id).progress
    note_progress(composition.id, step="validation", done=1, total=4)

    assert by_count["seconds_left"] == 30
    assert (by_bytes["seconds_left"], by_bytes["bytes_done"], by_bytes["bytes_total"]) == (2, 800, 1000)
    assert "seconds_left" not in get_composition(composition.id).progress  # it has just begun


def test_a_shard_is_recorded_once_by_whoever_was_first() -> None:
    digest = made_digest("data")
    first = record_shard(digest, 1, digest=made_digest("shard"), size=9, key="shards/x/1", by=ASSEMBLER)

    second = record_shard(digest, 1, digest=made_digest("shard"), size=9, key="shards/x/1", by=ASSEMBLER)

    assert first == second
    assert Shard.objects.count() == 1
    assert Entry.objects.filter(event="shard.made").count() == 1


def test_progress_is_a_sign_of_life() -> None:
    composition = request(make_version())
    assert list(stuck_compositions(timedelta(0))) == [composition]

    note_progress(composition.id, step="shards", done=1, total=3)

    assert get_composition(composition.id).progress.items() >= {"step": "shards", "done": 1, "total": 3}.items()
    assert not stuck_compositions(timedelta(minutes=1)).exists()
    fail_composition(composition.id, reason="no", by=ASSEMBLER)
    assert not stuck_compositions(timedelta(0)).exists()


def test_a_model_is_built_again_from_what_is_left() -> None:
    drama, code = two()
    composition = make_revision(drama, code)
    ExpertVersion.objects.filter(id=drama.id).update(state="withdrawn")

    again = request_composition(composition.model_id, by=ASSEMBLER)

    assert again is not None
    assert [entry["name"] for entry in again.recipe["experts"]] == ["codeworks/code"]
    assert again.recipe["top_k"] == 2
    assert again.model.experts.count() == 2


def test_a_model_with_nothing_left_is_not_built() -> None:
    version = make_version()
    composition = make_revision(version)
    ExpertVersion.objects.filter(id=version.id).update(state="withdrawn")

    assert request_composition(composition.model_id, by=ASSEMBLER) is None


def test_asking_again_for_what_is_left_while_it_is_built_records_nothing() -> None:
    drama, code = two()
    composition = make_revision(drama, code)
    ExpertVersion.objects.filter(id=drama.id).update(state="withdrawn")
    first = request_composition(composition.model_id, by=ASSEMBLER)
    before = Entry.objects.count()

    assert request_composition(composition.model_id, by=ASSEMBLER) == first
    assert Entry.objects.count() == before


def test_what_the_policies_no_longer_allow_is_left_out_too() -> None:
    drama, code = two()
    composition = make_revision(drama, code)
    ConsentRecord.objects.filter(version=drama).update(valid_until=timezone.now())

    again = request_composition(composition.model_id, by=ASSEMBLER)

    assert again is not None
    assert [version for _, version in versions_in(again)] == [code]
    assert Decision.objects.filter(version=drama, allowed=False).count() == 1
