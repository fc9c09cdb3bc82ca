"""Policy sets: proposed by one person, with examples; activated by another; gone back to in the same way."""

from functools import partial
from typing import Any

import pytest

from registry.accounts.models import Role
from registry.actors import CONSOLE
from registry.audit.models import Entry, Payload
from registry.audit.queries import told
from registry.errors import Invalid, NotAllowed, NotFound, WrongState
from registry.policy.actions import (
    activate_policy_set,
    ensure_policy_set,
    propose_policies,
    propose_rollback,
    shadow_policy_set,
)
from registry.policy.cedar import default_policies
from registry.policy.examples import default_examples
from registry.policy.models import PolicySet
from registry.policy.queries import COMPOSE, judge
from registry.replay.queries import audit_differences
from tests.at_once import at_once
from tests.factories import (
    ADA,
    BEN,
    CY,
    OLGA,
    OTTO,
    api,
    give_role,
    make_active,
    make_organisation,
    make_proposal,
    make_version,
)

REASON = "We tried it, and it does what it should."
PERMIT = '@id("permit.all")\npermit (principal, action, resource);\n'
CLOSED = PERMIT + '@id("forbid.sales")\n@reason("Not for sale.")\n'
CLOSED += "forbid (principal, action, resource) when { context.commercial };\n"
SHOWN: list[dict[str, Any]] = [
    {"name": "For research"},
    {"name": "For sale", "facts": {"commercial": True}, "refused_by": ["forbid.sales"]},
]


def propose(text: str = CLOSED, examples: Any = SHOWN, by: Any = BEN) -> PolicySet:
    proposed = propose_policies(text, examples=examples, reason=REASON, by=by)
    shadow_policy_set(proposed.number, by=by)
    return proposed


def test_a_proposed_set_decides_nothing() -> None:
    proposed = propose()

    assert proposed.waits
    assert PolicySet.objects.get(active=True).text == default_policies()


def test_a_second_person_activates_it_and_the_log_names_both() -> None:
    proposed = propose()

    active = activate_policy_set(proposed.number, by=OTTO)

    assert PolicySet.objects.get(active=True) == active
    assert not active.waits
    said = {entry.event: told(entry) for entry in Entry.objects.filter(about=str(active))}
    assert said["policy.proposed"].actor == str(BEN)
    assert said["policy.activated"].actor == str(OTTO)
    assert said["policy.activated"].facts["proposed_by"] == str(BEN)
    assert Payload.objects.get(name="reason").value == REASON
    assert [line for line in audit_differences() if line.startswith("polic")] == []


def test_what_is_active_decides() -> None:
    make_active(CLOSED, examples=SHOWN)

    verdict = judge(make_version(state="verified"), consumer=make_organisation("library"), action=COMPOSE, purpose="x")

    assert [reason.reason for reason in verdict.reasons] == ["Not for sale."]


def test_nobody_activates_their_own_proposal() -> None:
    proposed = propose(by=OTTO)

    with pytest.raises(NotAllowed, match="takes a second person"):
        activate_policy_set(proposed.number, by=OTTO)


def test_whoever_proposed_it_last_is_who_proposed_it() -> None:
    propose(by=OTTO)
    proposed = propose(by=BEN)

    with pytest.raises(NotAllowed, match="takes a second person"):
        activate_policy_set(proposed.number, by=BEN)
    assert activate_policy_set(proposed.number, by=OTTO).active


def test_a_part_of_the_service_activates_nothing() -> None:
    proposed = propose()

    with pytest.raises(NotAllowed, match="done by a person"):
        activate_policy_set(proposed.number, by=CONSOLE)


def test_what_nobody_proposed_is_not_activated() -> None:
    make_active(CLOSED, examples=SHOWN)
    shipped = PolicySet.objects.get(text=default_policies())

    with pytest.raises(WrongState, match="has not been proposed"):
        activate_policy_set(shipped.number, by=OTTO)
    with pytest.raises(NotFound, match="no policy set 99"):
        activate_policy_set(99, by=OTTO)


