"""Shadow runs and the simulator: what would change, told before it does, by the engine that decides."""

from typing import Any

import pytest

from registry.compositions.foresight import activating, approving, foresee, reclassifying, rejecting
from registry.errors import Invalid, WrongState
from registry.policy.actions import decide
from registry.policy.cedar import default_policies
from registry.policy.examples import default_examples
from registry.policy.models import Decision
from registry.policy.queries import COMPOSE, active_set
from registry.policy.shadow import shadow_run
from registry.reviews.actions import suspend_version
from tests.factories import (
    BEN,
    CY,
    OLGA,
    OTTO,
    api,
    make_expert,
    make_organisation,
    make_proposal,
    make_revision,
    make_version,
)

# Nobody asks whether a consent names the recipient; and nothing is used for research.
OPENED = default_policies().replace("resource.recipients.contains(principal.slug)", "context.experts > 0")
CLOSED = default_policies() + '@id("forbid.research")\n@reason("No more research.")\n'
CLOSED += 'forbid (principal, action, resource) when { context.purpose == "research" };\n'
NO_RESEARCH = [
    {"name": "For evaluation", "facts": {"purpose": "evaluation"}},
    *(
        {**example, "refused_by": sorted([*example["refused_by"], "forbid.research"])}
        for example in default_examples()
        if "purpose" not in example.get("facts", {})
    ),
    *(example for example in default_examples() if "purpose" in example.get("facts", {})),
]


def ask(version: Any, consumer: str = "library", purpose: str = "research") -> Decision:
    return decide(version, consumer=make_organisation(consumer), action=COMPOSE, purpose=purpose, by=CY)


def test_a_set_that_says_the_same_changes_nothing() -> None:
    ask(make_version())

    ran = shadow_run(active_set().text, default_policies() + "\n// the same\n")

    assert ran.sentence == "All of the last 1 decisions would be the same."
    assert (ran.let_in, ran.kept_out, ran.by_rule) == ([], [], {})


def test_before_anything_was_decided_there_is_nothing_to_look_at() -> None:
    assert shadow_run(active_set().text, CLOSED).sentence == "Nothing has been decided yet."


def test_a_shadow_run_says_who_is_let_in_and_who_is_kept_out_and_by_which_rule() -> None:
    closed = make_version(recipients=["museum"])
    ask(closed)
    ask(closed, "archive")
    ask(make_version(purposes=["education"]), "archive", "education")
    ask(make_version(), "museum", "evaluation")

    opened = shadow_run(active_set().text, OPENED)

    assert opened.sentence == "2 of the last 4 decisions would be otherwise: let 2 consumers in."
    assert opened.let_in == ["archive", "library"]
    assert opened.by_rule == {"forbid.recipient-not-named": -2}
    assert {one.version for one in opened.otherwise} == {str(closed)}


def test_refusals_that_only_have_another_reason_are_told_by_rule() -> None:
    ask(make_version(state="verified"))
    ask(make_version())
    ask(make_version())

    ran = shadow_run(active_set().text, CLOSED)

    assert ran.sentence == "2 of the last 3 decisions would be otherwise: keep 1 consumer out."
    assert ran.by_rule == {"forbid.research": 3}


def test_only_as_many_as_are_asked_for_are_looked_at() -> None:
    for _ in range(3):
        ask(make_version())

    assert shadow_run(active_set().text, CLOSED, decisions=2).looked_at == 2
    with pytest.raises(Invalid, match="1 to 100000"):
        shadow_run(active_set().text, CLOSED, decisions=0)


def test_a_shadow_run_leaves_no_trace() -> None:
    ask(make_version())
    before = Decision.objects.count()

    shadow_run(active_set().text, CLOSED)

    assert Decision.objects.count() == before


