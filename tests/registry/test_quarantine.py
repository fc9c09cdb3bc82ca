"""Quarantine: a version, or all of an organisation's, denied to everybody until compliance lifts it."""

import pytest

from registry.accounts.models import Role
from registry.audit.models import Payload
from registry.compositions.selectors import models_to_follow
from registry.errors import Invalid, NotAllowed, WrongState
from registry.policy.actions import lift_quarantine, place_quarantine
from registry.policy.queries import COMPOSE, DOWNLOAD, judge
from registry.replay.queries import audit_differences
from tests.factories import (
    ADA,
    BEN,
    CY,
    OTTO,
    api,
    give_role,
    make_expert,
    make_organisation,
    make_revision,
    make_version,
)

REASON = "Somebody found names in its answers."


def rules_against(version: object, action: str = COMPOSE) -> list[str]:
    verdict = judge(version, consumer=make_organisation("library"), action=action, purpose="research")  # type: ignore[arg-type]
    return [reason.policy for reason in verdict.reasons]


def test_a_version_under_quarantine_is_denied_and_others_are_not() -> None:
    version, other = make_version(), make_version(make_expert("comedy"))

    place_quarantine(version_id=version.id, reason=REASON, by=BEN)

    assert rules_against(version) == rules_against(version, DOWNLOAD) == ["forbid.quarantined"]
    assert rules_against(other) == []


def test_all_of_an_organisation_is_denied_what_comes_later_too() -> None:
    version = make_version()
    place_quarantine(organisation="playhouse", reason=REASON, by=OTTO)

    later = make_version(make_expert("comedy"))

    assert rules_against(version) == rules_against(later) == ["forbid.quarantined"]
    assert rules_against(make_version(make_expert("paintings", organisation="museum"))) == []


def test_what_is_lifted_is_allowed_again_and_the_log_tells_the_same() -> None:
    version = make_version()
    placed = place_quarantine(version_id=version.id, reason=REASON, by=BEN)

    lift_quarantine(placed.id, reason="The names were of characters.", by=OTTO)

    assert rules_against(version) == []
    assert sorted(Payload.objects.values_list("value", flat=True)) == [REASON, "The names were of characters."]
    assert [line for line in audit_differences() if "quarantine" in line] == []


def test_a_served_model_is_neither_read_nor_described_any_more() -> None:
    revision = make_revision()
    cy = api(CY)
    address = f"/api/models/{revision.model}/revision/main"
    before = cy.get(address).status_code

    place_quarantine(organisation="playhouse", reason=REASON, by=BEN)

    assert before == 200
    assert cy.get(address).status_code in {403, 404}


def test_a_selector_follows_what_is_placed_and_lifted() -> None:
    version = make_version()
    make_version(make_expert("comedy"))
    body = {"anchor": "small", "selector": {}, "purpose": "research"}
    assert api(CY).put("/api/v1/models/library/reader", body).status_code == 202
    assert models_to_follow() == []

    place_quarantine(version_id=version.id, reason=REASON, by=BEN)

    assert len(models_to_follow()) == 1


def test_what_is_under_quarantine_is_not_put_there_again() -> None:
    version = make_version()
    placed = place_quarantine(version_id=version.id, reason=REASON, by=BEN)

    with pytest.raises(WrongState, match="under quarantine already"):
        place_quarantine(version_id=version.id, reason=REASON, by=OTTO)
    lift_quarantine(placed.id, reason=REASON, by=BEN)
    with pytest.raises(WrongState, match="was lifted already"):
        lift_quarantine(placed.id, reason=REASON, by=BEN)


def test_one_thing_is_named() -> None:
    with pytest.raises(Invalid, match="one of the two"):
        place_quarantine(reason=REASON, by=BEN)
    with pytest.raises(Invalid, match="one of the two"):
        place_quarantine(version_id=make_version().id, organisation="playhouse", reason=REASON, by=BEN)


def test_nobody_lifts_what_lies_on_their_own_house() -> None:
    placed = place_quarantine(organisation="playhouse", reason=REASON, by=BEN)
    give_role(OTTO, "playhouse", Role.CONSUMER)

    with pytest.raises(NotAllowed, match="your own organisation"):
        lift_quarantine(placed.id, reason=REASON, by=OTTO)


@pytest.mark.parametrize("caller", [ADA, CY])
def test_only_compliance_and_operators_place_it(caller: object) -> None:
    with pytest.raises(NotAllowed, match="compliance, operator"):
        place_quarantine(organisation="playhouse", reason=REASON, by=caller)  # type: ignore[arg-type]