def test_a_set_is_not_activated_twice() -> None:
    active = make_active(CLOSED, examples=SHOWN)

    with pytest.raises(WrongState, match="decides already"):
        activate_policy_set(active.number, by=OTTO)
    with pytest.raises(WrongState, match="decides already"):
        propose()


def test_a_set_whose_examples_fail_is_not_activated() -> None:
    wrong = [*SHOWN, {"name": "Verified only", "facts": {"subject": {"state": "verified"}}, "refused_by": ["forbid.x"]}]
    proposed = propose(examples=wrong)

    with pytest.raises(WrongState, match=r'first "Verified only": refused by nothing, where .* says forbid\.x'):
        activate_policy_set(proposed.number, by=OTTO)


def test_two_people_go_back_to_an_earlier_set() -> None:
    shipped = PolicySet.objects.get(active=True)
    make_active(CLOSED, examples=SHOWN)

    propose_rollback(shipped.number, reason=REASON, by=OTTO)
    with pytest.raises(NotAllowed, match="takes a second person"):
        activate_policy_set(shipped.number, by=OTTO)
    shadow_policy_set(shipped.number, by=OTTO)
    back = activate_policy_set(shipped.number, by=BEN)

    assert back.text == default_policies()
    assert PolicySet.objects.get(active=True) == back
    earlier = told(Entry.objects.filter(event="policy.proposed").latest("id"))
    assert earlier.facts["earlier"] is True
    assert [line for line in audit_differences() if line.startswith("polic")] == []


def test_there_is_no_way_back_to_what_never_decided() -> None:
    proposed = propose()

    with pytest.raises(WrongState, match="never decided"):
        propose_rollback(proposed.number, reason=REASON, by=OTTO)


def test_a_set_that_two_people_activated_stays_when_the_service_starts() -> None:
    make_active(CLOSED, examples=SHOWN)

    ensure_policy_set(by=CONSOLE)

    assert PolicySet.objects.get(active=True).text == CLOSED


def test_the_shipped_set_has_its_examples_beside_it() -> None:
    PolicySet.objects.update(examples=[])

    ensure_policy_set(by=CONSOLE)

    assert PolicySet.objects.get(active=True).examples == default_examples()


@pytest.mark.parametrize("caller", [ADA, CY, OLGA])
def test_only_compliance_and_operators_propose_and_activate(caller: Any) -> None:
    proposed = propose()

    with pytest.raises(NotAllowed, match="compliance, operator"):
        propose(by=caller)
    with pytest.raises(NotAllowed, match="compliance, operator"):
        activate_policy_set(proposed.number, by=caller)


FORBID = '@id("forbid.x")\n@reason("No.")\nforbid (principal, action, resource)'


@pytest.mark.parametrize(
    ("text", "examples", "word"),
    [
        (PERMIT + f"{FORBID} when {{ resource.statos == 1 }};", SHOWN, "do not fit the schema"),
        (PERMIT + f"{FORBID} wen {{ true }};", SHOWN, "cannot be read"),
        (PERMIT, SHOWN, "permits everything"),
        (PERMIT + f"{FORBID} when {{ false }};", SHOWN, "forbids nothing, so it permits everything"),
        (CLOSED, [], "No example is allowed"),
        (CLOSED, SHOWN[:1], "forbids nothing, so it permits everything"),
        (CLOSED + f"{FORBID} when {{ context.experts > 90 }};", SHOWN, 'No example shows what "forbid.x" refuses'),
        (CLOSED, [{"name": "For sale", "facts": {"comercial": True}}], "there is no fact comercial"),
    ],
)
def test_a_set_that_will_not_do_is_told_why(text: str, examples: Any, word: str) -> None:
    with pytest.raises(Invalid, match=word):
        propose(text, examples)

    assert PolicySet.objects.count() == 1


