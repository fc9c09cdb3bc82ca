"""The policy set that we ship: each rule refuses what it names, says why, and permits the rest."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from registry.policy.cedar import Cedar, default_policies
from registry.policy.rules import Consumer, Facts, Subject

NOW = timezone.now()
ANCHOR = "sha256:" + "a" * 64
SUBJECT = Subject(
    name="playhouse/drama@1",
    state="approved",
    anchor_digest=ANCHOR,
    signature_verified=True,
    licence="CC-BY-4.0",
    licence_known=True,
    commercial_use=True,
    derivatives=True,
    purposes=("research", "service"),
    valid_from=NOW - timedelta(days=1),
)
FACTS = Facts(
    action="compose",
    consumer=Consumer(slug="library", jurisdiction="DE"),
    purpose="research",
    commercial=False,
    anchor_digest=ANCHOR,
    subject=SUBJECT,
    now=NOW,
)


def decided(facts: Facts = FACTS, text: str = "", **subject: Any) -> tuple[bool, list[str]]:
    verdict = Cedar().decide(text or default_policies(), replace(facts, subject=replace(facts.subject, **subject)))
    return verdict.allowed, [reason.policy for reason in verdict.reasons]


def test_the_shipped_set_has_no_fault() -> None:
    assert list(Cedar().faults(default_policies())) == []


def test_what_nothing_forbids_is_permitted() -> None:
    assert decided() == (True, [])


@pytest.mark.parametrize(
    ("rule", "subject"),
    [
        ("forbid.not-approved", {"state": "verified"}),
        ("forbid.not-approved", {"state": "withdrawn"}),
        ("forbid.other-anchor", {"anchor_digest": "sha256:" + "b" * 64}),
        ("forbid.signature-unverified", {"signature_verified": False}),
        ("forbid.purpose-outside-consent", {"purposes": ("service",)}),
        ("forbid.purpose-outside-consent", {"purposes": ()}),
        ("forbid.consent-not-yet-valid", {"valid_from": NOW + timedelta(seconds=2)}),
        ("forbid.consent-not-yet-valid", {"valid_from": None}),
        ("forbid.consent-expired", {"valid_until": NOW}),
        ("forbid.licence-expired", {"licence_valid_until": NOW}),
        ("forbid.recipient-not-named", {"recipients": ("museum",)}),
        ("forbid.jurisdiction-outside-consent", {"jurisdictions": ("FR",)}),
        ("forbid.licence-unknown", {"licence_known": False, "commercial_use": False, "derivatives": False}),
        ("forbid.licence-no-derivatives", {"derivatives": False}),
    ],
)
def test_a_rule_refuses_what_it_names_and_nothing_else_does(rule: str, subject: dict[str, Any]) -> None:
    assert decided(**subject) == (False, [rule])


@pytest.mark.parametrize(
    "subject",
    [
        {"recipients": ("library",)},
        {"jurisdictions": ("DE", "FR")},
        {"valid_until": NOW + timedelta(seconds=2)},
        {"licence_valid_until": NOW + timedelta(seconds=2)},
        {"commercial_use": False},
    ],
)
def test_what_the_consent_and_the_licence_name_is_permitted(subject: dict[str, Any]) -> None:
    assert decided(**subject) == (True, [])


def test_a_commercial_purpose_needs_a_licence_that_allows_it() -> None:
    commercial = replace(FACTS, purpose="service", commercial=True)

    assert decided(commercial, commercial_use=False) == (False, ["forbid.licence-non-commercial"])
    assert decided(commercial) == (True, [])


def test_a_consent_for_a_country_holds_in_its_parts_and_not_the_other_way() -> None:
    californian = replace(FACTS, consumer=Consumer(slug="library", jurisdiction="US-CA"))
    american = replace(FACTS, consumer=Consumer(slug="library", jurisdiction="US"))

    assert decided(californian, jurisdictions=("US",)) == (True, [])
    assert decided(american, jurisdictions=("US-CA",)) == (False, ["forbid.jurisdiction-outside-consent"])


def test_every_rule_that_refuses_is_named_and_says_why_in_the_words_of_the_case() -> None:
    verdict = Cedar().decide(
        default_policies(), replace(FACTS, subject=replace(SUBJECT, state="verified", purposes=("service",)))
    )

    assert [reason.policy for reason in verdict.reasons] == ["forbid.not-approved", "forbid.purpose-outside-consent"]
    assert verdict.reasons[0].reason == "playhouse/drama@1 is verified; only an approved version may be used."
    assert "covers service, not research" in verdict.reasons[1].reason


def test_a_name_from_outside_is_a_word_and_never_policy_text() -> None:
    subject: dict[str, Any] = {"licence": '{purpose}" || true //', "licence_known": False}

    verdict = Cedar().decide(default_policies(), replace(FACTS, subject=replace(SUBJECT, **subject)))

    assert not verdict.allowed
    assert '{purpose}" || true //' in verdict.reasons[0].reason


def test_a_policy_that_cannot_be_evaluated_refuses() -> None:
    # In Cedar alone the failing rule would be left out, and what it forbids would be permitted.
    text = default_policies() + '@id("forbid.bad")\n@reason("No.")\nforbid (principal, action, resource) when '
    text += "{ resource.valid_until <= context.now };"

    assert decided(text=text) == (False, ["engine.failed"])


def test_a_set_without_a_permit_refuses_with_a_reason() -> None:
    assert decided(
        text='@id("f")\n@reason("No.")\nforbid (principal, action, resource) when { context.commercial };'
    ) == (
        False,
        ["engine.no-permit"],
    )


PERMIT = '@id("p")\npermit (principal, action, resource);\n'


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("permit (", "cannot be read"),
        ('@id("f")\n@reason("No.")\nforbid (principal, action, resource);', "No policy permits"),
        (PERMIT + '@id("f")\nforbid (principal, action, resource);', "without a @reason"),
        (PERMIT + '@reason("No.")\nforbid (principal, action, resource);', "no @id"),
        (PERMIT, "permits everything"),
        (PERMIT + PERMIT, "names 2 policies"),
        (PERMIT + '@id("Nein!")\n@reason("No.")\nforbid (principal, action, resource);', "will not do as an @id"),
        (PERMIT + '@id("engine.x")\n@reason("No.")\nforbid (principal, action, resource);', "will not do as an @id"),
        (PERMIT + '@id("f")\n@reason("No.")\nforbid (principal == ?principal, action, resource);', "has a slot"),
        (
            PERMIT + '@id("f")\n@reason("No.")\nforbid (principal, action, resource) '
            'when { ExpertVersion::"a/b@1".state == "approved" };',
            "looks into a thing that it names",
        ),
        (PERMIT + "// " + "x" * 262144, "more than 262144 bytes"),
        (PERMIT + '@id("f")\n@reason("{secret}")\nforbid (principal, action, resource);', "known words"),
        (PERMIT + '@id("f")\n@reason("{version.__class__}")\nforbid (principal, action, resource);', "known words"),
        (PERMIT + '@id("f")\n@reason("{")\nforbid (principal, action, resource);', "cannot be filled in"),
        (
            PERMIT + '@id("f")\n@reason("No.")\nforbid (principal, action, resource) when { resource.statos == "x" };',
            "do not fit the schema",
        ),
    ],
)
def test_a_set_with_a_fault_is_told_what_it_is(text: str, word: str) -> None:
    assert any(word in fault for fault in Cedar().faults(text)), Cedar().faults(text)
