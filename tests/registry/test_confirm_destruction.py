"""Confirming destruction: an owner says with their password that it is they; denial never waits for it."""

import pytest

from registry.actors import PROPAGATOR, Actor
from registry.audit.queries import entries
from registry.errors import NotAllowed
from registry.experts.models import VersionState
from registry.withdrawals.actions import confirm_destruction, expire_version, withdraw_version
from registry.withdrawals.models import Cause, Withdrawal
from registry.withdrawals.queries import why_not_destroyed
from tests.factories import ADA, BEN, CY, EVE, OLGA, OTTO, PASSWORD, api, make_version, row_of

REASON = "The licence was not ours to give."


@pytest.fixture(autouse=True)
def passwords() -> None:
    for somebody in (ADA, BEN, CY, OLGA, OTTO, EVE):
        row = row_of(somebody)
        row.set_password(PASSWORD)
        row.save()


def withdrawn(**more: str) -> Withdrawal:
    return withdraw_version(make_version().id, by=ADA, reason=REASON, **more)


def test_with_the_password_it_is_confirmed_once() -> None:
    withdrawal = withdrawn()

    first = confirm_destruction(withdrawal.id, password=PASSWORD, by=ADA).destruction_confirmed_at
    second = confirm_destruction(withdrawal.id, password=PASSWORD, by=ADA).destruction_confirmed_at

    assert first == second is not None
    assert entries(event="destruction.confirmed").count() == 1


def test_with_a_wrong_one_it_is_not() -> None:
    withdrawal = withdrawn()

    with pytest.raises(NotAllowed, match="The password is not yours; nothing is destroyed"):
        confirm_destruction(withdrawal.id, password="a guess", by=ADA)

    withdrawal.refresh_from_db()
    assert withdrawal.destruction_confirmed_at is None
    assert "confirm the destruction" in why_not_destroyed(withdrawal)


@pytest.mark.parametrize("who", [BEN, CY, OLGA, OTTO, EVE])
def test_nobody_else_confirms_it_with_a_password_of_their_own(who: Actor) -> None:
    withdrawal = withdrawn()

    with pytest.raises(NotAllowed, match="owner in playhouse"):
        confirm_destruction(withdrawal.id, password=PASSWORD, by=who)

    withdrawal.refresh_from_db()
    assert withdrawal.destruction_confirmed_at is None


@pytest.mark.parametrize(("password", "confirmed"), [(PASSWORD, True), ("a guess", False), ("", False)])
def test_with_the_click_it_denies_whatever_the_password_is(password: str, confirmed: bool) -> None:
    withdrawal = withdrawn(password=password)

    withdrawal.version.refresh_from_db()
    assert withdrawal.version.state == VersionState.WITHDRAWN
    assert (withdrawal.destruction_confirmed_at is not None) == confirmed


def test_what_ended_by_its_own_term_needs_nobody() -> None:
    withdrawal = expire_version(make_version().id, cause=Cause.CONSENT_EXPIRED, by=PROPAGATOR)

    withdrawal.refresh_from_db()
    assert withdrawal.destruction_confirmed_at is not None


def test_over_http_a_wrong_password_is_forbidden_and_a_right_one_shown() -> None:
    path = f"/api/v1/withdrawals/{withdrawn().id}/confirm-destruction"

    wrong = api(ADA).post(path, {"password": "a guess"}, format="json")
    none = api(ADA).post(path, {}, format="json")
    stranger = api(EVE).post(path, {"password": PASSWORD}, format="json")
    right = api(ADA).post(path, {"password": PASSWORD}, format="json")

    assert (wrong.status_code, none.status_code) == (403, 400)
    assert stranger.status_code in {403, 404}
    assert right.status_code == 200
    assert right.json()["destruction_confirmed_at"] is not None