@pytest.mark.parametrize(
    "condition",
    [
        'resource.organisation == "review-office"',
        'principal == Organisation::"review-office"',
        'resource == ExpertVersion::"review-office/own@1"',
        'resource.recipients.contains("review-office")',
    ],
)
def test_nobody_proposes_or_activates_a_rule_about_their_own_house(condition: str) -> None:
    text = CLOSED.replace("context.commercial }", f"context.commercial }} unless {{ {condition} }}")

    with pytest.raises(Invalid, match=r'"forbid\.sales" names review-office, an organisation of your own'):
        propose(text)
    proposed = propose(text, by=OTTO)
    with pytest.raises(Invalid, match="an organisation of your own"):
        activate_policy_set(proposed.number, by=BEN)


def test_the_words_of_the_shipped_set_are_everybodys() -> None:
    give_role(BEN, "approved", Role.COMPLIANCE)

    assert make_proposal(f"{default_policies()}\n// as it was\n").waits


def test_a_set_that_nobody_has_run_in_shadow_is_not_activated() -> None:
    proposed = make_proposal(CLOSED, examples=SHOWN)

    with pytest.raises(WrongState, match="has not been run in shadow since it was proposed"):
        activate_policy_set(proposed.number, by=OTTO)


def test_a_shadow_run_from_before_the_proposal_or_beside_another_set_does_not_count() -> None:
    proposed = propose()
    make_active(f"{default_policies()}\n// another\n")

    with pytest.raises(WrongState, match="beside another set than policy set"):
        activate_policy_set(proposed.number, by=OTTO)
    shadow_policy_set(proposed.number, by=OTTO)
    propose_policies(CLOSED, examples=SHOWN, reason=REASON, by=BEN)
    with pytest.raises(WrongState, match="since it was proposed"):
        activate_policy_set(proposed.number, by=OTTO)


def test_over_http_from_the_proposal_to_the_way_back() -> None:
    ben, otto, olga = api(BEN), api(OTTO), api(OLGA)
    shipped = PolicySet.objects.get().number
    body = {"text": CLOSED, "examples": SHOWN, "reason": REASON}

    faults = ben.post("/api/v1/policies/check", {"text": PERMIT, "examples": []}).json()["faults"]
    proposed = ben.post("/api/v1/policies", body)
    own = ben.post(f"/api/v1/policies/{proposed.json()['number']}/activate")
    unseen = otto.post(f"/api/v1/policies/{proposed.json()['number']}/activate")
    ran = olga.post(f"/api/v1/policies/{proposed.json()['number']}/shadow", {})
    active = otto.post(f"/api/v1/policies/{proposed.json()['number']}/activate")
    listed = olga.get("/api/v1/policies").json()["results"]
    tried = olga.get(f"/api/v1/policies/{shipped}/examples").json()
    back = ben.post(f"/api/v1/policies/{shipped}/rollback", {"reason": REASON})

    assert [fault["sentence"] for fault in faults] == [
        "No policy forbids anything; a set that permits everything is no set."
    ]
    assert (proposed.status_code, own.status_code, active.status_code) == (201, 403, 200)
    assert (unseen.status_code, ran.status_code) == (409, 200)
    assert "has not been run in shadow since it was proposed" in unseen.json()["detail"]
    assert active.json()["shadow"]["sentence"] == ran.json()["sentence"]
    assert [rule["id"] for rule in proposed.json()["rules"]] == ["permit.all", "forbid.sales"]
    assert [(row["active"], row["proposed_by"], row["activated_by"]) for row in listed] == [
        (True, "Ben", "Otto"),
        (False, "", ""),
    ]
    assert tried["passed"]
    assert len(tried["examples"]) == len(default_examples())
    assert back.json()["waits"]


@pytest.mark.django_db(transaction=True)
def test_of_two_sets_that_are_activated_at_once_one_decides_and_the_other_is_looked_at_again() -> None:
    first, second = propose(), propose(f"{default_policies()}\n// another\n", default_examples())

    def activate(number: int) -> str:
        try:
            activate_policy_set(number, by=OTTO)
        except WrongState as refused:
            return refused.detail
        return "active"

    answers = sorted(at_once(partial(activate, first.number), partial(activate, second.number)))

    assert answers[0] == "active"
    assert "was run in shadow beside another set than" in answers[1]
    assert PolicySet.objects.filter(active=True).count() == 1
