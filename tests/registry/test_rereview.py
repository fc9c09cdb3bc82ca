"""What a policy sends back to review: suspended with the rule's reason, satisfied by an approval in the new round."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from registry.actors import SWEEPER
from registry.audit.queries import entries, told
from registry.compositions.foresight import activating, foresee
from registry.errors import Invalid, NotAllowed
from registry.experts.models import ExpertVersion, VersionState
from registry.notices.models import Delivery
from registry.policy.actions import send_back, shadow_policy_set
from registry.policy.cedar import Cedar, default_policies
from registry.policy.examples import default_examples
from registry.policy.queries import COMPOSE, ENGINE, explain_all, judge
from registry.policy.rereview import approved_versions, demands
from registry.policy.rules import parts_per_billion
from registry.policy.sets import faults_of_proposal
from registry.reviews.actions import review_version, suspend_by_policy
from registry.reviews.models import Suspension, SuspensionCause, Verdict
from registry.withdrawals.actions import pause_version, resume_version
from tests.factories import (
    ADA,
    BEN,
    IN_ORDER,
    OLGA,
    api,
    make_active,
    make_expert,
    make_organisation,
    make_proposal,
    make_version,
)
from tests.workers.queue import waiting
from workers.reviewed import follow_policies
from workers.sweeps import sweep

OLD = "forbid.approval-too-old"
YEARS = timedelta(days=731)
# Every approval from before a day, of a version that states no extraction test.
UNTESTED = '@id("forbid.untested")\n@rereview\n@reason("{version} states no extraction test.")\n'
UNTESTED += "forbid (principal, action, resource) when { resource has approved_at && "
UNTESTED += "resource.approved_at < MOMENT } unless { resource has extraction_rate };\n"


def old(name: str = "drama", **fields: Any) -> ExpertVersion:
    return make_version(make_expert(name), approved_at=timezone.now() - YEARS, **fields)


def approve(version: ExpertVersion) -> None:
    review_version(version.id, by=BEN, verdict=Verdict.APPROVE, answers=IN_ORDER, reason="All that it says is so.")


def state_of(version: ExpertVersion) -> str:
    version.refresh_from_db()
    return version.state


def untested_before(moment: datetime) -> tuple[str, list[Any]]:
    """A set that sends back whatever was approved before then without an extraction test."""
    rule = UNTESTED.replace("MOMENT", str(int(moment.timestamp())))
    later = {"now": (moment + timedelta(days=365)).isoformat()}
    examples = [
        {"name": "Since", "facts": {**later, "subject": {"approved_at": (moment + timedelta(days=9)).isoformat()}}},
        {
            "name": "Before",
            "facts": {**later, "subject": {"approved_at": (moment - timedelta(days=9)).isoformat()}},
            "refused_by": ["forbid.untested"],
        },
    ]
    return f'@id("permit.all")\npermit (principal, action, resource);\n{rule}', examples


def test_an_approval_that_grew_old_is_sent_back_with_the_rules_reason() -> None:
    version, young = old(), make_version(make_expert("verse"))

    follow_policies()
    follow_policies()

    assert (state_of(version), state_of(young)) == (VersionState.SUSPENDED, VersionState.APPROVED)
    row = Suspension.objects.get()
    assert (row.cause, row.policy, row.round) == (SuspensionCause.POLICY, OLD, 2)
    assert "more than 24 months ago" in row.reason
    [entry] = entries(event="version.suspended")
    assert told(entry).facts["policy"] == OLD


def test_it_stands_in_the_queue_with_that_reason_and_its_owner_is_told() -> None:
    version = old()
    follow_policies()

    queued = api(BEN).get("/api/v1/reviews/queue").json()["results"]
    [shown] = api(BEN).get(f"/api/v1/versions/{version.id}").json()["waiting"]["suspensions"]

    assert [item["expert"] for item in queued] == ["playhouse/drama"]
    assert (shown["cause"], shown["policy"]) == ("policy", OLD)
    assert "a rule of the policies that decide" in Delivery.objects.get(kind="version.suspended").body["text"]


def test_it_is_denied_from_the_second_on_before_any_sweep() -> None:
    version = old()

    verdict = judge(version, consumer=make_organisation("library"), action=COMPOSE, purpose="research")

    assert [reason.policy for reason in verdict.reasons] == [OLD]


def test_an_approval_in_the_new_round_satisfies_it() -> None:
    version = old()
    follow_policies()

    approve(version)
    follow_policies()

    assert state_of(version) == VersionState.APPROVED
    assert judge(version, consumer=make_organisation("library"), action=COMPOSE, purpose="research").allowed
    assert version.last_approved_at is not None
    assert version.approved_at is not None
    assert version.last_approved_at - version.approved_at > YEARS - timedelta(days=1)


def test_what_is_paused_is_sent_back_when_it_is_resumed() -> None:
    version = old()
    pause_version(version.id, by=ADA, reason="We want to look at it ourselves.")
    follow_policies()
    paused = state_of(version)
    resume_version(version.id, by=ADA)

    follow_policies()

    assert (paused, state_of(version)) == (VersionState.PAUSED, VersionState.SUSPENDED)


def test_a_set_with_another_rule_sends_back_what_it_demands_until_that_is_approved() -> None:
    text, examples = untested_before(timezone.now() - timedelta(days=1))
    before = timezone.now() - timedelta(days=5)
    untested = make_version(approved_at=before)
    tested = make_version(make_expert("verse"), card={"privacy": {"extraction_rate": 0.001}}, approved_at=before)
    make_active(text, examples=examples)

    follow_policies()
    sent = state_of(untested)
    approve(untested)
    follow_policies()

    assert (sent, state_of(untested), state_of(tested)) == ("suspended", "approved", "approved")
    assert Suspension.objects.get().policy == "forbid.untested"


def test_a_demand_that_an_approval_would_not_meet_sends_nothing_round_for_ever() -> None:
    text, examples = untested_before(timezone.now() + timedelta(days=1))
    untested = make_version()
    make_active(text, examples=examples)

    follow_policies()

    assert state_of(untested) == VersionState.APPROVED
    assert send_back(untested.id, by=SWEEPER) is None


def test_the_sweep_looks_too() -> None:
    sweep()

    assert ("follow_policies", []) in waiting("default")


def test_shadow_run_and_simulator_say_how_many_would_be_sent_back() -> None:
    text = default_policies().replace("730 * 86400", "1 * 86400")
    examples = [
        {**example, "refused_by": sorted({*example["refused_by"], OLD})}
        if "approved_at" not in example.get("facts", {}).get("subject", {})
        else example
        for example in default_examples()
        if example["name"] != "An approval that will be 24 months old in a second"
    ]
    make_version(approved_at=timezone.now() - timedelta(days=2))
    make_version(make_expert("verse"))
    proposed = make_proposal(text, examples=examples)

    ran = shadow_policy_set(proposed.number, by=OLGA)
    seen = foresee(activating(proposed.number))
    shown = api(OLGA).post("/api/v1/policies/simulate", {"activate": proposed.number}).json()

    assert ran.sent_back == seen.sent_back == ("playhouse/drama@1",)
    assert ran.sentence == "Nothing has been decided yet. It sends 1 approved version back to review."
    assert seen.sentence.endswith("It sends 1 approved version back to review.")
    assert shown["sent_back"] == ["playhouse/drama@1"]
    assert demands(default_policies(), approved_versions()) == []


@pytest.mark.parametrize(
    ("rule", "word"),
    [
        ("forbid (principal, action, resource) when { context.commercial }", "looks at the version and at context.now"),
        ('forbid (principal, action, resource) when { principal.slug == "x" }', "looks at the version and at"),
        ('forbid (principal, action == Action::"compose", resource)', "looks at the version and at context.now only"),
        ("permit (principal, action, resource)", "marked @rereview and permits"),
    ],
)
def test_a_rule_that_sends_back_looks_at_the_version_only(rule: str, word: str) -> None:
    text = f'{default_policies()}\n@id("forbid.x")\n@rereview\n@reason("No.")\n{rule};'

    assert any(word in fault for fault in Cedar().faults(text))


def test_a_rule_that_no_approval_satisfies_is_not_taken() -> None:
    text = '@id("permit.all")\npermit (principal, action, resource);\n@id("forbid.x")\n@rereview\n@reason("No.")\n'
    text += "forbid (principal, action, resource) unless { resource has extraction_rate };"
    examples = [
        {"name": "Tested", "facts": {"subject": {"extraction_rate": 0.001}}},
        {"name": "Untested", "refused_by": ["forbid.x"]},
    ]

    [fault] = faults_of_proposal(text, examples, by=BEN)

    assert fault.startswith('"forbid.x" would send a version back to review again after each approval')
    with pytest.raises(Invalid, match=r"resource\.approved_at"):
        make_proposal(text, examples=examples)


def test_only_the_shipped_rule_on_age_sends_back() -> None:
    marked = [rule.id for rule in ENGINE.rules(default_policies()) if rule.rereview]

    assert marked == [OLD]
    assert '"state"' not in ENGINE.rereview(default_policies())


def test_nobody_but_the_service_sends_back_in_the_name_of_a_policy() -> None:
    version = make_version()

    with pytest.raises(NotAllowed, match="by themselves"):
        suspend_by_policy(version.id, policy=OLD, reason="Because I say so.", by=BEN)


def test_the_way_out_is_a_new_approval() -> None:
    [verdict] = explain_all([old()], consumer=make_organisation("library"), action=COMPOSE, purpose="research")

    assert [(remedy.who, remedy.sentence) for remedy in verdict.remedies] == [
        ("compliance", "Compliance reviews playhouse/drama@1 again, and approves it.")
    ]


@pytest.mark.parametrize(
    ("stated", "known"), [(1e-5, 10_000), (0.0001, 100_000), (1.5e-10, 1), (0, 0), (2, None), ("x", None), (True, None)]
)
def test_a_delta_is_compared_in_parts_of_a_billion(stated: Any, known: int | None) -> None:
    assert parts_per_billion(stated) == known


def test_a_delta_that_a_package_states_is_a_fact() -> None:
    privacy = {"mechanism": "dp-sgd", "epsilon": 3, "delta": 0.001}

    verdict = judge(
        make_version(card={"privacy": privacy}),
        consumer=make_organisation("library"),
        action=COMPOSE,
        purpose="research",
    )

    assert [reason.reason for reason in verdict.reasons] == [
        "playhouse/drama@1 states a delta of 0.001, and this site takes at most 0.0001; its owner must train it with a "
        "smaller one."
    ]
