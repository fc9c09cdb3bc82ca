"""Deciding again: what is called into question is denied everywhere at once, until enough approvals are in again."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from registry.accounts.models import Role, SigningKey
from registry.actors import Actor
from registry.audit.models import Payload
from registry.audit.queries import entries
from registry.errors import Invalid, NotAllowed, Stale, WrongState
from registry.evidence.models import LicenceTerms
from registry.experts.models import ExpertVersion, VersionState
from registry.experts.statuses import packed_statuses
from registry.notices.models import Delivery
from registry.policy.queries import COMPOSE, DOWNLOAD, judge
from registry.reviews.actions import (
    reclassify_licence,
    review_version,
    revoke_key_and_review_again,
    suspend_version,
)
from registry.reviews.models import Suspension, SuspensionCause, Verdict
from registry.reviews.queries import as_seen, versions_awaiting_review
from registry.withdrawals.actions import pause_version, resume_version, withdraw_version
from tests.factories import (
    ADA,
    BEN,
    CY,
    EVE,
    IN_ORDER,
    OTTO,
    api,
    give_role,
    make_expert,
    make_key,
    make_organisation,
    make_version,
)

WHY = "Somebody says that the plays are stolen."


def approve(version: ExpertVersion, *, by: Actor = BEN) -> None:
    review_version(version.id, by=by, verdict=Verdict.APPROVE, answers=IN_ORDER, reason="All that it says is so.")


def approved(name: str = "drama", **fields: Any) -> ExpertVersion:
    version = make_version(make_expert(name), state=VersionState.VERIFIED, **fields)
    approve(version)
    version.refresh_from_db()
    return version


def state_of(version: ExpertVersion) -> str:
    version.refresh_from_db()
    return version.state


def refusals(version: ExpertVersion, action: str) -> list[str]:
    version.refresh_from_db()
    found = judge(version, consumer=make_organisation("library"), action=action, purpose="research")
    return [reason.policy for reason in found.reasons]


def test_a_suspended_version_is_denied_at_once_to_build_and_to_download() -> None:
    version = approved()
    assert refusals(version, COMPOSE) == []

    suspend_version(version.id, reason=WHY, by=BEN)

    assert refusals(version, COMPOSE) == ["forbid.not-approved"]
    assert refusals(version, DOWNLOAD) == ["forbid.not-approved"]


def test_the_signed_list_says_that_it_is_denied_for_now() -> None:
    version = approved()

    suspend_version(version.id, reason=WHY, by=BEN)

    version.refresh_from_db()
    place = version.status_index or 0
    assert packed_statuses()[place >> 2] >> ((place & 3) << 1) & 3 == 2


def test_the_same_reviewer_decides_again_in_the_next_round() -> None:
    version = approved()
    first = version.approved_at, version.status_index
    suspend_version(version.id, reason=WHY, by=BEN)

    approve(version)

    version.refresh_from_db()
    assert version.state == VersionState.APPROVED
    assert (version.approved_at, version.status_index) == first


def test_approvals_of_the_round_before_do_not_count(settings: Settings) -> None:
    settings.REQUIRED_APPROVALS = 2
    give_role(CY, "library", Role.COMPLIANCE)
    version = make_version(state=VersionState.VERIFIED)
    approve(version)
    approve(version, by=CY)
    suspend_version(version.id, reason=WHY, by=BEN)

    approve(version)

    assert state_of(version) == VersionState.SUSPENDED


def test_a_rejection_ends_it_for_good() -> None:
    version = approved()
    suspend_version(version.id, reason=WHY, by=BEN)

    review_version(version.id, by=BEN, verdict=Verdict.REJECT, reason="They are stolen indeed.")

    assert state_of(version) == VersionState.REJECTED


def test_its_owner_cannot_resume_it_but_can_withdraw_it() -> None:
    version = approved()
    suspend_version(version.id, reason=WHY, by=BEN)

    with pytest.raises(WrongState):
        resume_version(version.id, by=ADA)
    with pytest.raises(WrongState):
        pause_version(version.id, by=ADA, reason="We want to look at it ourselves.")
    withdraw_version(version.id, by=ADA, reason="The plays were not ours to give.")

    assert state_of(version) == VersionState.WITHDRAWN


def test_the_owners_pause_outlives_the_review() -> None:
    version = approved()
    pause_version(version.id, by=ADA, reason="We want to look at it ourselves.")
    suspend_version(version.id, reason=WHY, by=BEN)

    approve(version)

    assert state_of(version) == VersionState.PAUSED


@pytest.mark.parametrize("who", [ADA, CY, EVE, OTTO])
def test_only_compliance_demands_it(who: Actor) -> None:
    version = approved()

    with pytest.raises(NotAllowed):
        suspend_version(version.id, reason=WHY, by=who)

    assert state_of(version) == VersionState.APPROVED


def test_the_words_can_be_erased_and_the_owner_is_told_without_them() -> None:
    version = approved()

    suspend_version(version.id, reason=WHY, by=BEN)

    entry = entries(event="version.suspended").get()
    assert WHY.encode() not in bytes(entry.leaf)
    assert Payload.objects.get(entry=entry, name="reason").value == WHY
    told = Delivery.objects.filter(kind="version.suspended").first()
    assert told is None or WHY not in str(told.body)


def test_a_revoked_key_suspends_what_was_approved_under_it_and_nothing_else() -> None:
    key = make_key()
    ours = approved("drama", signed_with=key)
    other = approved("verse", signed_with=make_key(name="another"))
    waits = make_version(make_expert("prose"), state=VersionState.VERIFIED, signed_with=key)

    revoke_key_and_review_again(key.id, by=ADA)

    assert state_of(ours) == VersionState.SUSPENDED
    assert Suspension.objects.get().cause == SuspensionCause.KEY_REVOKED
    assert state_of(other) == VersionState.APPROVED
    assert state_of(waits) == VersionState.VERIFIED


def test_a_decision_on_what_was_read_before_the_key_was_revoked_is_stale() -> None:
    key = make_key()
    version = make_version(state=VersionState.VERIFIED, signed_with=key)
    seen = as_seen(version)
    revoke_key_and_review_again(key.id, by=ADA)

    with pytest.raises(Stale):
        review_version(
            version.id, by=BEN, verdict=Verdict.APPROVE, answers=IN_ORDER, reason="All that it says is so.", seen=seen
        )


def test_a_key_revoked_twice_suspends_once() -> None:
    key = make_key()
    version = approved(signed_with=key)
    revoke_key_and_review_again(key.id, by=ADA)
    approve(version)

    revoke_key_and_review_again(key.id, by=ADA)

    assert state_of(version) == VersionState.APPROVED


def test_a_stranger_revokes_nothing() -> None:
    key = make_key()
    version = approved(signed_with=key)

    with pytest.raises(NotAllowed):
        revoke_key_and_review_again(key.id, by=EVE)

    assert state_of(version) == VersionState.APPROVED
    assert SigningKey.objects.get(id=key.id).revoked_at is None


def test_another_licence_for_what_was_approved_has_it_decided_on_again() -> None:
    version = approved()

    reclassify_licence(version.id, licence="CC-BY-NC-4.0", reason="The data card says non-commercial.", by=BEN)

    assert state_of(version) == VersionState.SUSPENDED
    terms = LicenceTerms.objects.get(version=version)
    assert (terms.declared, terms.concluded) == ("CC-BY-4.0", "CC-BY-NC-4.0")


def test_the_same_licence_changes_nothing() -> None:
    version = approved()
    reclassify_licence(version.id, licence="CC-BY-NC-4.0", reason="The data card says non-commercial.", by=BEN)
    approve(version)

    with pytest.raises(Invalid, match="already"):
        reclassify_licence(version.id, licence="CC-BY-NC-4.0", reason="The data card says non-commercial.", by=BEN)

    assert state_of(version) == VersionState.APPROVED


def test_nobody_reclassifies_their_own_organisations_asset() -> None:
    version = approved()
    give_role(ADA, "playhouse", Role.COMPLIANCE)

    with pytest.raises(NotAllowed):
        reclassify_licence(version.id, licence="MIT", reason="It is ours, and we say so.", by=ADA)


def test_a_second_cause_joins_the_first() -> None:
    version = approved()
    suspend_version(version.id, reason=WHY, by=BEN)

    suspend_version(version.id, reason="And the translation is not theirs either.", by=BEN)

    assert list(Suspension.objects.values_list("round", flat=True)) == [2, 2]


def test_it_stands_in_the_queue_with_its_causes_and_what_is_overdue_comes_first(settings: Settings) -> None:
    settings.REVIEW_HOURS = 24
    suspended = approved()
    suspend_version(suspended.id, reason=WHY, by=BEN)
    late = make_version(
        make_expert("verse"), state=VersionState.VERIFIED, submitted_at=timezone.now() - timedelta(hours=25)
    )

    queue = api(BEN).get("/api/v1/reviews/queue").json()["results"]
    shown = api(BEN).get(f"/api/v1/versions/{suspended.id}").json()["waiting"]

    assert [row.id for row in versions_awaiting_review()] == [late.id, suspended.id]
    assert [(item["expert"], item["overdue"]) for item in queue] == [
        ("playhouse/verse", True),
        ("playhouse/drama", False),
    ]
    assert shown["round"] == 2
    assert [one["reason"] for one in shown["suspensions"]] == [WHY]


def test_what_compliance_says_is_not_for_strangers() -> None:
    version = approved()
    suspend_version(version.id, reason=WHY, by=BEN)

    shown = api(CY).get(f"/api/v1/versions/{version.id}")

    assert shown.json()["waiting"] is None
    assert WHY not in shown.content.decode()
