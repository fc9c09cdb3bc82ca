"""Withdrawing all of an expert or of an organisation: one click, one transaction, one batch."""

import pytest

from registry.actors import Actor
from registry.audit.queries import entries
from registry.errors import NotAllowed
from registry.experts.models import ExpertVersion, VersionState
from registry.withdrawals.actions import withdraw_expert, withdraw_organisation
from registry.withdrawals.models import Withdrawal
from tests.factories import ADA, BEN, CY, EVE, OLGA, OTTO, api, make_expert, make_version
from tests.repositories import make_model, publish

REASON = "The licence was not ours to give."


def several() -> list[ExpertVersion]:
    """Two versions of drama in use, one that failed; one of verse; and somebody else's."""
    drama, verse = make_expert("drama"), make_expert("verse")
    return [
        make_version(drama),
        make_version(drama, state=VersionState.PAUSED),
        make_version(drama, state=VersionState.FAILED),
        make_version(verse, state=VersionState.VERIFIED),
        make_version(make_expert("code", organisation="codeworks")),
    ]


def states(versions: list[ExpertVersion]) -> list[str]:
    return [ExpertVersion.objects.get(id=version.id).state for version in versions]


def test_all_of_an_expert_goes_in_one_batch() -> None:
    versions = several()

    found = withdraw_expert("playhouse/drama", by=ADA, reason=REASON)

    assert states(versions) == ["withdrawn", "withdrawn", "failed", "verified", "approved"]
    assert {withdrawal.version_id for withdrawal in found} == {versions[0].id, versions[1].id}
    assert len({withdrawal.batch for withdrawal in found}) == 1
    assert entries(event="version.withdrawn").count() == 2


def test_all_of_an_organisation_goes_in_one_batch() -> None:
    versions = several()

    found = withdraw_organisation("playhouse", by=ADA, reason=REASON)

    assert states(versions) == ["withdrawn", "withdrawn", "failed", "withdrawn", "approved"]
    assert len({withdrawal.batch for withdrawal in found}) == 1


def test_a_second_click_takes_only_what_came_since() -> None:
    several()
    withdraw_expert("playhouse/drama", by=ADA, reason=REASON)
    told = entries(event="version.withdrawn").count()

    again = withdraw_expert("playhouse/drama", by=ADA, reason=REASON)
    rest = withdraw_organisation("playhouse", by=ADA, reason=REASON)

    assert again == []
    assert [str(withdrawal.version) for withdrawal in rest] == ["playhouse/verse@1"]
    assert entries(event="version.withdrawn").count() == told + 1


@pytest.mark.parametrize("who", [BEN, CY, OLGA, OTTO, EVE])
def test_only_an_owner_takes_all_back(who: Actor) -> None:
    versions = several()
    before = states(versions)

    with pytest.raises(NotAllowed, match="owner in playhouse"):
        withdraw_expert("playhouse/drama", by=who, reason=REASON)
    with pytest.raises(NotAllowed, match="owner in playhouse"):
        withdraw_organisation("playhouse", by=who, reason=REASON)

    assert states(versions) == before
    assert not Withdrawal.objects.exists()


@pytest.mark.parametrize(
    ("path", "hit"),
    [
        ("/api/v1/experts/playhouse/drama", ["playhouse/drama@1", "playhouse/drama@2"]),
        ("/api/v1/organisations/playhouse", ["playhouse/drama@1", "playhouse/drama@2", "playhouse/verse@1"]),
    ],
)
def test_over_http_it_is_previewed_and_then_done(path: str, hit: list[str]) -> None:
    versions = several()
    build = publish(make_model(), versions=versions[:1])

    before = api(ADA).get(f"{path}/withdrawal-preview")
    stranger = api(CY).get(f"{path}/withdrawal-preview")
    answer = api(ADA).post(f"{path}/withdraw", {"reason": REASON}, format="json")

    assert before.json()["versions"] == hit
    assert [model["revision"] for model in before.json()["models"]] == [build.revision]
    assert stranger.status_code == 403
    assert answer.status_code == 200
    assert sorted(one["version"] for one in answer.json()) == hit
    assert len({one["batch"] for one in answer.json()}) == 1
