"""Stepping up: a password is asked before bytes are destroyed, guessing it is slowed down, and denial never waits."""

import pytest
from django.core.cache import cache
from rest_framework.test import APIClient

from registry.experts.models import VersionState
from registry.withdrawals.models import Withdrawal
from tests.factories import ADA, PASSWORD, make_expert, make_token, make_version, row_of

pytestmark = pytest.mark.django_db
REASON = "The plays were not ours to give."


@pytest.fixture
def stolen() -> APIClient:
    """A client with Ada's token, and without her password."""
    cache.clear()
    ada = row_of(ADA)
    ada.set_password(PASSWORD)
    ada.save()
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {make_token(ADA)}")
    return client


def test_a_token_does_not_find_the_password_out_by_confirming(stolen: APIClient) -> None:
    version = make_version()
    withdrawal = stolen.post(f"/api/v1/versions/{version.id}/withdraw", {"reason": REASON}).json()["id"]
    address = f"/api/v1/withdrawals/{withdrawal}/confirm-destruction"

    answers = [stolen.post(address, {"password": "guess"}).status_code for _ in range(21)]
    right = stolen.post(address, {"password": PASSWORD})

    assert answers == [403] * 20 + [429]
    assert right.status_code == 429
    assert Withdrawal.objects.get().destruction_confirmed_at is None


@pytest.mark.parametrize("address", ["versions/{version.id}", "experts/{version.expert}", "organisations/playhouse"])
def test_denial_goes_through_when_guesses_are_counted_out(stolen: APIClient, address: str) -> None:
    version, other = make_version(make_expert("drama")), make_version(make_expert("poetry"))
    for _ in range(20):
        stolen.post(f"/api/v1/versions/{other.id}/withdraw", {"reason": REASON, "password": "guess"})

    answer = stolen.post(
        f"/api/v1/{address.format(version=version)}/withdraw", {"reason": REASON, "password": PASSWORD}
    )

    version.refresh_from_db()
    assert answer.status_code == 200
    assert version.state == VersionState.WITHDRAWN
    assert not Withdrawal.objects.exclude(destruction_confirmed_at=None).exists()


def test_a_right_password_within_the_count_confirms(stolen: APIClient) -> None:
    version = make_version()

    stolen.post(f"/api/v1/versions/{version.id}/withdraw", {"reason": REASON, "password": PASSWORD})

    assert Withdrawal.objects.get().destruction_confirmed_at is not None
