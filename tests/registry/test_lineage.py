"""Where an expert went: its owner sees every model that holds or held it, others those that they see anyway."""

from typing import Any

import pytest

from registry.accounts.models import Role
from registry.actors import Actor, person
from registry.compositions import lineage
from registry.withdrawals.actions import withdraw_version
from tests.factories import ADA, BEN, CY, api, make_expert, make_person, make_revision, make_version

REASON = "The licence was not ours to give."


def lineage_by(actor: Actor, expert: Any) -> Any:
    return api(actor).get(f"/api/v1/experts/{expert}/lineage").json()


def holders(told: Any) -> list[tuple[int, str, bool]]:
    return [(one["version"], one["model"], one["holds"]) for one in told["holders"]]


def test_its_owner_sees_versions_data_and_every_model() -> None:
    version = make_version()
    revision = make_revision(version)

    told = lineage_by(ADA, version.expert)

    assert [(one["number"], one["state"]) for one in told["versions"]] == [(1, "approved")]
    assert told["versions"][0]["trained_on"]
    assert holders(told) == [(1, str(revision.model), True)]
    assert (told["holders"][0]["consumer"], told["holders"][0]["builds"], told["left_out"]) == ("library", 1, 0)


def test_a_consumer_sees_the_expert_and_their_own_models_only() -> None:
    version = make_version()
    make_revision(version)
    stranger = make_person(roles=[("museum", Role.CONSUMER)])

    told = lineage_by(person(stranger.id), version.expert)

    assert [one["number"] for one in told["versions"]] == [1]
    assert told["holders"] == []
    assert len(lineage_by(CY, version.expert)["holders"]) == 1


def test_a_model_that_went_on_without_it_held_it(monkeypatch: pytest.MonkeyPatch) -> None:
    code, drama = make_version(make_expert(name="code", domain="code")), make_version()
    make_revision(drama, name="letters")
    make_revision(drama, code, name="reader")
    withdraw_version(code.id, by=ADA, reason=REASON)

    told = lineage_by(ADA, code.expert)
    monkeypatch.setattr(lineage, "MOST", 1)
    cut = lineage_by(ADA, drama.expert)

    assert told["versions"][0]["state"] == "withdrawn"
    assert holders(told) == [(1, "library/reader", False)]
    assert (len(cut["holders"]), cut["left_out"]) == (1, 1)


def test_those_whose_work_is_to_look_see_all() -> None:
    version = make_version()
    make_revision(version)

    assert len(lineage_by(BEN, version.expert)["holders"]) == 1


def test_an_expert_that_nobody_uses_has_no_holder() -> None:
    assert lineage_by(ADA, make_version().expert)["holders"] == []
