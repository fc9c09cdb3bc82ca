"""Deciding on a version: somebody else's eyes, a reason in the log, and the expert's place beside the anchor."""

from functools import partial
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from pytest_django import Settings

from registry.accounts.models import Role
from registry.actors import Actor
from registry.audit.queries import entries
from registry.errors import Invalid, NotAllowed, Stale, WrongState
from registry.evidence.models import LicenceTerms
from registry.experts.models import ExpertVersion, VersionState
from registry.reviews.actions import review_version
from registry.reviews.models import Review, Verdict
from registry.reviews.queries import as_seen, versions_awaiting_review
from tests.at_once import at_once
from tests.factories import ADA, BEN, CY, EVE, IN_ORDER, OTTO, give_role, make_expert, make_version, row_of

REASON = "The licence and the consent agree."


def verified(**fields: Any) -> ExpertVersion:
    return make_version(state=VersionState.VERIFIED, **fields)


def approve(version: ExpertVersion, *, by: Actor = BEN, **more: Any) -> ExpertVersion:
    with transaction.atomic():
        return review_version(
            version.id, by=by, verdict=Verdict.APPROVE, reason=REASON, **({"answers": IN_ORDER} | more)
        )


def test_an_approval_gives_the_expert_its_number_and_says_so() -> None:
    version = verified()

    approve(version)

    version.refresh_from_db()
    assert version.state == VersionState.APPROVED
    assert version.expert.registration == 1
    assert list(entries(about=str(version)).values_list("event", "actor")) == [
        ("review.decided", str(BEN)),
        ("version.approved", str(BEN)),
    ]


def test_a_number_is_given_once() -> None:
    first, second = verified(expert=make_expert("drama")), verified(expert=make_expert("verse"))
    approve(first)
    approve(second)

    again = verified(expert=make_expert("drama"))
    approve(again)

    numbers = [ExpertVersion.objects.get(id=v.id).expert.registration for v in (first, second, again)]
    assert numbers == [1, 2, 1]


def test_a_rejection_settles_it() -> None:
    version = verified()

    review_version(version.id, by=BEN, verdict=Verdict.REJECT, reason="The data card names no source.")

    version.refresh_from_db()
    assert version.state == VersionState.REJECTED
    assert entries(event="version.rejected").get().about == str(version)


@pytest.mark.parametrize("who", [ADA, CY, EVE, OTTO])
def test_only_compliance_decides(who: Actor) -> None:
    version = verified()

    with pytest.raises(NotAllowed, match="compliance role"):
        approve(version, by=who)

    assert not Review.objects.exists()


def test_nobody_decides_on_their_own_organisations_asset() -> None:
    give_role(BEN, "playhouse", Role.AUDITOR)

    with pytest.raises(NotAllowed, match="another organisation"):
        approve(verified())


def test_nobody_decides_on_what_they_brought_whatever_else_they_are() -> None:
    for role in Role:
        give_role(BEN, "guildhall", role)
    version = verified(created_by=row_of(BEN))

    with pytest.raises(NotAllowed, match="brought"):
        approve(version)


def test_a_decision_on_what_has_changed_since_is_refused() -> None:
    version = verified()
    seen = as_seen(version)
    version.save()

    with pytest.raises(Stale):
        approve(version, seen=seen)

    assert not Review.objects.exists()


@pytest.mark.parametrize("state", sorted(set(VersionState) - {VersionState.VERIFIED, VersionState.SUSPENDED}))
def test_only_a_verified_version_waits(state: VersionState) -> None:
    version = make_version(state=state)

    with pytest.raises(WrongState):
        approve(version)

    version.refresh_from_db()
    assert version.state == state


def test_as_many_approvals_as_the_setting_asks_for(settings: Settings) -> None:
    settings.REQUIRED_APPROVALS = 2
    give_role(CY, "library", Role.COMPLIANCE)
    version = verified()

    approve(version)
    version.refresh_from_db()
    assert version.state == VersionState.VERIFIED
    with pytest.raises(WrongState, match="already"):
        approve(version)
    approve(version, by=CY)

    version.refresh_from_db()
    assert version.state == VersionState.APPROVED


def test_a_concluded_licence_stands_beside_the_declared_one() -> None:
    version = verified(licence="CC-BY-4.0")

    approve(version, concluded_licence="cc-by-nc-4.0")

    terms = LicenceTerms.objects.get(version=version)
    assert (terms.declared, terms.concluded, terms.concluded_by_id) == ("CC-BY-4.0", "CC-BY-NC-4.0", BEN.person_id)
    assert entries(event="licence.concluded").get().actor == str(BEN)


def test_a_licence_nobody_knows_cannot_be_concluded() -> None:
    version = verified()

    with pytest.raises(Invalid):
        approve(version, concluded_licence="whatever")

    version.refresh_from_db()
    assert version.state == VersionState.VERIFIED
    assert not Review.objects.exists()


def test_the_longest_waiting_comes_first() -> None:
    waiting = [verified(expert=make_expert(name)) for name in ("drama", "verse", "prose")]
    make_version(make_expert("letters"), state=VersionState.APPROVED)

    assert [v.id for v in versions_awaiting_review()] == [v.id for v in waiting]


def test_a_version_that_is_not_there_is_not_found() -> None:
    from registry.errors import NotFound

    with pytest.raises(NotFound):
        review_version(UUID(int=0), by=BEN, verdict=Verdict.APPROVE, reason=REASON)


def test_whoever_submitted_it_does_not_decide_even_after_leaving() -> None:
    version = verified(submitted_by=row_of(BEN))

    with pytest.raises(NotAllowed, match="brought"):
        approve(version)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_decide_at_once_on_what_both_have_read_one_decides_and_the_other_reads_again() -> None:
    give_role(CY, "library", Role.COMPLIANCE)
    version = make_version(state=VersionState.VERIFIED)
    seen = as_seen(version)

    def decide(who: Actor, verdict: Verdict) -> str:
        try:
            review_version(version.id, by=who, verdict=verdict, answers=IN_ORDER, reason="It is as I say.", seen=seen)
        except Stale as stale:
            return stale.detail
        return "decided"

    answers = at_once(partial(decide, BEN, Verdict.APPROVE), partial(decide, CY, Verdict.REJECT))

    assert sorted(answers) == [
        "decided",
        "playhouse/drama@1 changed since you read it; read it again before you decide.",
    ]
    assert Review.objects.count() == 1
