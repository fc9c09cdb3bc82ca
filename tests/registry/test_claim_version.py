"""Claiming: while one reviewer is at it nobody else decides, and it ends by itself."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from registry.accounts.models import Role
from registry.audit.queries import entries
from registry.errors import Claimed, NotAllowed, WrongState
from registry.experts.models import ExpertVersion, VersionState
from registry.reviews.actions import review_version
from registry.reviews.claims import claim_version, release_version
from registry.reviews.models import ReviewClaim, Verdict
from tests.factories import ADA, BEN, CY, IN_ORDER, OTTO, api, give_role, make_version


@pytest.fixture(autouse=True)
def a_second_reviewer(db: None) -> None:
    give_role(CY, "library", Role.COMPLIANCE)


def waiting() -> ExpertVersion:
    return make_version(state=VersionState.VERIFIED)


def ends(version: ExpertVersion, **ago: float) -> None:
    ReviewClaim.objects.filter(version=version).update(until=timezone.now() - timedelta(**ago))


def test_somebody_elses_decision_is_refused_by_name_and_time() -> None:
    version = waiting()
    claim = claim_version(version.id, by=BEN)

    with pytest.raises(Claimed, match=rf"Ben has claimed playhouse/drama@1 until {claim.until:%d %B %Y, %H:%M} UTC"):
        review_version(version.id, by=CY, verdict=Verdict.REJECT, reason="The data card names no source.")

    version.refresh_from_db()
    assert version.state == VersionState.VERIFIED


def test_whoever_claimed_it_decides_and_the_claim_is_gone() -> None:
    version = waiting()
    claim_version(version.id, by=BEN)

    review_version(version.id, by=BEN, verdict=Verdict.APPROVE, answers=IN_ORDER, reason="All that it says is so.")

    assert not ReviewClaim.objects.exists()


def test_a_claim_ends_by_itself() -> None:
    version = waiting()
    claim_version(version.id, by=BEN)
    ends(version, seconds=1)

    review_version(version.id, by=CY, verdict=Verdict.REJECT, reason="The data card names no source.")

    version.refresh_from_db()
    assert version.state == VersionState.REJECTED


def test_an_ended_claim_is_taken_over() -> None:
    version = waiting()
    claim_version(version.id, by=BEN)
    ends(version, seconds=1)

    claim_version(version.id, by=CY)

    assert ReviewClaim.objects.get().reviewer_id == CY.person_id


def test_ones_own_claim_is_made_longer() -> None:
    version = waiting()
    first = claim_version(version.id, by=BEN).until

    second = claim_version(version.id, by=BEN).until

    assert second > first
    assert entries(event="review.claimed").count() == 2


def test_a_released_version_is_anybodys() -> None:
    version = waiting()
    claim_version(version.id, by=BEN)

    release_version(version.id, by=BEN)

    claim_version(version.id, by=CY)
    assert entries(event="review.released").get().about == str(version)


def test_nobody_releases_what_another_claimed() -> None:
    version = waiting()
    claim_version(version.id, by=BEN)

    with pytest.raises(WrongState, match="You hold no claim"):
        release_version(version.id, by=CY)


@pytest.mark.parametrize("who", [ADA, OTTO])
def test_only_who_may_decide_may_claim(who: Any) -> None:
    with pytest.raises(NotAllowed):
        claim_version(waiting().id, by=who)


def test_what_does_not_wait_is_not_claimed() -> None:
    with pytest.raises(WrongState, match="does not wait"):
        claim_version(make_version().id, by=BEN)


def test_the_queue_shows_who_is_at_it() -> None:
    version = waiting()
    claim_version(version.id, by=BEN)

    [item] = api(CY).get("/api/v1/reviews/queue").json()["results"]

    assert item["claim"]["reviewer"] == "Ben"
    assert item["claim"]["mine"] is False


@pytest.mark.django_db(transaction=True)
def test_of_two_reviewers_at_once_one_gets_it() -> None:
    version = waiting()
    give_role(BEN, "review-office", Role.COMPLIANCE)

    def claim(who: Any) -> str:
        try:
            claim_version(version.id, by=who)
        except Claimed:
            return "refused"
        finally:
            connection.close()
        return "claimed"

    with ThreadPoolExecutor(2) as crowd:
        answers = sorted(crowd.map(claim, [BEN, CY]))

    assert answers == ["claimed", "refused"]
    assert ReviewClaim.objects.count() == 1
