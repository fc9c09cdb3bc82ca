"""Holds: compliance and operators keep the bytes of a version; nobody else does, and one hold is one hold."""

import pytest

from registry.actors import Actor
from registry.audit.queries import entries
from registry.errors import NotAllowed, NotFound
from registry.experts.models import VersionState
from registry.withdrawals.actions import lift_hold, place_hold, withdraw_version
from registry.withdrawals.destruction import hold_on
from registry.withdrawals.models import LegalHold
from registry.withdrawals.queries import checklist_of
from tests.factories import ADA, BEN, CY, EVE, OLGA, OTTO, api, make_version

REASON = "A court asked us to keep the bytes."


@pytest.mark.parametrize("who", [BEN, OTTO])
def test_it_is_placed_and_lifted_and_both_are_said_once(who: Actor) -> None:
    drama = make_version()

    first, again = (place_hold(drama.id, reason=REASON, by=who) for _ in range(2))
    lifted = lift_hold(drama.id, by=who)

    assert first == again == lifted
    assert hold_on(drama) is None
    assert [entry.event for entry in entries(actor=str(who))] == ["hold.placed", "hold.lifted"]


@pytest.mark.parametrize("who", [ADA, CY, OLGA, EVE])
def test_nobody_else_places_or_lifts_one(who: Actor) -> None:
    drama = make_version()
    place_hold(drama.id, reason=REASON, by=BEN)

    with pytest.raises(NotAllowed):
        place_hold(drama.id, reason=REASON, by=who)
    with pytest.raises(NotAllowed):
        lift_hold(drama.id, by=who)

    assert LegalHold.objects.get().lifted_at is None


def test_what_is_under_no_hold_has_none_to_lift() -> None:
    drama = make_version()

    with pytest.raises(NotFound, match="under no hold"):
        lift_hold(drama.id, by=BEN)


def test_it_never_stops_the_click_and_the_checklist_names_it() -> None:
    drama = make_version()
    place_hold(drama.id, reason=REASON, by=BEN)

    withdrawal = withdraw_version(drama.id, by=ADA, reason="Not ours to give.")

    drama.refresh_from_db()
    [destroy] = [line for line in checklist_of(withdrawal) if line.name == "destroy"]
    assert drama.state == VersionState.WITHDRAWN
    assert (destroy.state, destroy.sentence) == ("held", "A legal hold keeps the bytes; nothing is served.")


def test_over_http_compliance_places_sees_and_lifts_it() -> None:
    path = f"/api/v1/versions/{make_version().id}/hold"

    placed = api(BEN).post(path, {"reason": REASON}, format="json")
    seen = api(OLGA).get(path).json()
    owners = (api(ADA).get(path).status_code, api(ADA).post(path, {"reason": REASON}, format="json").status_code)
    lifted = api(OTTO).delete(path)

    assert (placed.status_code, lifted.status_code) == (200, 200)
    assert seen["hold"]["reason"] == REASON
    assert owners == (403, 403)
    assert api(OLGA).get(path).json() == {"hold": None}
