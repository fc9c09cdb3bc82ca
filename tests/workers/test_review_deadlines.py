"""Decisions that are due soon or overdue: reviewers are reminded, the owner hears that it is late, once a round."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from registry.accounts.models import Role
from registry.actors import SWEEPER
from registry.audit import clock
from registry.audit.events import Event
from registry.experts.models import VersionState
from registry.notices.models import Delivery
from registry.reviews import deadlines
from registry.reviews.actions import review_version, suspend_version
from registry.reviews.claims import claim_version
from registry.reviews.deadlines import remind_of, unsaid_deadlines
from registry.reviews.models import ReviewNotice, Verdict
from registry.reviews.queries import live_claims
from tests.factories import BEN, CY, IN_ORDER, give_role, log, make_version, row_of
from workers.sweeps import mind_the_reviews

START = timezone.now()
Travel = Callable[[float], None]


@pytest.fixture
def travel(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Travel:
    """So many hours pass, from the moment the tests began; a decision is due after 120 of them."""
    settings.REVIEW_HOURS, settings.REVIEW_REMIND_HOURS = 120, 24

    def go(hours: float) -> None:
        monkeypatch.setattr(timezone, "now", lambda: START + timedelta(hours=hours))
        clock.forget()

    go(0)
    return go


def sent() -> list[tuple[str, str]]:
    return sorted(Delivery.objects.values_list("kind", "organisation__slug"))


def test_reviewers_are_reminded_before_and_after_and_the_owner_told_that_it_is_late(travel: Travel) -> None:
    make_version(state=VersionState.VERIFIED, submitted_at=START)
    said = {}

    for hours in (95, 97, 98, 119, 121, 122, 500):
        travel(hours)
        mind_the_reviews()
        mind_the_reviews()
        said[hours] = sent()

    soon = [("review.due", "review-office")]
    late = [*soon, ("review.late", "playhouse"), ("review.overdue", "review-office")]
    assert said == {95: [], 97: soon, 98: soon, 119: soon, 121: late, 122: late, 500: late}
    assert log().filter(event=Event.REVIEW_REMINDED).count() == 2


def test_what_was_found_late_is_not_said_to_be_due_soon(travel: Travel) -> None:
    make_version(state=VersionState.VERIFIED, submitted_at=START)
    travel(130)

    mind_the_reviews()

    assert sent() == [("review.late", "playhouse"), ("review.overdue", "review-office")]


def test_each_round_is_minded_by_itself(travel: Travel) -> None:
    version = make_version(state=VersionState.VERIFIED, submitted_at=START)
    travel(121)
    mind_the_reviews()
    review_version(version.id, by=BEN, verdict=Verdict.APPROVE, answers=IN_ORDER, reason="All that it says is so.")
    travel(400)
    suspend_version(version.id, reason="Somebody says that the plays are stolen.", by=BEN)
    travel(521)

    mind_the_reviews()

    assert list(ReviewNotice.objects.order_by("id").values_list("round", "what")) == [(1, "overdue"), (2, "overdue")]


def test_what_waits_for_nobody_is_left_alone(travel: Travel) -> None:
    make_version(submitted_at=START)
    make_version(state=VersionState.DRAFT)
    travel(1000)

    mind_the_reviews()

    assert sent() == []
    assert unsaid_deadlines() == []


def test_only_those_who_may_decide_are_reminded(travel: Travel) -> None:
    version = make_version(state=VersionState.VERIFIED, submitted_at=START)
    give_role(CY, "library", Role.COMPLIANCE)
    give_role(row_of(CY), "playhouse", Role.CONSUMER)  # one of the owner's people
    travel(97)

    remind_of(version.id, by=SWEEPER)

    assert sent() == [("review.due", "review-office")]
    assert Delivery.objects.get().person_id == BEN.person_id


def test_little_time_is_halved(travel: Travel, settings: Settings) -> None:
    settings.REVIEW_HOURS = 4
    make_version(state=VersionState.VERIFIED, submitted_at=START)
    travel(1.9)
    mind_the_reviews()
    before = sent()
    travel(2.1)

    mind_the_reviews()

    assert (before, sent()) == ([], [("review.due", "review-office")])


def test_killed_between_the_messages_and_the_record_it_is_said_once(
    travel: Travel, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = make_version(state=VersionState.VERIFIED, submitted_at=START)
    travel(121)

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(deadlines, "record", killed)
        with pytest.raises(KeyboardInterrupt):
            remind_of(version.id, by=SWEEPER)
    left = (sent(), ReviewNotice.objects.count())
    mind_the_reviews()
    mind_the_reviews()

    assert left == ([], 0)
    assert (len(sent()), ReviewNotice.objects.count()) == (2, 1)


def test_a_claim_of_somebody_who_does_nothing_ends_and_is_named_meanwhile(travel: Travel, settings: Settings) -> None:
    settings.CLAIM_MINUTES = 60
    version = make_version(state=VersionState.VERIFIED, submitted_at=START)
    travel(120.5)
    claim_version(version.id, by=BEN)
    mind_the_reviews()
    held = live_claims([version.id])
    travel(121.6)

    free = live_claims([version.id])

    assert (len(held), len(free)) == (1, 0)
    assert "Ben has claimed it until" in Delivery.objects.get(kind="review.overdue").body["text"]
