"""A selector means all approved experts that are allowed, now and whenever that changes."""

from typing import Any

import pytest

from registry.actors import PROPAGATOR
from registry.audit.models import Entry
from registry.compositions.actions import (
    block_compositions_with,
    cancel_composition,
    include_composition,
    request_composition,
    request_model,
)
from registry.compositions.models import Composition, CompositionState, Model
from registry.compositions.selectors import models_to_follow
from registry.errors import Invalid
from registry.experts.models import ExpertVersion
from registry.policy.cedar import default_policies
from registry.policy.models import Decision
from registry.replay.queries import audit_differences
from registry.withdrawals.actions import pause_version, resume_version, withdraw_version
from tests.factories import (
    ADA,
    CY,
    api,
    assemble,
    make_active,
    make_anchor,
    make_expert,
    make_version,
    publish,
)

S = CompositionState
READER = "/api/v1/models/library/reader"


def ask(name: str = "reader", **fields: Any) -> Composition:
    selector: dict[str, Any] = {key: fields.pop(key) for key in ("domains", "organisations") if key in fields}
    return request_model(
        "library", name, **({"anchor": "small", "purpose": "research"} | fields), selector=selector, by=CY
    )


def finish(composition: Composition) -> Composition:
    assemble(composition)
    include_composition(composition.id, validation={"finite": True}, by=PROPAGATOR)
    return publish(composition)


def names(composition: Composition | None) -> list[str]:
    assert composition is not None
    return [f"{entry['name']}@{entry['version']}" for entry in composition.recipe["experts"]]


def three() -> list[ExpertVersion]:
    return [
        make_version(make_expert("drama")),
        make_version(make_expert("code", organisation="codeworks")),
        make_version(make_expert("law", organisation="codeworks")),
    ]


@pytest.mark.parametrize(
    ("selector", "meant"),
    [
        ({}, ["playhouse/drama@1", "codeworks/code@1", "codeworks/law@1"]),
        ({"domains": []}, ["playhouse/drama@1", "codeworks/code@1", "codeworks/law@1"]),
        ({"domains": ["law", "drama"]}, ["playhouse/drama@1", "codeworks/law@1"]),
        ({"organisations": ["codeworks"]}, ["codeworks/code@1", "codeworks/law@1"]),
        ({"domains": ["law", "drama"], "organisations": ["codeworks"]}, ["codeworks/law@1"]),
    ],
)
def test_a_selector_means_these(selector: dict[str, Any], meant: list[str]) -> None:
    three()
    make_version(make_expert("far", anchor=make_anchor("other")))
    make_version(make_expert("unready"), state="verified")

    assert names(ask(**selector)) == meant


def test_what_was_asked_for_is_kept_told_and_replayed() -> None:
    three()

    ask(domains=["law", "drama", "law"])

    model = Model.objects.get()
    assert model.selector == {"domains": ["drama", "law"], "organisations": []}
    assert not model.experts.exists()
    [entry] = Entry.objects.filter(event="model.requested")
    assert b'"selector":{"domains":["drama","law"],"organisations":[]}' in bytes(entry.leaf)
    assert [line for line in audit_differences() if line.startswith("model ")] == []


def test_experts_by_name_may_take_the_place_of_a_selector_and_the_other_way_round() -> None:
    drama = three()[0]
    ask()

    request_model("library", "reader", anchor="small", purpose="research", experts=[str(drama.expert)], by=CY)
    by_name = Model.objects.get().selector
    ask()

    assert by_name is None
    assert Model.objects.get().selector is not None
    assert not Model.objects.get().experts.exists()
    assert [line for line in audit_differences() if line.startswith("model ")] == []


def test_what_is_refused_is_left_out_and_explained() -> None:
    three()
    make_version(make_expert("secret"), purposes=["education"])

    answer = api(CY).put(READER, {"anchor": "small", "selector": {}, "purpose": "research"})

    assert answer.status_code == 202
    body = answer.json()
    assert body["selector"] == {"domains": [], "organisations": []}
    assert body["experts"] == []
    assert [(e["expert"], e["allowed"], [r["policy"] for r in e["reasons"]]) for e in body["explain"]] == [
        ("codeworks/code", True, []),
        ("codeworks/law", True, []),
        ("playhouse/drama", True, []),
        ("playhouse/secret", False, ["forbid.purpose-outside-consent"]),
    ]
    assert [i["expert"] for i in body["composition"]["inclusions"]] == [
        "playhouse/drama",
        "codeworks/code",
        "codeworks/law",
    ]
    assert not Decision.objects.filter(allowed=False).exists()


def test_a_selector_that_matches_too_many_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("registry.compositions.requests.MAX_EXPERTS", 2)
    three()

    with pytest.raises(Invalid, match="matches 3 experts, and a model has at most 2"):
        ask()

    assert not Model.objects.exists()


