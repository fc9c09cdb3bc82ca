"""Pausing: denied wherever it is asked for, until its owner resumes it; nothing is blocked, nothing is destroyed."""

import pytest
from django.test import Client

from registry.actors import Actor
from registry.audit.queries import entries
from registry.compositions.models import Composition, CompositionState
from registry.errors import NotAllowed, WrongState
from registry.experts.models import ExpertVersion, VersionState
from registry.policy.queries import COMPOSE, DOWNLOAD, judge
from registry.withdrawals.actions import pause_version, resume_version, withdraw_version
from registry.withdrawals.models import Withdrawal
from tests.factories import ADA, BEN, CY, EVE, OLGA, OTTO, api, make_token, make_version
from tests.repositories import make_model, publish

REASON = "We look into a complaint."
ADDRESSES = [
    "/api/models/library/stage/revision/main",
    "/api/models/library/stage/tree/main?recursive=true",
    "/library/stage/resolve/main/config.json",
]


def served(version: ExpertVersion) -> Composition:
    model = make_model()
    model.experts.add(version.expert)
    return publish(model, versions=[version])


def test_it_denies_blocks_nothing_and_is_undone() -> None:
    drama = make_version()
    build = served(drama)
    model = build.model

    paused = pause_version(drama.id, by=ADA, reason=REASON)
    denied = [
        judge(paused, consumer=model.organisation, action=action, purpose=model.purpose).allowed
        for action in (COMPOSE, DOWNLOAD)
    ]
    resumed = resume_version(drama.id, by=ADA)

    build.refresh_from_db()
    assert denied == [False, False]
    assert judge(resumed, consumer=model.organisation, action=COMPOSE, purpose=model.purpose).allowed
    assert (build.state, build.blocked_at) == (CompositionState.PUBLISHED, None)
    assert build.model.main_id == build.id
    assert [entry.event for entry in entries(actor=str(ADA))] == ["version.paused", "version.resumed"]
    assert not Withdrawal.objects.exists()


@pytest.mark.parametrize("method", ["get", "head"])
@pytest.mark.parametrize("address", ADDRESSES)
def test_the_hub_says_that_it_is_paused_and_serves_it_again_afterwards(address: str, method: str) -> None:
    drama = make_version()
    served(drama)
    cy = Client(headers={"authorization": f"Bearer {make_token(CY)}"})

    pause_version(drama.id, by=ADA, reason=REASON)
    paused = getattr(cy, method)(address)
    resume_version(drama.id, by=ADA)
    resumed = getattr(cy, method)(address)

    assert (paused.status_code, paused["X-Error-Code"]) == (404, "RevisionNotFound")
    assert "playhouse/drama@1 is paused" in paused["X-Error-Message"]
    assert resumed.status_code == 200


def test_the_hub_denies_what_was_withdrawn_before_anything_is_blocked() -> None:
    drama = make_version()
    build = served(drama)
    cy = Client(headers={"authorization": f"Bearer {make_token(CY)}"})

    withdraw_version(drama.id, by=ADA, reason=REASON)
    answers = [cy.get(address) for address in [*ADDRESSES, f"/library/stage/resolve/{build.revision}/config.json"]]

    build.refresh_from_db()
    assert build.state == CompositionState.PUBLISHED
    assert {(answer.status_code, answer["X-Error-Code"]) for answer in answers} == {(404, "RevisionNotFound")}
    assert all("playhouse/drama@1 is withdrawn" in answer["X-Error-Message"] for answer in answers)


def test_pausing_and_resuming_twice_is_said_once() -> None:
    drama = make_version()

    for _ in range(2):
        pause_version(drama.id, by=ADA, reason=REASON)
    for _ in range(2):
        resume_version(drama.id, by=ADA)

    assert entries(event="version.paused").count() == entries(event="version.resumed").count() == 1


@pytest.mark.parametrize("who", [BEN, CY, OLGA, OTTO, EVE])
def test_only_its_owner_pauses_and_resumes(who: Actor) -> None:
    drama, paused = make_version(), make_version(state=VersionState.PAUSED, number=2)

    with pytest.raises(NotAllowed, match="owner in playhouse"):
        pause_version(drama.id, by=who, reason=REASON)
    with pytest.raises(NotAllowed, match="owner in playhouse"):
        resume_version(paused.id, by=who)

    drama.refresh_from_db()
    paused.refresh_from_db()
    assert (drama.state, paused.state) == (VersionState.APPROVED, VersionState.PAUSED)


def test_what_is_paused_may_be_withdrawn_and_is_never_resumed_then() -> None:
    drama = make_version()
    pause_version(drama.id, by=ADA, reason=REASON)

    withdraw_version(drama.id, by=ADA, reason=REASON)

    with pytest.raises(WrongState, match="only a paused version is resumed"):
        resume_version(drama.id, by=ADA)


@pytest.mark.parametrize("state", [VersionState.DRAFT, VersionState.VERIFIED, VersionState.WITHDRAWN])
def test_only_what_is_approved_is_paused(state: VersionState) -> None:
    version = make_version(state=state)

    with pytest.raises(WrongState):
        pause_version(version.id, by=ADA, reason=REASON)


def test_over_http_it_is_paused_and_resumed() -> None:
    path = f"/api/v1/versions/{make_version().id}"

    paused = api(ADA).post(f"{path}/pause", {"reason": REASON}, format="json")
    unasked = api(ADA).post(f"{path}/pause", {}, format="json")
    stranger = api(EVE).post(f"{path}/pause", {"reason": REASON}, format="json")
    resumed = api(ADA).post(f"{path}/resume")

    assert (paused.status_code, paused.json()["state"]) == (200, "paused")
    assert (unasked.status_code, stranger.status_code) == (400, 403)
    assert (resumed.status_code, resumed.json()["state"]) == (200, "approved")
