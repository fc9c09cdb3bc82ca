"""Propagating a withdrawal: models are composed again without the version, or stay closed where that was asked."""

import pytest
from pytest_django import Settings

from registry.audit.events import Event
from registry.audit.models import Entry
from registry.compositions.models import Composition, CompositionState, Model
from registry.compositions.papers import DECISION, PROVENANCE, SIGNATURE
from registry.experts.models import ExpertVersion
from registry.withdrawals.actions import withdraw_version
from registry.withdrawals.models import Withdrawal
from tests.factories import ADA, publish
from tests.workers.packages import Home, bring_both, requested
from workers.assembly import compose
from workers.publishing import ENTRY, PROOF
from workers.validation import validate_composition
from workers.withdrawing import carry_on_withdrawal


def published(name: str = "reader", *, experts: tuple[str, ...] = ("drama", "code"), **wish: str) -> Composition:
    return built(requested(name=name, experts=experts, **wish))


def built(composition: Composition) -> Composition:
    compose(str(composition.id))
    validate_composition(str(composition.id))
    return publish(composition)


def withdrawn(name: str) -> Withdrawal:
    version = ExpertVersion.objects.get(expert__name=name)
    return withdraw_version(version.id, by=ADA, reason="the licence was not ours to give")


def propagated(withdrawal: Withdrawal) -> Withdrawal:
    carry_on_withdrawal(str(withdrawal.id))
    return Withdrawal.objects.get(id=withdrawal.id)


def running() -> Composition:
    return Composition.objects.get(state=CompositionState.DECIDED)


def digests_of(composition: Composition) -> dict[str, str]:
    """What it is made of: the papers and the proof of its inclusion are each model's own."""
    own = [ENTRY, PROOF, DECISION, PROVENANCE, SIGNATURE]
    return {file.path: file.digest for file in composition.files.exclude(path__in=own)}


def test_the_model_is_composed_again_without_the_version(home: Home) -> None:
    bring_both(home)
    lost = published()
    withdrawal = withdrawn("drama")

    waiting = propagated(withdrawal)
    again = built(running())
    done = propagated(withdrawal)

    assert waiting.propagated_at is None
    assert done.propagated_at is not None
    assert again.state == CompositionState.PUBLISHED
    assert Model.objects.get().main == again
    assert [entry["name"] for entry in again.recipe["experts"]] == ["playhouse/code"]
    assert Composition.objects.get(id=lost.id).state == CompositionState.WITHDRAWN
    assert Entry.objects.filter(event=Event.WITHDRAWAL_PROPAGATED, about="playhouse/drama@1").count() == 1


def test_its_files_are_those_of_a_model_that_never_had_the_version(home: Home) -> None:
    bring_both(home)
    never = published("never", experts=("code",))
    published()

    propagated(withdrawn("drama"))
    again = built(running())

    assert digests_of(again) == digests_of(never)
    assert again.revision == never.revision


def test_a_model_that_asked_to_be_closed_stays_closed(home: Home) -> None:
    bring_both(home)
    published(on_withdrawal="close")

    done = propagated(withdrawn("drama"))

    assert done.propagated_at is not None
    assert Model.objects.get().main is None
    assert Composition.objects.count() == 1


def test_a_model_of_which_nothing_is_left_stays_closed(home: Home) -> None:
    bring_both(home)
    published(experts=("drama",))

    done = propagated(withdrawn("drama"))

    assert done.propagated_at is not None
    assert Model.objects.get().main is None
    assert Composition.objects.count() == 1


def test_running_it_again_changes_nothing(home: Home) -> None:
    bring_both(home)
    published()
    withdrawal = withdrawn("drama")
    propagated(withdrawal)
    built(running())
    propagated(withdrawal)
    events, builds = Entry.objects.count(), Composition.objects.count()

    propagated(withdrawal)

    assert (Entry.objects.count(), Composition.objects.count()) == (events, builds)


def test_asked_again_while_the_new_build_runs_it_asks_for_no_other(home: Home) -> None:
    bring_both(home)
    published()
    withdrawal = withdrawn("drama")
    propagated(withdrawal)
    events = Entry.objects.count()

    still = propagated(withdrawal)

    assert still.propagated_at is None
    assert Entry.objects.count() == events


def test_a_build_that_fails_is_not_asked_for_for_ever(home: Home, settings: Settings) -> None:
    bring_both(home)
    published()
    withdrawal = withdrawn("drama")
    propagated(withdrawal)
    settings.VALIDATION_MAX_REGRESSION = -0.99
    failed = built(running())

    done = propagated(withdrawal)

    assert failed.state == CompositionState.FAILED
    assert done.propagated_at is not None
    assert Composition.objects.count() == 2


@pytest.mark.parametrize("times", [1, 2])
def test_a_version_that_no_model_held_is_done_at_once(home: Home, times: int) -> None:
    bring_both(home)
    withdrawal = withdrawn("drama")

    for _ in range(times):
        propagated(withdrawal)

    assert Withdrawal.objects.get().propagated_at is not None
    assert Entry.objects.filter(event=Event.WITHDRAWAL_PROPAGATED).count() == 1
