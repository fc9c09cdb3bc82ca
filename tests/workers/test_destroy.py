"""Destroying: after the grace, confirmed and under no hold, every byte goes; and what others need stays."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from flexcore.loading import load_composed
from registry import storage
from registry.audit.events import Event
from registry.audit.models import Entry
from registry.compositions.actions import record_shard
from registry.compositions.models import Composition, CompositionState, Shard
from registry.compositions.queries import content_of, shards_of
from registry.digests import digest_of
from registry.errors import NotAllowed
from registry.experts.models import VersionState, WeightSample
from registry.policy.queries import COMPOSE, judge
from registry.withdrawals.actions import confirm_destruction, lift_hold, place_hold
from registry.withdrawals.models import Step, Withdrawal
from registry.withdrawals.queries import checklist_of
from tests.factories import ADA, BEN
from tests.workers.packages import Home, bring_anchor, bring_approved, bring_both
from tests.workers.withdrawals import (
    after_the_grace,
    assembled,
    bucket_with_versions,
    carried,
    doomed,
    left_of,
    published,
    step,
    uploads_of,
    version_of,
    withdrawn,
)
from workers import assembly
from workers.assembly import compose


def shards_left(name: str) -> set[str]:
    return storage.names_under(shards_of(version_of(name).data_digest))


def told(withdrawal: Withdrawal) -> str:
    return next(line.sentence for line in checklist_of(withdrawal) if line.name == Step.DESTROY)


def test_everything_of_it_goes(home: Home) -> None:
    bring_both(home)
    build = assembled(on_withdrawal="close")
    own = uploads_of(version_of("drama"))
    WeightSample.objects.create(version=version_of("drama"), data=b"a few of its values")
    only_here = set(build.files.filter(path="config.json").values_list("key", flat=True))
    before = (len(left_of(own)), len(shards_left("drama")))

    withdrawal = carried(doomed("drama"))

    assert before == (len(own), 1)
    assert left_of(own) == []
    assert shards_left("drama") == set()
    assert left_of(list(only_here)) == []
    assert not WeightSample.objects.exists()
    assert step(withdrawal, Step.DESTROY).done_at is not None


def test_in_a_bucket_with_versions_every_version_goes_and_every_marker(home: Home, settings: Settings) -> None:
    with bucket_with_versions(settings):
        bring_both(home)
        assembled(on_withdrawal="close")
        own = uploads_of(version_of("drama"))
        storage.put(own[0], b"written over")
        storage.delete(own[1])

        withdrawal = carried(doomed("drama"))

        assert left_of(own) == []
        assert shards_left("drama") == set()
        assert withdrawal.destroyed.filter(key=own[0]).count() == 2
        assert withdrawal.destroyed.filter(key=own[1]).count() == 2


def test_a_bucket_that_began_to_keep_versions_later_keeps_none_of_it(home: Home, settings: Settings) -> None:
    bring_both(home)
    own = uploads_of(version_of("drama"))
    with bucket_with_versions(settings):
        store = storage._store()
        bucket, settings.S3_BUCKET = settings.S3_BUCKET, f"{settings.S3_BUCKET}-later"
        store.create_bucket(Bucket=settings.S3_BUCKET)
        storage.put(own[0], b"from before")
        store.put_bucket_versioning(Bucket=settings.S3_BUCKET, VersioningConfiguration={"Status": "Enabled"})
        storage.put(own[0], b"from after")

        gone = storage.destroy(own[0])

        assert ("null", 11) in gone
        assert storage.remnants_of(own[0]) == 0
        settings.S3_BUCKET = bucket


def test_uploads_that_were_never_finished_go_too(home: Home) -> None:
    bring_both(home)
    drama = version_of("drama")
    key, shard = uploads_of(drama)[0], f"{shards_of(drama.data_digest)}7"
    for name in (key, shard):
        storage.begin_upload(name)

    carried(doomed("drama"))

    assert left_of([key, shard]) == []


def test_a_shard_that_no_row_speaks_of_goes_too(home: Home) -> None:
    bring_both(home)
    storage.put(f"{shards_of(version_of('drama').data_digest)}9", b"its worker was killed")

    withdrawal = carried(doomed("drama"))

    assert shards_left("drama") == set()
    assert step(withdrawal, Step.CHECK).done_at is not None


def test_what_another_model_needs_stays_and_that_model_still_loads(home: Home, tmp_path: Path) -> None:
    bring_both(home)
    other = published("other", experts=("code",))
    assembled(on_withdrawal="close")

    carried(doomed("drama"))

    for file in other.files.all():
        to = tmp_path / "model" / file.path
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_bytes(content_of(file))
    assert load_composed(tmp_path / "model") is not None
    assert Composition.objects.get(id=other.id).state == CompositionState.PUBLISHED


def test_the_same_weights_brought_twice_keep_their_shards_while_the_other_lives(home: Home) -> None:
    anchor = bring_anchor(home)
    bring_approved(home.drama, anchor, expert="drama")
    bring_approved(home.drama, anchor, expert="twin")
    assembled(experts=("drama",), on_withdrawal="close")
    own = uploads_of(version_of("drama"))

    withdrawal = carried(doomed("drama"))

    [kept] = step(withdrawal, Step.DESTROY).facts["kept"]
    assert "needed by playhouse/twin@1" in kept
    assert len(shards_left("drama")) == 1
    assert left_of(own) == []

    carried(doomed("twin"))

    assert shards_left("drama") == set()


def test_a_hold_stops_destruction_and_never_denial(home: Home) -> None:
    bring_both(home)
    drama = version_of("drama")
    place_hold(drama.id, reason="A court asked for the bytes.", by=BEN)
    build = assembled(on_withdrawal="close")

    withdrawal = carried(doomed("drama"))

    drama.refresh_from_db()
    verdict = judge(drama, consumer=build.model.organisation, action=COMPOSE, purpose="research")
    assert drama.state == VersionState.WITHDRAWN
    assert not verdict.allowed
    assert step(withdrawal, Step.BLOCK).done_at is not None
    assert len(left_of(uploads_of(drama))) == len(uploads_of(drama))
    assert "hold" in told(withdrawal)

    lift_hold(drama.id, by=BEN)
    withdrawal = carried(withdrawal)

    assert left_of(uploads_of(drama)) == []
    assert step(withdrawal, Step.DESTROY).done_at is not None


def test_before_the_grace_is_over_nothing_goes(home: Home) -> None:
    bring_both(home)

    withdrawal = carried(doomed("drama", grace_over=False))

    assert len(left_of(uploads_of(version_of("drama")))) == len(uploads_of(version_of("drama")))
    assert "kept until" in told(withdrawal)


def test_without_confirmation_nothing_goes(home: Home) -> None:
    bring_both(home)

    withdrawal = carried(after_the_grace(withdrawn("drama")))

    assert len(left_of(uploads_of(version_of("drama")))) == len(uploads_of(version_of("drama")))
    assert "confirm" in told(withdrawal)


def test_a_wrong_password_destroys_nothing(home: Home) -> None:
    bring_both(home)
    withdrawal = after_the_grace(withdrawn("drama"))

    with pytest.raises(NotAllowed, match="password is not yours"):
        confirm_destruction(withdrawal.id, password="a guess", by=ADA)
    carried(withdrawal)

    assert len(left_of(uploads_of(version_of("drama")))) == len(uploads_of(version_of("drama")))


def test_killed_in_the_middle_the_next_run_ends_it_with_the_whole_list(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring_both(home)
    own = uploads_of(version_of("drama"))
    withdrawal, destroy, calls = doomed("drama"), storage.destroy, []

    def killed_at_the_third(key: str) -> list[tuple[str, int]]:
        calls.append(key)
        gone = destroy(key)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return gone

    with monkeypatch.context() as trap:
        trap.setattr(storage, "destroy", killed_at_the_third)
        with pytest.raises(KeyboardInterrupt):
            carried(withdrawal)
    carried(withdrawal)
    ended = carried(withdrawal)

    rows = list(ended.destroyed.order_by("key", "version_id").values("key", "version_id", "size"))
    facts = step(ended, Step.DESTROY).facts
    assert {row["key"] for row in rows} >= set(own)
    assert (facts["objects"], facts["manifest_digest"]) == (len(rows), digest_of(rows))
    for event in (Event.OBJECTS_DESTROYED, Event.WITHDRAWAL_DESTROYED, Event.WITHDRAWAL_CERTIFIED):
        assert Entry.objects.filter(event=event).count() == 1


def test_a_late_shard_of_withdrawn_weights_is_refused_and_removed(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    bring_both(home)
    build, join = assembled("first", experts=("code",)), storage.join
    late = assembled_late(monkeypatch, join)

    assert build.state == CompositionState.VALIDATING
    assert late.state == CompositionState.CANCELLED
    assert shards_left("drama") == set()
    assert not Shard.objects.filter(data_digest=version_of("drama").data_digest).exists()


def assembled_late(monkeypatch: pytest.MonkeyPatch, join: Callable[..., None]) -> Composition:
    """A worker is at the copying when the click comes, and ends it afterwards."""
    from tests.workers.packages import requested

    late, copied = requested(name="late", experts=("drama",), on_withdrawal="close"), list[Callable[[], None]]()

    def join_noted(key: str, **more: object) -> None:
        copied.append(lambda: join(key, **more))
        copied[-1]()

    def record_late(**row: Any) -> None:
        if version_of("drama").state != VersionState.WITHDRAWN:
            carried(withdrawn("drama"))
            for copy in copied:
                copy()  # only now it ends
        record_shard(**row)

    with monkeypatch.context() as slow:
        slow.setattr(storage, "join", join_noted)
        slow.setattr(assembly, "record_shard", record_late)
        compose(str(late.id))
    return Composition.objects.get(id=late.id)
