"""Tidying: what no model needs goes, what one needs stays, and whoever is killed in between leaves nothing for ever."""

import pytest
from django.utils import timezone
from pytest_django import Settings

from registry import storage
from registry.audit.events import Event
from registry.audit.models import Entry
from registry.compositions.actions import cancel_composition
from registry.compositions.leftovers import forget_shard, unused_shards
from registry.compositions.models import Composition, Shard
from registry.compositions.queries import FILES, SHARDS
from registry.withdrawals.actions import withdraw_version
from tests.chaos.killing import killed_at
from tests.factories import ADA, CY
from tests.workers.packages import Home, bring_both, requested
from workers.assembly import compose
from workers.tidying import tidy


@pytest.fixture(autouse=True)
def an_empty_store_that_keeps_nothing_unused(settings: Settings) -> None:
    settings.KEEP_UNUSED_HOURS = 0
    for prefix in (SHARDS, FILES):
        storage.delete_under(prefix)


def composed(home: Home) -> Composition:
    bring_both(home)
    composition = requested()
    compose(str(composition.id))
    return Composition.objects.get(id=composition.id)


def in_the_store() -> set[str]:
    return {key for prefix in (SHARDS, FILES) for key, _ in storage.keys_under(prefix)}


def test_what_a_model_needs_stays(home: Home) -> None:
    composed(home)
    before = in_the_store()

    tidy()

    assert len(before) > 10
    assert in_the_store() == before
    assert Shard.objects.count() == 3


def test_what_only_a_cancelled_build_needed_goes_and_the_log_says_so(home: Home) -> None:
    cancel_composition(composed(home).id, by=CY)

    tidy()

    assert in_the_store() == set()
    assert not Shard.objects.exists()
    assert Entry.objects.filter(event=Event.SHARD_DROPPED).count() == 3


def test_it_is_kept_for_a_while(home: Home, settings: Settings) -> None:
    settings.KEEP_UNUSED_HOURS = 1
    cancel_composition(composed(home).id, by=CY)
    before = in_the_store()

    tidy()

    assert in_the_store() == before


def test_a_model_that_wants_it_again_gets_it_again(home: Home) -> None:
    cancel_composition(composed(home).id, by=CY)
    tidy()
    again = requested()

    compose(str(again.id))

    files = {file.key: file.size for file in again.files.all()}
    assert len(files) > 10
    assert {key: storage.size_of(key) for key in files} == files


def test_a_shard_that_was_wanted_meanwhile_is_not_forgotten(home: Home) -> None:
    cancel_composition(composed(home).id, by=CY)
    unused = list(unused_shards(before=timezone.now()))
    compose(str(requested().id))

    forgotten = [forget_shard(shard.id, before=timezone.now(), by=CY) for shard in unused]

    assert forgotten == ["", "", ""]
    assert Shard.objects.count() == 3


@pytest.mark.parametrize("touch", range(1, 9))
def test_whoever_is_killed_in_between_is_followed_by_one_who_ends_it(home: Home, touch: int) -> None:
    cancel_composition(composed(home).id, by=CY)
    with killed_at(touch):
        tidy()

    tidy()

    assert in_the_store() == set()
    assert not Shard.objects.exists()


def test_what_a_withdrawal_will_destroy_is_left_to_it(home: Home) -> None:
    composition = composed(home)
    drama = home.drama.contents.data_digest.removeprefix("sha256:")
    version = composition.decisions.get(version__data_digest=f"sha256:{drama}").version
    storage.put(f"{SHARDS}{drama}/7", b"a shard that was being made")
    withdraw_version(version.id, by=ADA, reason="The rights were not ours to give.")

    tidy()

    left = {key for key in in_the_store() if key.startswith(f"{SHARDS}{drama}/")}
    assert len(left) == 2
