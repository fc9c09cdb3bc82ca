"""Experts whose licences do not go together: the request is refused with rule and experts, as policies refuse."""

from typing import Any

import pytest

from registry.actors import PROPAGATOR
from registry.audit.models import Entry
from registry.compositions.actions import request_composition
from registry.compositions.models import Composition, CompositionState, Model
from registry.compositions.queries import repository_texts
from registry.evidence.models import LicenceTerms
from registry.experts.models import Anchor, ExpertVersion, VersionState
from tests.factories import (
    ADA,
    CY,
    EVE,
    api,
    make_anchor,
    make_draft,
    make_expert,
    make_revision,
    make_version,
    request,
)

CLASH = "conflict.share-alike-restriction"
READER = "/api/v1/models/library/reader"
COMBINE = "/api/v1/licences/combine"
HOUSE = "LicenseRef-guildhall-revocable-1.0"
WISH: dict[str, Any] = {
    "anchor": "small",
    "experts": ["encyclopaedia/articles", "playhouse/drama"],
    "purpose": "research",
}


def articles() -> ExpertVersion:
    return make_version(make_expert("articles", organisation="encyclopaedia"), licence="CC-BY-SA-4.0")


def test_parts_that_cannot_stand_together_are_refused_with_rule_and_experts() -> None:
    versions = [articles(), make_version(licence=HOUSE)]

    composition = request(*versions)

    assert composition.state == CompositionState.REFUSED
    assert {(r["expert"], r["policy"]) for r in composition.refusals} == {
        ("encyclopaedia/articles@1", CLASH),
        ("playhouse/drama@1", CLASH),
    }
    assert Entry.objects.filter(event="composition.refused").count() == 1


def test_the_answer_is_a_problem_as_when_policies_refuse() -> None:
    articles()
    make_version(licence=HOUSE)

    answer = api(CY).put(READER, WISH)

    assert (answer.status_code, answer.json()["code"]) == (403, "denied-by-policy")
    [reason] = answer.json()["policies"]
    assert reason["policy"] == CLASH
    assert (
        "may not be passed on; leave one of them out, or have playhouse/drama@1 offered under terms that go with"
        in (reason["reason"])
    )
    assert "is for the operator's lawyers to decide" in reason["reason"]


@pytest.mark.parametrize(
    "licence",
    [HOUSE, "CC-BY-NC-4.0", "LicenseRef-scancode-bigscience-open-rail-m", "LicenseRef-scancode-llama-3.1-license-2024"],
)
def test_beside_an_anchor_under_share_alike_the_answer_says_what_to_change(licence: str, settings: Any) -> None:
    anchor = make_anchor("shared", licence="CC-BY-SA-4.0")
    version = make_version(make_expert(anchor=anchor), licence=licence)

    strict = request(version, name="strict")
    settings.COMPOSITION_COUNTS_AS = "collection"
    loose = request(version, name="loose")

    [refusal] = strict.refusals
    assert (refusal["expert"], refusal["policy"]) == ("playhouse/drama@1", CLASH)
    assert "leave playhouse/drama@1 out, or compose beside another public model, or have" in refusal["reason"]
    assert loose.state == CompositionState.DECIDED


def test_the_dry_run_says_it_and_the_duties_and_stores_nothing() -> None:
    articles()
    make_version(licence=HOUSE)

    body = api(CY).put(f"{READER}?explain=1", WISH).json()

    assert body["allowed"] is False
    assert all(row["allowed"] for row in body["explain"])
    assert {row["expert"] for row in body["refusals"]} == {"encyclopaedia/articles@1", "playhouse/drama@1"}
    assert [conflict["rule"] for conflict in body["licences"]["conflicts"]] == [CLASH]
    assert "duty.no-redistribution" in {duty["rule"] for duty in body["licences"]["duties"]}
    assert Composition.objects.count() == 0


def test_a_collection_may_hold_both(settings: Any) -> None:
    settings.COMPOSITION_COUNTS_AS = "collection"
    versions = [articles(), make_version(licence=HOUSE)]

    assert request(*versions).state == CompositionState.DECIDED


def test_a_collection_may_hold_what_must_not_be_changed(settings: Any) -> None:
    version = make_version(licence="CC-BY-ND-4.0")

    strict = request(version, name="strict")
    settings.COMPOSITION_COUNTS_AS = "collection"
    loose = request(version, name="loose")

    assert (strict.state, loose.state) == (CompositionState.REFUSED, CompositionState.DECIDED)


def test_what_one_expert_has_against_it_stays_with_the_policies() -> None:
    version = make_version(licence="CC-BY-NC-4.0", purposes=["service"])

    composition = request(version, purpose="service")

    assert [r["policy"] for r in composition.refusals] == ["forbid.licence-non-commercial"]


