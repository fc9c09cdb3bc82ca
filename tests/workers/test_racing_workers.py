"""Two workers at once: each shard is told of once, each build has its files once, whoever was a moment faster."""

from functools import partial
from uuid import UUID

import pytest

from registry import storage
from registry.actors import ASSEMBLER
from registry.audit.events import Event
from registry.audit.models import Entry
from registry.compositions.actions import start_assembly
from registry.compositions.models import Composition, CompositionState, Shard
from registry.compositions.queries import SHARDS
from tests.at_once import at_once
from tests.workers.packages import Home, bring_both, requested
from workers import assembly

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def an_empty_shelf() -> None:
    storage.delete_under(SHARDS)


def count(event: Event) -> int:
    return Entry.objects.filter(event=event).count()


def assemble_without_a_turn(composition_id: UUID) -> None:
    """As if the turn had failed: PostgreSQL was restarted, say, and its sessions with it."""
    assembly._assemble(start_assembly(composition_id, by=ASSEMBLER))


def test_two_models_that_need_the_same_shards_share_them(home: Home) -> None:
    bring_both(home)
    builds = [requested(name=name) for name in ("reader", "player")]

    at_once(*(partial(assembly.compose, str(build.id)) for build in builds))

    first, second = Composition.objects.all()
    assert {first.state, second.state} == {CompositionState.VALIDATING}
    assert first.revision == second.revision
    assert Shard.objects.count() == count(Event.SHARD_MADE) == 3
    assert all(storage.size_of(file.key) == file.size for file in first.files.all())


def test_one_build_in_two_hands_is_assembled_once(home: Home) -> None:
    bring_both(home)
    build = requested()

    at_once(*[partial(assembly.compose, str(build.id))] * 3)

    assert Composition.objects.get().state == CompositionState.VALIDATING
    assert count(Event.COMPOSITION_ASSEMBLING) == count(Event.COMPOSITION_VALIDATING) == 1


def test_even_without_turns_it_comes_out_once(home: Home) -> None:
    bring_both(home)
    build = requested()

    at_once(*[partial(assemble_without_a_turn, build.id)] * 2)

    after = Composition.objects.get()
    paths = list(after.files.values_list("path", flat=True))
    assert after.state == CompositionState.VALIDATING
    assert len(paths) == len(set(paths))
    assert count(Event.COMPOSITION_ASSEMBLING) == count(Event.COMPOSITION_VALIDATING) == 1
    assert Shard.objects.count() == count(Event.SHARD_MADE) == 3