def test_activating_a_set_that_forbids_changes_the_models_that_stand() -> None:
    revision = make_revision()
    proposed = make_proposal(CLOSED, examples=NO_RESEARCH)

    seen = foresee(activating(proposed.number))

    assert [(str(change.model), change.loses, change.rules) for change in seen.models] == [
        (str(revision.model), ("playhouse/drama@1",), ("forbid.research",))
    ]
    assert seen.sentence.startswith("This changes 1 model of 1 consumer. 1 of the last 1 decisions would be otherwise")


def test_approving_a_version_changes_the_models_that_mean_it() -> None:
    revision = make_revision()
    other = make_revision(make_version(make_expert("comedy")), name="jokes")
    new = make_version(make_expert("drama"), state="verified")
    ask(new)

    seen = foresee(approving(new.id))

    assert [(str(change.model), change.gains, change.loses) for change in seen.models] == [
        (str(revision.model), (str(new),), ())
    ]
    assert not seen.models[0].by_itself
    assert seen.decisions.let_in == ["library"]
    assert str(other.model) not in seen.sentence


def test_approving_a_version_that_a_selector_matches_changes_its_model_by_itself() -> None:
    make_version()
    api(CY).put("/api/v1/models/library/all", {"anchor": "small", "selector": {}, "purpose": "research"})
    new = make_version(make_expert("comedy"), state="verified")

    [change] = foresee(approving(new.id)).models

    assert (change.gains, change.by_itself) == ((str(new),), True)


def test_rejecting_what_is_in_doubt_changes_the_models_that_hold_it() -> None:
    revision = make_revision()
    make_revision(make_version(make_expert("comedy")), name="jokes")
    version = revision.inclusions.get().version
    suspend_version(version.id, reason="Somebody says that the plays are stolen.", by=BEN)

    rejected, approved = foresee(rejecting(version.id)), foresee(approving(version.id))

    assert [(str(change.model), change.loses) for change in rejected.models] == [(str(revision.model), (str(version),))]
    assert rejected.sentence.startswith("This changes 1 model of 1 consumer.")
    assert [(str(change.model), change.gains) for change in approved.models] == [(str(revision.model), (str(version),))]


def test_what_does_not_wait_for_a_decision_is_not_foreseen() -> None:
    with pytest.raises(WrongState, match="only a verified or suspended version can be approved"):
        approving(make_version().id)
    with pytest.raises(WrongState, match="only a verified or suspended version can be rejected"):
        rejecting(make_version().id)


def test_reclassifying_a_licence_changes_what_carries_it() -> None:
    revision = make_revision(make_version(licence="CC-BY-4.0"))
    make_revision(make_version(make_expert("comedy"), licence="MIT"), name="jokes")

    seen = foresee(reclassifying("CC-BY-4.0", into="CC-BY-ND-4.0"))

    assert [(str(change.model), change.rules) for change in seen.models] == [
        (str(revision.model), ("forbid.licence-no-derivatives",))
    ]
    assert seen.decisions.kept_out == ["library"]


def test_over_http() -> None:
    make_revision()
    number = make_proposal(CLOSED, examples=NO_RESEARCH).number
    verified = make_version(make_expert("drama"), state="verified")
    olga = api(OLGA)

    shadow = olga.post(f"/api/v1/policies/{number}/shadow", {"decisions": 100}).json()
    asked = [{"activate": number}, {"approve": str(verified.id)}]
    asked += [{"reclassify": {"licence": "CC-BY-4.0", "into": "CC-BY-ND-4.0"}}]
    seen = [olga.post("/api/v1/policies/simulate", body).json() for body in asked]
    none = api(BEN).post("/api/v1/policies/simulate", {})
    two = api(OTTO).post("/api/v1/policies/simulate", {"activate": number, "approve": str(verified.id)})

    assert shadow["kept_out"] == ["library"]
    assert [len(one["models"]) for one in seen] == [1, 1, 1]
    assert seen[0]["models"][0]["loses"] == ["playhouse/drama@1"]
    assert none.status_code == two.status_code == 400