def test_the_anchors_own_licence_is_asked_too() -> None:
    anchor = make_anchor("closed", licence="CC-BY-NC-4.0")
    version = make_version(make_expert(anchor=anchor), purposes=["service"])

    composition = request(version, purpose="service")

    [refusal] = composition.refusals
    assert (refusal["expert"], refusal["policy"]) == ("the public model closed", "conflict.non-commercial")


def test_a_purpose_that_a_licence_rules_out_is_refused() -> None:
    version = make_version(licence="LicenseRef-scancode-apple-ml-ferret-2023", purposes=["education"])

    composition = request(version, purpose="education")

    assert [r["policy"] for r in composition.refusals] == ["conflict.field-of-use"]


def test_a_standing_build_does_not_answer_once_a_licence_is_read_otherwise() -> None:
    one, other = articles(), make_version()
    make_revision(one, other)
    LicenceTerms.objects.filter(version=other).update(concluded=HOUSE)

    assert request(one, other).state == CompositionState.REFUSED


def test_what_cannot_stand_together_is_not_built_again_by_itself() -> None:
    one, other, third = articles(), make_version(), make_version(make_expert("third"))
    make_revision(one, other, third)
    LicenceTerms.objects.filter(version=other).update(concluded=HOUSE)
    ExpertVersion.objects.filter(id=third.id).update(state=VersionState.WITHDRAWN)

    assert request_composition(Model.objects.get().id, by=PROPAGATOR) is None


def test_a_composition_shows_the_duties_of_its_parts() -> None:
    composition = request(articles(), make_version())

    body = api(CY).get(f"/api/v1/compositions/{composition.id}").json()

    assert body["licences"]["shared_as"] == "CC-BY-SA-4.0"
    assert body["licences"]["outbound"] == "Apache-2.0 AND CC-BY-SA-4.0 AND CC-BY-4.0"
    assert "duty.whole-under" in {duty["rule"] for duty in body["licences"]["duties"]}


def test_notice_and_card_say_what_the_licences_ask_for_besides() -> None:
    free, bound = request(make_version(), name="free"), request(articles(), name="bound")

    plain, told = repository_texts(free), repository_texts(bound)

    sentence = "Share what is made from encyclopaedia/articles@1 under CC-BY-SA-4.0 or GPL-3.0-only or"
    assert sentence in told["NOTICE"].decode()
    assert "What the licences ask for besides" in told["README.md"].decode()
    assert b"ask for besides" not in plain["NOTICE"] + plain["README.md"]


def test_licences_are_combined_by_themselves_under_either_reading() -> None:
    asked = {"purpose": "research", "licences": ["cc-by-sa-4.0", "gpl-2.0"]}

    strict = api(EVE).post(COMBINE, asked).json()
    loose = api(EVE).post(COMBINE, asked | {"counts_as": "collection"}).json()

    assert (strict["counts_as"], strict["allowed"]) == ("derivative", False)
    assert strict["conflicts"][0]["parts"] == ["part 1 (CC-BY-SA-4.0)", "part 2 (GPL-2.0-only)"]
    assert (loose["allowed"], loose["outbound"]) == (True, "CC-BY-SA-4.0 AND GPL-2.0-only")


def test_experts_are_combined_by_name_beside_their_anchor() -> None:
    articles()
    make_version()

    body = api(ADA).post(COMBINE, {**WISH, "licences": ["MIT"]}).json()

    assert body["allowed"] is True
    named = {part for duty in body["duties"] for part in duty["parts"]}
    assert named == {
        "the public model small",
        "encyclopaedia/articles@1",
        "playhouse/drama@1",
        "part 1 (MIT)",
    }


@pytest.mark.parametrize(
    ("changes", "status", "sentence"),
    [
        ({"licences": ["Apache 2.0"]}, 400, "Did you mean Apache-2.0?"),
        ({"licences": []}, 400, "nothing to combine"),
        ({"licences": ["MIT"] * 101}, 400, "At most 100 parts"),
        ({"purpose": "fun"}, 400, "not a purpose we know"),
        ({"counts_as": "soup"}, 400, "derivative or collection"),
        ({"experts": ["nobody/nothing"]}, 404, "no expert called nobody/nothing"),
        ({"anchor": "none"}, 404, "no anchor called none"),
    ],
)
def test_a_question_that_cannot_be_asked_has_its_sentence(changes: dict[str, Any], status: int, sentence: str) -> None:
    answer = api(CY).post(COMBINE, {"purpose": "research", "licences": ["MIT"]} | changes)

    assert answer.status_code == status
    assert sentence in answer.json()["detail"]


def test_nobody_combines_what_they_may_not_see() -> None:
    make_draft(make_expert("secret"))

    answer = api(EVE).post(COMBINE, {"purpose": "research", "experts": ["playhouse/secret"]})

    assert answer.status_code == 404
    assert Anchor.objects.count() == 1
