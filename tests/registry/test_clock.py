"""A clock that is set back brings nothing back: time goes on from the newest checkpoint."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from registry.accounts.queries import person_by_token
from registry.audit import clock
from registry.audit.models import Entry
from registry.policy.queries import COMPOSE, judge
from tests.factories import ADA, catch_up, make_organisation, make_token, make_version
from tests.registry.test_sequencer import tell


@pytest.fixture
def set_back(monkeypatch: pytest.MonkeyPatch) -> datetime:
    """The log is published now; then the machine's clock says that it is a year ago."""
    tell()
    catch_up()
    true = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: true - timedelta(days=365))
    clock.forget()
    return true


def test_an_ended_consent_stays_ended(set_back: datetime) -> None:
    version = make_version(valid_until=set_back - timedelta(days=1), valid_from=set_back - timedelta(days=700))

    verdict = judge(version, consumer=make_organisation("library"), action=COMPOSE, purpose="research")

    assert "forbid.consent-expired" in [reason.policy for reason in verdict.reasons]


def test_an_expired_token_stays_expired(set_back: datetime) -> None:
    token = make_token(ADA, expires_at=set_back - timedelta(days=1))

    assert person_by_token(token) is None


def test_new_entries_are_not_older_than_what_is_published(set_back: datetime) -> None:
    tell()

    before, after = Entry.objects.order_by("-id").values_list("at", flat=True)[:2][::-1]
    assert after >= before
    assert after > set_back - timedelta(minutes=1)


def test_ahead_of_the_log_the_machine_s_clock_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    tell()
    catch_up()
    later = timezone.now() + timedelta(days=3)
    monkeypatch.setattr(timezone, "now", lambda: later)

    assert clock.now() == later
