"""Requesting a model: what a wish may be, what the policies say of it, and that the same request is the same build."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from registry.accounts.models import Role
from registry.audit.models import Entry
from registry.compositions.actions import request_model
from registry.compositions.models import Composition, CompositionState, Model
from registry.errors import Invalid, NotAllowed, NotFound
from registry.evidence.models import ConsentRecord
from registry.policy.models import Decision
from tests.factories import (
    ADA,
    BEN,
    CY,
    EVE,
    OLGA,
    OTTO,
    give_role,
    make_anchor,
    make_expert,
    make_revision,
    make_version,
    request,
)

S = CompositionState


def told() -> list[str]:
    return list(Entry.objects.exclude(event="policy.activated").order_by("id").values_list("event", flat=True))


def test_a_request_is_decided_and_recorded() -> None:
    drama, code = make_version(), make_version(make_expert("code", organisation="codeworks"))

    composition = request(drama, code)

    assert composition.state == S.DECIDED
    assert str(composition.model) == "library/reader"
    assert [(e["name"], e["registration"]) for e in composition.recipe["experts"]] == [
        ("playhouse/drama", 1),
        ("codeworks/code", 2),
    ]
    assert {decision.version for decision in composition.decisions.all()} == {drama, code}
    assert told() == [
        "model.requested",
        "decision.made",
        "decision.made",
        "composition.requested",
        "composition.decided",
    ]


def test_the_order_of_asking_means_nothing() -> None:
    drama, code = make_version(), make_version(make_expert("code", organisation="codeworks"))

    assert request(drama, code, name="one").recipe_digest == request(code, drama, name="two").recipe_digest


def test_the_same_request_is_the_same_build_and_records_nothing() -> None:
    version = make_version()
    first = request(version)
    before = Entry.objects.count()

    assert request(version) == first
    assert Entry.objects.count() == before
    assert Composition.objects.count() == 1


def test_the_same_request_of_a_published_model_is_the_published_build() -> None:
    version = make_version()
    first = make_revision(version)

    assert request(version) == first


def test_the_newest_approved_version_is_meant() -> None:
    expert = make_expert()
    make_version(expert)
    second = make_version(expert)
    make_version(expert, state="verified")

    composition = request(second)

    assert composition.recipe["experts"][0]["version"] == 2


def test_a_newer_request_takes_the_place_of_one_that_runs() -> None:
    drama, code = make_version(), make_version(make_expert("code", organisation="codeworks"))
    first = request(drama)

    second = request(drama, code)

    first.refresh_from_db()
    assert (first.state, second.state) == (S.CANCELLED, S.DECIDED)
    assert sorted(str(e) for e in second.model.experts.all()) == ["codeworks/code", "playhouse/drama"]


def test_going_back_to_an_older_recipe_brings_its_build_back() -> None:
    drama, code = make_version(), make_version(make_expert("code", organisation="codeworks"))
    first = make_revision(drama)
    second = make_revision(drama, code)

    again = request(drama)

    second.refresh_from_db()
    assert again == first
    assert (again.state, second.state) == (S.PUBLISHED, S.SUPERSEDED)
    assert Model.objects.get().main == first
    assert Entry.objects.filter(event="inclusion.recorded").count() == 3


def test_a_refusal_is_kept_with_its_policies() -> None:
    drama = make_version(purposes=["education"])
    code = make_version(make_expert("code", organisation="codeworks"), licence="CC-BY-ND-4.0")

    composition = request(drama, code)

    assert composition.state == S.REFUSED
    assert [(r["expert"], r["policy"]) for r in composition.refusals] == [
        ("playhouse/drama@1", "forbid.purpose-outside-consent"),
        ("codeworks/code@1", "forbid.licence-no-derivatives"),
    ]
    assert Decision.objects.filter(allowed=False).count() == 2
    assert told()[-1] == "composition.refused"


def test_the_same_refusal_is_kept_once() -> None:
    drama = make_version(purposes=["education"])

    assert request(drama) == request(drama)
    assert Composition.objects.count() == 1


def test_a_refusal_leaves_a_standing_model_as_it_was() -> None:
    drama = make_version(purposes=["research"])
    standing = make_revision(drama)

    refused = request(drama, purpose="education")

    assert refused.state == S.REFUSED
    model = Model.objects.get()
    assert (model.purpose, model.main) == ("research", standing)


def test_a_refusal_does_not_stop_a_build_that_runs() -> None:
    drama = make_version(purposes=["research"])
    running = request(drama)

    assert request(drama, purpose="education").state == S.REFUSED
    running.refresh_from_db()
    assert running.state == S.DECIDED


def test_a_standing_model_is_asked_about_again_when_its_consent_has_ended() -> None:
    drama = make_version()
    make_revision(drama)
    ConsentRecord.objects.update(valid_until=timezone.now() - timedelta(seconds=1))

    again = request(drama)

    assert [r["policy"] for r in again.refusals] == ["forbid.consent-expired"]


def test_an_expert_that_was_withdrawn_is_refused_by_policy() -> None:
    version = make_version(state="withdrawn")

    assert [r["policy"] for r in request(version).refusals] == ["forbid.not-approved"]


def test_an_expert_that_nobody_has_approved_is_not_told_of() -> None:
    with pytest.raises(Invalid, match="no expert called playhouse/drama"):
        request(make_version(state="verified"))


def test_its_own_people_are_told_that_it_is_not_approved() -> None:
    give_role(ADA, "playhouse", Role.CONSUMER)
    version = make_version(state="verified")

    refused = request_model("playhouse", "x", anchor="small", experts=[str(version.expert)], purpose="research", by=ADA)

    assert [r["policy"] for r in refused.refusals] == ["forbid.not-approved"]


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"experts": []}, "at least one expert"),
        ({"experts": ["drama"]}, "write organisation/expert"),
        ({"experts": ["playhouse/drama", "playhouse/drama"]}, "named twice"),
        ({"experts": ["playhouse/nothing"]}, "no expert called playhouse/nothing"),
        ({"experts": ["playhouse/Dra\nma"]}, "write organisation/expert"),
        ({"experts": ["playhouse/elsewhere"]}, "trained beside"),
        ({"experts": ["playhouse/draft"]}, "no expert called playhouse/draft"),
        ({"experts": [f"playhouse/e{n}" for n in range(33)]}, "at most 32"),
        ({"experts": None}, "one of the two"),
        ({"selector": {}}, "one of the two"),
        ({"experts": None, "selector": {"domains": ["Dra ma"]}}, "no name of a domain"),
        ({"experts": None, "selector": {"tags": ["drama"]}}, "has no tags"),
        ({"experts": None, "selector": {"domains": ["law"]}}, "no approved expert in law beside small"),
        ({"experts": None, "selector": {"organisations": ["nobody"]}}, "no approved expert of nobody beside small"),
        ({"experts": None, "selector": {}, "top_k": 3}, "choose it from 1 to 2"),
        ({"experts": None, "selector": {}, "purpose": "education"}, "allow none of the 1 experts"),
        ({"experts": None, "selector": {"domains": [f"d{n}" for n in range(101)]}}, "at most 100 domains"),
        ({"anchor": "none"}, "no verified anchor"),
        ({"anchor": "unready"}, "no verified anchor"),
        ({"purpose": "fun"}, "not a purpose we know"),
        ({"top_k": 0}, "choose it from 1 to 2"),
        ({"top_k": 3}, "choose it from 1 to 2"),
        ({"on_withdrawal": "ignore"}, "choose one of"),
        ({"name": "Big Model"}, "A model's name"),
        ({"name": "../x"}, "A model's name"),
    ],
)
def test_a_wish_that_cannot_be_is_refused_in_a_sentence(fields: dict[str, Any], word: str) -> None:
    version = make_version()
    make_version(make_expert("elsewhere", anchor=make_anchor("other")))
    make_version(make_expert("draft"), state="draft")
    make_anchor("unready", state="draft")

    with pytest.raises(Invalid, match=word):
        request(version, **fields)

    assert not Model.objects.exists()


@pytest.mark.parametrize("somebody", [ADA, BEN, EVE, OLGA, OTTO])
def test_only_a_consumer_of_the_organisation_requests(somebody: Any) -> None:
    give_role(somebody, "elsewhere", Role.CONSUMER)

    with pytest.raises(NotAllowed):
        request(make_version(), by=somebody)


def test_an_organisation_that_is_not_there_is_not_found() -> None:
    with pytest.raises(NotFound):
        request_model("nowhere", "x", anchor="small", experts=["a/b"], purpose="research", by=CY)


@pytest.mark.parametrize(("experts", "asked", "given"), [(1, None, 2), (2, None, 2), (2, 3, 3), (1, 1, 1)])
def test_top_k_is_the_wish_or_two(experts: int, asked: int | None, given: int) -> None:
    versions = [make_version(make_expert(f"e{n}")) for n in range(experts)]

    assert request(*versions, top_k=asked).recipe["top_k"] == given
