"""Expiring a version: the service's deed alone, by the road of a withdrawal; and a licence declared with its end."""

from datetime import timedelta

import pytest
from django.utils import timezone

from registry.actors import SWEEPER
from registry.errors import Invalid, NotAllowed
from registry.evidence.rules import check_licence_end
from registry.withdrawals.actions import expire_version, withdraw_version
from registry.withdrawals.models import Cause, Withdrawal
from tests.factories import ADA, make_version


def test_nobody_expires_a_version_by_hand() -> None:
    version = make_version()

    with pytest.raises(NotAllowed):
        expire_version(version.id, cause=Cause.LICENCE_EXPIRED, by=ADA)

    assert not Withdrawal.objects.exists()


def test_again_finds_the_same_withdrawal() -> None:
    version = make_version()

    first = expire_version(version.id, cause=Cause.LICENCE_EXPIRED, by=SWEEPER)
    again = expire_version(version.id, cause=Cause.CONSENT_EXPIRED, by=SWEEPER)

    assert again == first
    assert again.cause == Cause.LICENCE_EXPIRED
    assert again.destruction_confirmed_at is not None


def test_an_owner_s_withdrawal_that_came_first_stays_theirs_to_confirm() -> None:
    version = make_version()
    withdraw_version(version.id, by=ADA, reason="It was not ours to give.")

    withdrawal = expire_version(version.id, cause=Cause.CONSENT_EXPIRED, by=SWEEPER)

    assert withdrawal.cause == Cause.OWNER
    assert withdrawal.destruction_confirmed_at is None


def test_a_licence_that_is_over_is_refused_when_it_is_declared() -> None:
    now = timezone.now()

    with pytest.raises(Invalid, match="The licence ended"):
        check_licence_end(now, now=now)

    check_licence_end(now + timedelta(seconds=1), now=now)
