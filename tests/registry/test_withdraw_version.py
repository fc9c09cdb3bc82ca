"""Withdrawing: the version is out, what held it is blocked, and the log says who and why."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from registry.actors import PROPAGATOR, Actor
from registry.audit.queries import entries, first_broken
from registry.compositions.models import Composition, CompositionState, Model
from registry.compositions.queries import RevisionNotFound, get_revision
from registry.errors import NotAllowed
from registry.experts.models import ExpertVersion, VersionState
from registry.policy.queries import COMPOSE, judge
from registry.withdrawals.actions import block_some, finish_step, recompose_model
from registry.withdrawals.actions import withdraw_version as click
from registry.withdrawals.models import Step, Withdrawal
from registry.withdrawals.queries import affected_by, models_to_recompose, open_withdrawals, settled
from tests.factories import (
    ADA,
    BEN,
    CY,
    EVE,
    OLGA,
    OTTO,
    api,
    assemble,
    make_expert,
    make_revision,
    make_version,
    request,
)

REASON = "The licence was not ours to give."


def withdraw_version(version_id: UUID, **more: Any) -> Withdrawal:
    """The click, and what follows at once."""
    withdrawal = click(version_id, **more)
    while block_some(withdrawal.id, by=PROPAGATOR):
        pass
    return withdrawal


def code() -> ExpertVersion:
    return make_version(make_expert("code", organisation="codeworks"))


def test_it_blocks_what_holds_it_and_says_so() -> None:
    drama = make_version()
    revision = make_revision(drama, code())

    withdraw_version(drama.id, by=ADA, reason=REASON)

    drama.refresh_from_db()
    revision.refresh_from_db()
    assert drama.state == VersionState.WITHDRAWN
    assert revision.state == CompositionState.WITHDRAWN
    assert revision.blocked_at is not None
    with pytest.raises(RevisionNotFound, match="playhouse/drama@1 was withdrawn"):
        get_revision(Model.objects.get(), "main")
    assert [entry.event for entry in entries(actor=str(ADA))] == [
        "withdrawal.requested",
        "version.withdrawn",
        "receipt.issued",
    ]
    assert [entry.event for entry in entries(actor=str(PROPAGATOR))] == ["revision.blocked", "main.cleared"]
    assert first_broken() is None


def test_the_policies_refuse_it_at_once() -> None:
    drama = make_version()
    model = make_revision(drama, code()).model

    withdraw_version(drama.id, by=ADA, reason=REASON)

    drama.refresh_from_db()
    assert not judge(drama, consumer=model.organisation, action=COMPOSE, purpose=model.purpose).allowed


def test_a_second_click_finds_the_first_ones_withdrawal() -> None:
    drama = make_version()
    first = withdraw_version(drama.id, by=ADA, reason=REASON)
    told = entries().count()

    again = withdraw_version(drama.id, by=ADA, reason="Once more, with feeling.")

    assert again == first
    assert again.reason == REASON
    assert entries().count() == told


@pytest.mark.parametrize("who", [BEN, CY, OLGA, OTTO, EVE])
def test_only_its_owner_withdraws(who: Actor) -> None:
    drama = make_version()

    with pytest.raises(NotAllowed, match="owner in playhouse"):
        withdraw_version(drama.id, by=who, reason=REASON)

    drama.refresh_from_db()
    assert drama.state == VersionState.APPROVED


def test_what_is_left_is_composed_again() -> None:
    drama, other = make_version(), code()
    revision = make_revision(drama, other)
    withdrawal = withdraw_version(drama.id, by=ADA, reason=REASON)
    [model] = models_to_recompose(withdrawal)

    build = recompose_model(model.id, by=PROPAGATOR)

    assert build is not None
    assert [entry["name"] for entry in build.recipe["experts"]] == ["codeworks/code"]
    assert not settled(withdrawal)
    [affected] = affected_by(withdrawal)
    assert (affected.revision, affected.recomposed_revision) == (revision.revision, None)


def test_asking_again_finds_the_same_build() -> None:
    drama = make_version()
    make_revision(drama, code())
    withdrawal = withdraw_version(drama.id, by=ADA, reason=REASON)
    [model] = models_to_recompose(withdrawal)

    builds = [recompose_model(model.id, by=PROPAGATOR) for _ in range(3)]

    assert len({build.id for build in builds if build}) == 1


def test_a_model_whose_last_expert_went_stands_without_a_main() -> None:
    drama = make_version()
    make_revision(drama)
    withdrawal = withdraw_version(drama.id, by=ADA, reason=REASON)
    [model] = models_to_recompose(withdrawal)

    assert recompose_model(model.id, by=PROPAGATOR) is None

    model.refresh_from_db()
    assert model.main is None
    assert settled(withdrawal)


def test_a_consumer_who_wants_none_in_its_place_gets_none() -> None:
    drama = make_version()
    make_revision(drama, code(), on_withdrawal="close")

    withdrawal = withdraw_version(drama.id, by=ADA, reason=REASON)

    assert not models_to_recompose(withdrawal).exists()
    assert len(affected_by(withdrawal)) == 1


def test_a_build_on_its_way_is_cancelled_and_asked_for_again() -> None:
    drama = make_version()
    running = assemble(request(drama, code()))

    withdrawal = withdraw_version(drama.id, by=ADA, reason=REASON)

    running.refresh_from_db()
    assert running.state == CompositionState.CANCELLED
    assert [model.name for model in models_to_recompose(withdrawal)] == ["reader"]


def test_a_main_without_it_stays_where_it_is() -> None:
    drama, other = make_version(), code()
    make_revision(drama, other)
    main = make_revision(other)

    withdrawal = withdraw_version(drama.id, by=ADA, reason=REASON)

    assert Model.objects.get().main == main
    assert [affected.state for affected in affected_by(withdrawal)] == ["withdrawn"]
    assert not models_to_recompose(withdrawal).exists()


def test_it_is_said_once_that_all_is_done() -> None:
    withdrawal = withdraw_version(make_version().id, by=ADA, reason=REASON)
    assert list(open_withdrawals()) == [withdrawal]

    first = finish_step(withdrawal.id, Step.RECOMPOSE, facts={}, by=PROPAGATOR)
    second = finish_step(withdrawal.id, Step.RECOMPOSE, facts={}, by=PROPAGATOR)

    assert first.propagated_at == second.propagated_at
    assert entries(event="withdrawal.propagated").count() == 1
    assert open_withdrawals().exists()


def test_it_is_sent_to_the_workers_when_it_is_committed(
    django_capture_on_commit_callbacks: Callable[..., AbstractContextManager[list[Any]]],
) -> None:
    drama = make_version()

    with django_capture_on_commit_callbacks() as later:
        click(drama.id, by=ADA, reason=REASON)

    assert len(later) == 1


@pytest.mark.django_db(transaction=True)
def test_two_owners_who_click_at_once_make_one_withdrawal() -> None:
    drama = make_version()
    make_revision(drama, code())

    def at_once(_: int) -> Withdrawal:
        try:
            return withdraw_version(drama.id, by=ADA, reason=REASON)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(at_once, range(4)))

    assert len({withdrawal.id for withdrawal in made}) == 1
    assert entries(event="version.withdrawn").count() == 1
    assert entries(event="revision.blocked").count() == 1


def test_over_http_the_click_answers_with_what_it_stopped() -> None:
    drama = make_version()
    revision = make_revision(drama, code())
    path = f"/api/v1/versions/{drama.id}"

    before = api(ADA).get(f"{path}/withdrawal-preview").json()
    answer = api(ADA).post(f"{path}/withdraw", {"reason": REASON}, format="json")
    after = api(CY).get(f"{path}/withdrawal")

    assert before["models"] == [
        {"model": "library/reader", "revision": revision.revision, "main": True, "consumer": "Library"}
    ]
    assert (before["downloads"], before["irrevocable"]) == (0, True)
    assert answer.status_code == 200
    assert answer.json()["version"] == "playhouse/drama@1"
    assert answer.json()["steps"][0] | {"at": None} == {
        "name": "deny", "state": "done", "at": None, "facts": {}, "sentence": ""
    }  # fmt: skip
    assert after.json() == answer.json()


@pytest.mark.parametrize("body", [{}, {"reason": "short"}, {"reason": "x" * 501}, {"reason": REASON, "more": 1}])
def test_over_http_a_reason_is_needed(body: dict[str, object]) -> None:
    drama = make_version()

    answer = api(ADA).post(f"/api/v1/versions/{drama.id}/withdraw", body, format="json")

    assert answer.status_code == 400
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    drama.refresh_from_db()
    assert drama.state == VersionState.APPROVED


def test_what_was_not_withdrawn_has_no_withdrawal() -> None:
    drama = make_version()

    assert api(ADA).get(f"/api/v1/versions/{drama.id}/withdrawal").status_code == 404
    assert Composition.objects.count() == 0
