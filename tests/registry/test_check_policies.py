"""Checking a set that is being written: what is wrong, where, and what its examples come to so far."""

from typing import Any

import pytest

from registry.policy.cedar import Cedar, default_policies
from registry.policy.examples import default_examples
from registry.policy.places import Place
from tests.factories import BEN, CY, OTTO, api, make_proposal

PERMIT = '@id("permit.all")\npermit (principal, action, resource);\n'
SALES = '\n// not; for sale\n@id("forbid.sales")\n@reason("Not; for sale.")\nforbid (principal, action, resource)\n'


@pytest.mark.parametrize(
    ("text", "line", "column", "word"),
    [
        (PERMIT + SALES + "when { context.comercial };", 8, 16, "comercial"),
        (PERMIT + SALES + "when { context.commercial && };", 8, 30, "unexpected token"),
        (PERMIT + SALES + 'when { context.purpose == "é" && bar };', 8, 34, "invalid variable: bar"),
        (PERMIT + SALES + 'when { context.purpose == "sale };', 8, 27, "invalid token"),
        (PERMIT + SALES + "when { context.commercial }", 8, 27, "unexpected end of input"),
        (PERMIT.replace("action, ", "action ") + SALES + "when { context.commercial };", 2, 27, "unexpected token"),
        (PERMIT + SALES + "when { context.commercial == 3 };", 7, 1, "not compatible"),
        (PERMIT + PERMIT + SALES + "when { context.commercial };", 2, 1, "names 2 policies"),
        (PERMIT + SALES.replace("Not;", "{nobody}") + "when { context.commercial };", 7, 1, "known words are"),
    ],
)
def test_a_fault_says_where_it_lies(text: str, line: int, column: int, word: str) -> None:
    engine = Cedar()

    fault = next(one for one in engine.faults(text) if word in one)

    assert engine.place_of(text, fault) == Place(line, column)


def test_a_fault_of_the_whole_lies_nowhere() -> None:
    [fault] = Cedar().faults(PERMIT)

    assert Cedar().place_of(PERMIT, fault) is None


def test_a_fault_of_the_schema_names_the_rule_as_people_know_it() -> None:
    [fault] = Cedar().faults(PERMIT + SALES + "when { context.comercial };")

    assert 'in "forbid.sales", attribute `comercial`' in fault
    assert "policy1" not in fault


def check(text: str, examples: list[Any]) -> Any:
    return api(BEN).post("/api/v1/policies/check", {"text": text, "examples": examples}).json()


def test_what_is_being_written_is_answered_with_its_rules_and_examples() -> None:
    text = PERMIT + SALES + "when { context.commercial };"
    sold = {"name": "For sale", "facts": {"commercial": True}, "refused_by": []}

    checked = check(text, [{"name": "For research"}, sold])

    assert checked["faults"] == []
    assert [rule["id"] for rule in checked["rules"]] == ["permit.all", "forbid.sales"]
    assert [(one["as_expected"], one["refused_by"]) for one in checked["examples"]] == [
        (True, []),
        (False, ["forbid.sales"]),
    ]


def test_a_rule_without_an_example_is_marked_in_the_text() -> None:
    text = PERMIT + SALES + "when { context.commercial };\n" + SALES.replace("sales", "much").replace("Not;", "No")
    text += "when { context.experts > 3 };"
    sold = {"name": "For sale", "facts": {"commercial": True}, "refused_by": ["forbid.sales"]}

    [fault] = check(text, [{"name": "For research"}, sold])["faults"]

    assert fault == {
        "sentence": 'No example shows what "forbid.much" refuses; add one, or leave the rule out.',
        "line": 13,
        "column": 1,
    }


def test_an_example_that_cannot_be_read_is_a_fault_of_no_line() -> None:
    checked = check(PERMIT + SALES + "when { context.commercial };", [{"name": ""}])

    assert [(fault["line"], checked["examples"]) for fault in checked["faults"]] == [(None, [])]


def test_the_shipped_set_can_be_taken_as_a_beginning() -> None:
    checked = check(default_policies(), [dict(one) for one in default_examples()])

    assert checked["faults"] == []
    assert all(one["as_expected"] for one in checked["examples"])


def test_a_set_says_who_may_do_what_with_it() -> None:
    proposed = make_proposal(f"{default_policies()}\n// a first\n", by=BEN)

    may = {actor: api(actor).get(f"/api/v1/policies/{proposed.number}").json()["may"] for actor in (BEN, OTTO)}

    assert may[BEN] == {"propose": True, "activate": False, "go_back": False}
    assert may[OTTO] == {"propose": True, "activate": True, "go_back": False}
    assert api(CY).get(f"/api/v1/policies/{proposed.number}").status_code == 403
