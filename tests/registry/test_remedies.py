"""What would change an answer: each way out is tried by the engine that refused, and it works."""

from dataclasses import replace

import pytest

from registry.evidence.rules import PURPOSES
from registry.policy.cedar import Cedar, default_policies
from registry.policy.examples import Example, default_examples, read_examples
from registry.policy.remedies import Known, remedies
from registry.policy.rules import Facts
from tests.factories import CY, OTTO, api, make_active, make_expert, make_revision, make_version

ENGINE = Cedar()
KNOWN = [Known(purpose.id, purpose.commercial) for purpose in PURPOSES.values()]
REFUSED = [example for example in read_examples(default_examples()) if example.refused_by]
PLAIN = next(example.facts for example in read_examples(default_examples()))
# Nothing brings these back: a version in one of these states is no way to another one.
FOR_GOOD = {"withdrawn", "rejected", "failed", "Approved"}


def ways_out(facts: Facts, text: str = "") -> dict[str, str]:
    text = text or default_policies()
    found = remedies(ENGINE, text, facts, ENGINE.decide(text, facts), purposes=KNOWN)
    return {remedy.policy: f"{remedy.who}: {remedy.sentence}" for remedy, _ in found}


@pytest.mark.parametrize("example", REFUSED, ids=lambda example: example.name)
def test_every_rule_that_refuses_has_a_way_out_and_it_works(example: Example) -> None:
    text = default_policies()
    verdict = ENGINE.decide(text, example.facts)

    found = remedies(ENGINE, text, example.facts, verdict, purposes=KNOWN)

    helped = {remedy.policy for remedy, _ in found}
    hopeless = {"forbid.not-approved"} if example.facts.subject.state in FOR_GOOD else set()
    assert set(example.refused_by) - helped == hopeless
    for remedy, facts in found:
        left = {reason.policy for reason in ENGINE.decide(text, facts).reasons}
        assert remedy.policy not in left
        assert left <= set(example.refused_by)


def test_a_purpose_that_the_consent_names_is_the_first_way_out() -> None:
    assert ways_out(replace(PLAIN, purpose="education")) == {
        "forbid.purpose-outside-consent": "consumer: Ask for research instead of education."
    }


def test_a_consent_that_begins_is_waited_for() -> None:
    later = replace(PLAIN, subject=replace(PLAIN.subject, valid_from=PLAIN.now.replace(year=2027)))

    assert ways_out(later) == {"forbid.consent-not-yet-valid": "time: Wait until 15 June 2027, 12:00 UTC."}


def test_a_recipient_is_added_by_the_owner() -> None:
    named = replace(PLAIN, subject=replace(PLAIN.subject, recipients=("museum",)))

    assert ways_out(named) == {
        "forbid.recipient-not-named": "owner: Its owner adds library to the recipients, in a new version."
    }


def test_so_many_as_are_allowed() -> None:
    assert ways_out(replace(PLAIN, experts=40)) == {
        "forbid.too-many-experts": "consumer: Ask for at most 32 experts together."
    }


def test_rules_that_nobody_here_wrote_have_ways_out_too() -> None:
    text = default_policies() + '@id("forbid.x")\n@reason("No.")\nforbid (principal, action, resource) when '
    text += '{ resource.recipients.isEmpty() && context.purpose == "research" };'

    assert ways_out(PLAIN, text) == {"forbid.x": "consumer: Ask for evaluation instead of research."}


def test_a_dry_run_says_what_would_change_the_answer() -> None:
    make_version(make_expert(), purposes=["education"])
    body = {"anchor": "small", "experts": ["playhouse/drama"], "purpose": "research"}

    told = api(CY).put("/api/v1/models/library/reader?explain", body).json()

    assert not told["allowed"]
    assert told["explain"][0]["remedies"] == [
        {
            "policy": "forbid.purpose-outside-consent",
            "who": "consumer",
            "sentence": "Ask for education instead of research.",
        }
    ]


def test_a_download_is_explained_expert_by_expert() -> None:
    revision = make_revision(make_version(), make_version(make_expert("comedy"), purposes=["research", "service"]))
    address = f"/api/v1/models/{revision.model}/revisions/main/explain"
    before = api(CY).get(address).json()["experts"]
    text = default_policies() + '@id("forbid.comedy")\n@reason("No jokes.")\nforbid (principal, action, resource) when '
    text += '{ resource.domain == "comedy" && action == Action::"download" };'
    joke = {"name": "A joke", "facts": {"action": "download", "subject": {"domain": "comedy"}}}
    make_active(text, examples=[*default_examples(), joke | {"refused_by": ["forbid.comedy"]}])

    after = api(CY).get(address).json()["experts"]
    for_operators = api(OTTO).get(address)

    assert [row["allowed"] for row in before] == [True, True]
    assert {row["expert"]: row["allowed"] for row in after} == {"playhouse/drama": True, "playhouse/comedy": False}
    assert for_operators.status_code == 200
