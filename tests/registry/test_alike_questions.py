"""What is answered as another question was is answered as Cedar alone would, with the whole set and all facts."""

import json
from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

import cedarpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.policy.alike import EVERYTHING, looks_of
from registry.policy.cedar import FAILED, NO_PERMIT, Cedar, default_policies, entities_of, policies_as_json
from registry.policy.examples import default_examples, read_examples
from registry.policy.rules import MOMENTS, Facts, Subject

EXAMPLES = [example.facts for example in read_examples(default_examples())]
VALUES = {one.name: list(dict.fromkeys(getattr(e.subject, one.name) for e in EXAMPLES)) for one in fields(Subject)}
FORBID = '@id("forbid.z")\n@reason("No, {version}.")\nforbid (principal, action, resource)'
CONDITIONS = {
    "nothing": None,
    "a name": 'resource == ExpertVersion::"museum/paintings@7"',
    "two times": "resource has valid_from && resource has valid_until && resource.valid_from > resource.valid_until",
    "a time and a number": "resource has valid_from && resource.valid_from > 1767225600",
    "a sum with now": "resource has valid_from && resource.valid_from * 2 > context.now + resource.valid_from",
    "a sum that fails": "resource has approved_at && resource.approved_at + 9223372036854775806 > context.now",
    "a fact that may not be there": 'resource.epsilon.greaterThan(decimal("1.0"))',
    "the whole version": "[resource].contains(resource)",
    "only that it is there": "resource has valid_until",
    "a difference": "resource has approved_at && context.now - 86400 == resource.approved_at",
}
moments = st.sampled_from(
    [None, *(EXAMPLES[0].now + timedelta(seconds=s) for s in (-63072001, -63072000, -86400, -1, 0, 1, 9999))]
)
subjects = st.builds(
    Subject,
    **{name: moments if name in MOMENTS else st.sampled_from(VALUES[name]) for name in VALUES},
)


def text_with(condition: str | None) -> str:
    return default_policies() if condition is None else f"{default_policies()}\n{FORBID} when {{ {condition} }};\n"


def plainly(text: str, facts: Facts) -> tuple[str, ...]:
    """Cedar itself, asked once, about everything."""
    request = {
        "principal": {"type": "Organisation", "id": facts.consumer.slug},
        "action": {"type": "Action", "id": facts.action},
        "resource": {"type": "ExpertVersion", "id": facts.subject.name},
        "context": {
            "anchor": facts.anchor_digest,
            "purpose": facts.purpose,
            "commercial": facts.commercial,
            "experts": facts.experts,
            "now": int(facts.now.timestamp()),
        },
    }
    answer = cedarpy.is_authorized(request, text, json.dumps(entities_of(facts.consumer, facts.subject)))
    named = [] if answer.allowed else sorted(answer.diagnostics.id_annotations_by_reason.values())
    if answer.diagnostics.errors:
        named.append(FAILED)
    return tuple(named or ([] if answer.allowed else [NO_PERMIT]))


@pytest.mark.parametrize("what", CONDITIONS)
@settings(max_examples=15, deadline=None)
@given(asked=st.lists(st.tuples(st.sampled_from(EXAMPLES), subjects, st.integers(-2, 2)), min_size=2, max_size=6))
def test_whatever_was_asked_before_the_answer_is_cedars_own(what: str, asked: list[tuple[Facts, Subject, int]]) -> None:
    text, engine = text_with(CONDITIONS[what]), Cedar()
    drawn = [replace(e, subject=s, now=e.now + timedelta(seconds=later)) for e, s, later in asked]
    questions = [*drawn, *(replace(one, subject=replace(one.subject, name="a/b@1")) for one in drawn), *drawn]

    verdicts = engine.decide_all(text, questions)

    for one, verdict in zip(questions, verdicts, strict=True):
        assert tuple(reason.policy for reason in verdict.reasons) == plainly(text, one)
        assert verdict.allowed == (not verdict.reasons)
        assert all(one.subject.name in r.reason for r in verdict.reasons if "{version}" in _reason(text, r.policy))


def _reason(text: str, rule: str) -> str:
    return next((one.reason for one in Cedar().rules(text) if one.id == rule), "")


def test_reasons_are_filled_in_for_each_by_itself() -> None:
    plain = EXAMPLES[0]
    late = [replace(plain.subject, name=f"playhouse/e{n}@1", state="paused") for n in range(3)]

    verdicts = Cedar().decide_all(default_policies(), [replace(plain, subject=one) for one in late])
    told = [verdict.reasons[0].reason.split(" ")[0] for verdict in verdicts]

    assert told == [one.name for one in late]


def looks(condition: str) -> Any:
    text = f'@id("p")\npermit (principal, action, resource);\n{FORBID} when {{ {condition} }};'
    return looks_of(policies_as_json(text)["staticPolicies"].values())


def test_what_a_set_looks_at_is_read_from_it() -> None:
    assert looks('resource.state == "approved"').facts == ("state",)
    assert looks("resource has valid_from && resource.valid_from <= context.now").facts == ()
    assert looks("resource has valid_from && resource.valid_from <= context.now").moments == ("valid_from",)
    assert looks("resource.anchor == context.anchor").facts == ("anchor_digest",)
    assert looks(CONDITIONS["two times"] or "").facts == ("valid_from", "valid_until")
    assert looks(CONDITIONS["a name"] or "").facts == ("name",)
    assert looks("context.now + 1 < 5 * context.experts").to_the_second
    assert looks("resource.nonsense == 1").facts == EVERYTHING


def test_the_shipped_set_does_not_look_at_names() -> None:
    found = looks_of(policies_as_json(default_policies())["staticPolicies"].values())

    assert not {"name", "organisation", "domain", "licence", *found.moments} & set(found.facts)
    assert not found.to_the_second
