"""Terms that end: denied at once, withdrawn by the next sweep, and said ahead, each once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from registry.actors import SWEEPER
from registry.audit import clock
from registry.audit.events import Event
from registry.experts.models import VersionState
from registry.notices.models import Delivery
from registry.policy.queries import COMPOSE, judge
from registry.withdrawals import expiry
from registry.withdrawals.expiry import endings, notify_expiry
from registry.withdrawals.models import Cause, ExpiryNotice, Withdrawal
from tests.factories import log, make_organisation, make_revision, make_version
from workers.sweeps import mind_the_ends

START = timezone.now()
Travel = Callable[[timedelta], None]


def after(**some: float) -> datetime:
    return START + timedelta(**some)


@pytest.fixture
def travel(monkeypatch: pytest.MonkeyPatch) -> Travel:
    """Time passes, from the moment the tests began."""

    def go(ahead: timedelta) -> None:
        monkeypatch.setattr(timezone, "now", lambda: START + ahead)
        clock.forget()

    return go


def marks() -> list[tuple[str, int]]:
    return list(ExpiryNotice.objects.order_by("id").values_list("what", "days"))


def told() -> int:
    return log().filter(event=Event.EXPIRY_NOTIFIED).count()


@pytest.mark.parametrize("state", [VersionState.APPROVED, VersionState.PAUSED])
@pytest.mark.parametrize(
    ("term", "cause"), [("valid_until", Cause.CONSENT_EXPIRED), ("licence_until", Cause.LICENCE_EXPIRED)]
)
def test_what_ended_is_withdrawn_once_and_needs_no_confirmation(
    travel: Travel, state: str, term: str, cause: Cause
) -> None:
    terms: dict[str, Any] = {term: after(days=1)}
    version = make_version(state=state, **terms)
    travel(timedelta(days=1))

    mind_the_ends()
    mind_the_ends()

    version.refresh_from_db()
    withdrawal = Withdrawal.objects.get(version=version)
    assert version.state == VersionState.WITHDRAWN
    assert (withdrawal.cause, withdrawal.requested_by) == (cause, str(SWEEPER))
    assert withdrawal.destruction_confirmed_at is not None
    assert log().filter(event=Event.VERSION_WITHDRAWN).count() == 1


def test_of_two_terms_the_earlier_end_is_the_cause(travel: Travel) -> None:
    version = make_version(valid_until=after(days=3), licence_until=after(days=2))
    travel(timedelta(days=4))

    mind_the_ends()

    assert Withdrawal.objects.get(version=version).cause == Cause.LICENCE_EXPIRED


def test_the_policies_deny_before_any_sweep(travel: Travel) -> None:
    version, library = make_version(licence_until=after(days=1)), make_organisation("library")
    before = judge(version, consumer=library, action=COMPOSE, purpose="research")
    travel(timedelta(days=1))

    verdict = judge(version, consumer=library, action=COMPOSE, purpose="research")

    assert before.allowed
    assert [reason.policy for reason in verdict.reasons] == ["forbid.licence-expired"]
    assert version.state == VersionState.APPROVED


def test_what_is_not_in_use_or_not_over_is_left_alone(travel: Travel) -> None:
    make_version(state=VersionState.VERIFIED, valid_until=after(days=1))
    make_version(valid_until=after(days=60))
    make_version()
    travel(timedelta(days=2))

    mind_the_ends()

    assert not Withdrawal.objects.exists()
    assert marks() == []


def test_owner_and_holders_are_told_30_7_and_1_days_ahead(travel: Travel) -> None:
    version = make_version(valid_until=after(days=40))
    make_revision(version)

    for day in (9, 10, 11, 33, 34, 39, 39.5):
        travel(timedelta(days=day))
        mind_the_ends()

    assert marks() == [("consent", 30), ("consent", 7), ("consent", 1)]
    assert told() == 3
    homes = set(Delivery.objects.filter(kind="version.expiring").values_list("organisation__slug", flat=True))
    assert homes == {"playhouse", "library"}


def test_of_marks_that_passed_unseen_only_the_nearest_is_said(travel: Travel) -> None:
    make_version(licence_until=after(days=40))
    travel(timedelta(days=38))

    mind_the_ends()

    assert marks() == [("licence", 7)]


def test_killed_between_the_messages_and_the_event_it_is_said_once(
    travel: Travel, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_version(valid_until=after(days=5))
    travel(timedelta(0))
    [ending] = endings(clock.now())

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(expiry, "record", killed)
        with pytest.raises(KeyboardInterrupt):
            notify_expiry(ending, by=SWEEPER)
    left = (marks(), Delivery.objects.count(), told())
    mind_the_ends()
    mind_the_ends()

    assert left == ([], 0, 0)
    assert (marks(), Delivery.objects.count(), told()) == ([("consent", 7)], 1, 1)


@pytest.mark.django_db(transaction=True)
def test_sweeps_at_once_do_no_harm() -> None:
    gone = make_version(valid_until=timezone.now() - timedelta(minutes=1))
    make_version(valid_until=timezone.now() + timedelta(days=5))

    def one(_: int) -> None:
        try:
            mind_the_ends()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as crowd:
        list(crowd.map(one, range(4)))

    assert Withdrawal.objects.get().version_id == gone.id
    assert log().filter(event=Event.VERSION_WITHDRAWN).count() == 1
    assert (marks(), told()) == ([("consent", 7)], 1)
