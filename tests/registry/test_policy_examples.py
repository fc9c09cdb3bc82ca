"""The examples beside the shipped set: they pass, show every rule at work, and let no slip in a rule get past them."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import cedarpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import Invalid
from registry.policy.cedar import Cedar, _read, _window, default_policies, entities_of, schema_text
from registry.policy.examples import MAX_EXAMPLES, Example, default_examples, gaps, read_examples, try_examples
from registry.policy.rules import Facts, Rule
from tests.registry.mutating import mutants

ENGINE = Cedar()
EXAMPLES = read_examples(default_examples())
FORBIDS = [rule for rule in ENGINE.rules(default_policies()) if rule.effect == "forbid"]
MUTANTS = list(mutants(default_policies()))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_the_shipped_set_says_what_its_example_says(example: Example) -> None:
    [tried] = try_examples(ENGINE, default_policies(), [example])

    assert tried.refused_by == example.refused_by


def test_there_are_enough_of_them_and_every_rule_is_seen_at_work() -> None:
    tried = try_examples(ENGINE, default_policies(), EXAMPLES)

    assert len(EXAMPLES) >= 80
    assert gaps(ENGINE, default_policies(), tried) == []


@pytest.mark.parametrize("rule", FORBIDS, ids=lambda rule: rule.id)
def test_every_rule_refuses_something_alone(rule: Rule) -> None:
    alone = [example for example in EXAMPLES if example.refused_by == (rule.id,)]

    assert alone, f"{rule.id} is only seen together with others"


@pytest.mark.parametrize(("what", "text"), MUTANTS, ids=[what for what, _ in MUTANTS])
def test_a_slip_in_a_rule_makes_an_example_fail(what: str, text: str) -> None:
    tried = try_examples(Cedar(), text, EXAMPLES)

    assert any(not one.as_expected for one in tried), f"nobody would notice: {what}"


def test_the_mutations_reach_every_rule() -> None:
    reached = {what.partition(":")[0] for what, _ in MUTANTS}

    assert reached == {rule.id for rule in ENGINE.rules(default_policies())}
    assert len(MUTANTS) > 150


@pytest.mark.parametrize("example", EXAMPLES[::7], ids=lambda example: example.name)
def test_the_facts_fit_the_schema_that_sets_are_checked_against(example: Example) -> None:
    entities = entities_of(example.facts.consumer, example.facts.subject)

    cedarpy.Entities.from_json_str(json.dumps(entities), schema_text())


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_what_is_stored_of_a_question_is_the_whole_question(example: Example) -> None:
    stored = json.loads(json.dumps(example.facts.value()))

    assert Facts.read(stored) == example.facts


def test_a_question_from_before_a_fact_was_thought_of_can_still_be_read() -> None:
    stored = EXAMPLES[0].facts.value()
    del stored["experts"]
    for name in ("organisation", "domain", "quarantine", "legal_basis", "personal_data", "mechanism", "epsilon"):
        del stored["subject"][name]

    assert ENGINE.decide(default_policies(), Facts.read(stored)).allowed


@given(st.sampled_from(EXAMPLES), st.integers(-200_000_000, 200_000_000))
def test_a_remembered_answer_is_the_one_that_would_be_given(example: Example, seconds: int) -> None:
    later = replace(example.facts, now=example.facts.now + timedelta(seconds=seconds))
    ENGINE.decide(default_policies(), example.facts)

    assert ENGINE.decide(default_policies(), later) == Cedar().decide(default_policies(), later)


def test_many_at_once_are_answered_as_each_alone() -> None:
    facts = [
        replace(one.facts, subject=replace(one.facts.subject, name=f"playhouse/expert-{place}@1"))
        for place, one in enumerate(EXAMPLES)
    ]

    together = Cedar().decide_all(default_policies(), [*facts, *facts])

    assert together == [Cedar().decide(default_policies(), one) for one in facts] * 2


@pytest.mark.parametrize(
    "condition",
    [
        "context.now * 2 == 4",
        "resource has valid_from && resource.valid_from + context.now < 1000",
        "context.now < context.now + 5",
        "9007199254740993 < context.now",
        "context == context",
        "[context.now].contains(5)",
    ],
)
def test_an_answer_holds_for_its_second_where_a_policy_reckons_with_the_time(condition: str) -> None:
    text = (
        default_policies() + f'@id("f")\n@reason("No.")\nforbid (principal, action, resource) when {{ {condition} }};'
    )

    since, until = _window(_read(text), EXAMPLES[0].facts)

    assert (until - since).total_seconds() == 1


@pytest.mark.parametrize(
    "condition",
    [
        "resource has valid_from && resource.valid_from + 86400 <= context.now",
        "resource has valid_from && context.now - 86400 >= resource.valid_from",
        "resource has valid_from && 24 * 3600 + resource.valid_from - 0 <= context.now",
    ],
)
def test_a_sum_with_the_versions_time_holds_until_that_moment(condition: str) -> None:
    text = '@id("f")\n@reason("No.")\nforbid (principal, action, resource) when { ' + condition + " };"
    text = f'@id("p")\npermit (principal, action, resource);\n{text}'
    begins = EXAMPLES[0].facts.subject.valid_from
    assert begins is not None
    edge = begins + timedelta(days=1)

    before, at = (replace(EXAMPLES[0].facts, now=moment) for moment in (edge - timedelta(seconds=1), edge))

    assert _window(_read(text), before)[1] == edge
    assert _window(_read(text), replace(at, now=edge + timedelta(hours=1)))[0] == edge + timedelta(seconds=1)
    assert Cedar().decide(text, before).allowed
    assert not Cedar().decide(text, at).allowed


@pytest.mark.parametrize(
    ("value", "word"),
    [
        ("a", "has no name"),
        ({"name": " "}, "has no name"),
        ({"name": "a", "expect": []}, "has a part expect"),
        ({"name": "a", "refused_by": "forbid.x"}, "list of the ids"),
        ({"name": "a", "facts": {"subject": {"statos": "approved"}}}, "there is no fact subject.statos"),
        ({"name": "a", "facts": {"subject": "approved"}}, "subject. must be facts by name"),
        ({"name": "a", "facts": {"subject": {"state": 5}}}, "subject.state is a word"),
        ({"name": "a", "facts": {"commercial": "no"}}, "commercial is true or false"),
        ({"name": "a", "facts": {"experts": True}}, "experts is a whole number"),
        ({"name": "a", "facts": {"subject": {"purposes": [1]}}}, "a list of words"),
        ({"name": "a", "facts": {"subject": {"valid_until": "tomorrow"}}}, "a moment with its time zone"),
        ({"name": "a", "facts": {"now": "2026-01-01T00:00:00"}}, "a moment with its time zone"),
        ({"name": "a", "facts": {"subject": {"epsilon": -1}}}, "a number from 0 on"),
        ({"name": "a", "facts": {"subject": {"delta_ppb": 0.5}}}, "a whole number from 0 on"),
    ],
)
def test_an_example_that_cannot_be_read_is_told_why(value: Any, word: str) -> None:
    with pytest.raises(Invalid, match=word):
        read_examples([value])


def test_examples_have_names_of_their_own_and_are_not_endless() -> None:
    with pytest.raises(Invalid, match="Two examples are called"):
        read_examples([{"name": "a"}, {"name": "a"}])
    with pytest.raises(Invalid, match="at most"):
        read_examples([{"name": str(n)} for n in range(MAX_EXAMPLES + 1)])