def test_the_same_selector_again_is_the_same_build_and_records_nothing() -> None:
    three()
    first = ask()
    before = Entry.objects.count()

    assert ask() == first
    assert ask(domains=[]) == first
    assert Entry.objects.count() == before


def test_nothing_is_to_be_followed_when_nothing_changed() -> None:
    three()
    ask()

    assert models_to_follow() == []


def test_a_version_that_is_approved_is_followed_into_a_new_build() -> None:
    drama, *_ = three()
    model = finish(ask()).model
    make_version(drama.expert)
    make_version(make_expert("poems"))

    stale = models_to_follow()
    build = request_composition(model.id, by=PROPAGATOR)

    assert stale == [model.id]
    assert names(build) == ["playhouse/drama@2", "codeworks/code@1", "codeworks/law@1", "playhouse/poems@1"]
    assert models_to_follow() == []
    assert request_composition(model.id, by=PROPAGATOR) == build


def test_what_a_selector_does_not_mean_changes_nothing() -> None:
    three()
    first = ask(domains=["law"])
    make_version(make_expert("poems"))

    assert request_composition(first.model_id, by=PROPAGATOR) == first
    assert Composition.objects.count() == 1


def test_what_is_paused_is_left_out_until_it_is_resumed() -> None:
    drama, *_ = three()
    first = finish(ask())
    pause_version(drama.id, by=ADA, reason="We look into something.")

    without = finish(request_composition(first.model_id, by=PROPAGATOR))  # type: ignore[arg-type]  # there is one
    resume_version(drama.id, by=ADA)
    stale = models_to_follow()
    back = request_composition(first.model_id, by=PROPAGATOR)

    assert names(without) == ["codeworks/code@1", "codeworks/law@1"]
    assert stale == [first.model_id]
    assert back == first
    assert Model.objects.get().main == first


def test_other_policies_are_followed() -> None:
    three()
    first = ask()
    make_active(f"{default_policies()}\n// another set\n")

    stale = models_to_follow()

    assert stale == [first.model_id]
    assert request_composition(first.model_id, by=PROPAGATOR) == first
    assert models_to_follow() == []


def test_a_withdrawn_expert_is_left_out_and_the_rest_is_built() -> None:
    drama, *_ = three()
    first = finish(ask())
    withdraw_version(drama.id, by=ADA, reason="The licence was not ours to give.")
    block_compositions_with(drama.id, reason="It was withdrawn.", by=PROPAGATOR)

    build = request_composition(first.model_id, by=PROPAGATOR)

    assert names(build) == ["codeworks/code@1", "codeworks/law@1"]


def test_when_nothing_is_left_nothing_is_built() -> None:
    drama = make_version()
    first = finish(ask())
    withdraw_version(drama.id, by=ADA, reason="The licence was not ours to give.")
    block_compositions_with(drama.id, reason="It was withdrawn.", by=PROPAGATOR)

    assert request_composition(first.model_id, by=PROPAGATOR) is None
    assert models_to_follow() == []


@pytest.mark.parametrize("blocked", [False, True])
def test_a_model_that_fails_closed_follows_nothing_after_a_withdrawal(blocked: bool) -> None:
    drama, *_ = three()
    first = finish(ask(on_withdrawal="close"))
    withdraw_version(drama.id, by=ADA, reason="The licence was not ours to give.")
    if blocked:
        block_compositions_with(drama.id, reason="It was withdrawn.", by=PROPAGATOR)
    make_version(make_expert("poems"))

    stale = models_to_follow()
    built = request_composition(first.model_id, by=PROPAGATOR)

    assert (stale, built) == ([], None)
    assert Composition.objects.count() == 1


def test_a_model_that_fails_closed_follows_what_is_added() -> None:
    three()
    first = finish(ask(on_withdrawal="close"))
    make_version(make_expert("poems"))

    assert models_to_follow() == [first.model_id]
    assert len(names(request_composition(first.model_id, by=PROPAGATOR))) == 4


def test_its_consumer_opens_a_closed_model_again() -> None:
    drama, *_ = three()
    finish(ask(on_withdrawal="close"))
    withdraw_version(drama.id, by=ADA, reason="The licence was not ours to give.")
    block_compositions_with(drama.id, reason="It was withdrawn.", by=PROPAGATOR)

    again = finish(ask(on_withdrawal="close"))
    make_version(make_expert("poems"))

    assert names(again) == ["codeworks/code@1", "codeworks/law@1"]
    assert models_to_follow() == [again.model_id]


def test_more_than_a_model_may_have_leaves_it_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    three()
    first = finish(ask())
    monkeypatch.setattr("registry.compositions.actions.MAX_EXPERTS", 3)
    make_version(make_expert("poems"))

    assert request_composition(first.model_id, by=PROPAGATOR) is None
    assert Model.objects.get().main == first
    assert models_to_follow() == []


def test_a_cancelled_build_is_not_followed_into_another() -> None:
    three()
    cancel_composition(ask().id, by=CY)

    assert models_to_follow() == []
