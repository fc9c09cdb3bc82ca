"""Licences taken together: which duties are united, what cannot go together, and by which rule."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured
from hypothesis import given
from hypothesis import strategies as st

from registry.evidence.combining import (
    COLLECTION,
    CONFLICTS,
    DERIVATIVE,
    READINGS,
    Combined,
    combine,
)
from registry.evidence.duties import Part, to_be_told
from registry.evidence.licence_data import LICENCES
from registry.evidence.rules import PURPOSES

NOW = datetime(2026, 11, 23, tzinfo=UTC)
HOUSE = "LicenseRef-guildhall-revocable-1.0"
RAIL = "LicenseRef-scancode-bigscience-open-rail-m"
LLAMA = "LicenseRef-scancode-llama-3.1-license-2024"
FERRET = "LicenseRef-scancode-apple-ml-ferret-2023"


def together(*licences: str, purpose: str = "research", counts_as: str = DERIVATIVE) -> Combined:
    parts = [Part(chr(97 + number), licence) for number, licence in enumerate(licences)]
    return combine(parts, purpose=PURPOSES[purpose], counts_as=counts_as, now=NOW)


def rules_of(combined: Combined) -> set[str]:
    return {duty.rule for duty in combined.duties}


@pytest.mark.parametrize(
    ("licences", "purpose", "rule", "parts"),
    [
        (["CC-BY-SA-4.0", "GPL-2.0-only"], "research", "conflict.share-alike", "ab"),
        (["CC-BY-SA-4.0", "MIT", "CC-BY-NC-SA-4.0"], "research", "conflict.share-alike", "ac"),
        (["GPL-2.0-only", "GPL-3.0-only"], "research", "conflict.share-alike", "ab"),
        (["GPL-2.0-only", "Apache-2.0"], "research", "conflict.share-alike-restriction", "ba"),
        (["CC-BY-SA-4.0", "CC-BY-NC-4.0"], "research", "conflict.share-alike-restriction", "ba"),
        (["CC-BY-SA-4.0", HOUSE], "research", "conflict.share-alike-restriction", "ba"),
        (["CC-BY-SA-4.0", RAIL], "research", "conflict.share-alike-restriction", "ba"),
        (["CC-BY-SA-4.0", LLAMA], "research", "conflict.share-alike-restriction", "ba"),
        (["MIT", "CC-BY-ND-4.0"], "research", "conflict.no-derivatives", "b"),
        (["MIT", "CC-BY-NC-4.0", "CC-BY-NC-4.0"], "service", "conflict.non-commercial", "bc"),
        (["MIT", FERRET], "education", "conflict.field-of-use", "b"),
        (["MIT", "Elastic-2.0"], "service", "conflict.field-of-use", "b"),
        (["MIT", "Sleepycat"], "research", "conflict.unread", "b"),
    ],
)
def test_what_cannot_go_together_is_named_with_its_rule_and_parts(
    licences: list[str], purpose: str, rule: str, parts: str
) -> None:
    [conflict] = together(*licences, purpose=purpose).conflicts

    assert (conflict.rule, "".join(conflict.parts)) == (rule, parts)
    assert conflict.sentence.endswith(".")


@pytest.mark.parametrize(
    ("licences", "shared_as"),
    [
        (["MIT", "Apache-2.0", "CC-BY-4.0"], ""),
        (["CC-BY-SA-4.0", "MIT", "CC0-1.0", "CC-BY-4.0"], "CC-BY-SA-4.0"),
        (["CC-BY-SA-3.0", "CC-BY-SA-4.0"], "CC-BY-SA-4.0"),
        (["CC-BY-SA-4.0", "GPL-3.0-only"], "GPL-3.0-only"),
        (["GPL-2.0-or-later", "Apache-2.0"], "GPL-3.0-only"),
        (["GPL-2.0-or-later", "GPL-2.0-only"], "GPL-2.0-only"),
        (["AGPL-3.0-only", "GPL-3.0-or-later", "LGPL-2.1-only", "MPL-2.0"], "AGPL-3.0-only"),
        (["CC-BY-NC-SA-4.0", "CC-BY-NC-4.0"], "CC-BY-NC-SA-4.0"),
    ],
)
def test_what_can_go_together_names_the_licence_of_the_whole(licences: list[str], shared_as: str) -> None:
    combined = together(*licences)

    assert (combined.conflicts, combined.shared_as) == ((), shared_as)


def test_of_a_choice_the_licence_that_goes_with_the_others_is_taken() -> None:
    alone = together("Apache-2.0 OR GPL-2.0-only")
    beside = together("Apache-2.0 OR GPL-2.0-only", "GPL-2.0-only")

    assert "Apache-2.0 is relied on for a" in sentence_of(alone, "duty.choice")
    assert "GPL-2.0-only is relied on for a" in sentence_of(beside, "duty.choice")
    assert beside.allowed


def sentence_of(combined: Combined, rule: str) -> str:
    [found] = [duty.sentence for duty in combined.duties if duty.rule == rule]
    return found


@pytest.mark.parametrize(
    "licences", [["CC-BY-SA-4.0", "GPL-2.0-only"], ["MIT", "CC-BY-ND-4.0"], ["CC-BY-SA-4.0", HOUSE]]
)
def test_in_a_collection_the_parts_stay_their_own(licences: list[str]) -> None:
    assert not together(*licences).allowed
    assert together(*licences, counts_as=COLLECTION).allowed


def test_duties_are_united_with_the_parts_that_they_come_from() -> None:
    combined = together("Apache-2.0", "CC-BY-4.0", "Apache-2.0", RAIL, counts_as=COLLECTION, purpose="public-service")

    changes = next(duty for duty in combined.duties if duty.rule == "duty.changes")
    assert (changes.parts, changes.licences) == (("a", "c", "b", "d"), ("Apache-2.0", "CC-BY-4.0", RAIL))
    assert {"duty.use-restrictions", "duty.output-label-as-machine-made", "duty.make-sure"} <= rules_of(combined)
    assert "law enforcement" in sentence_of(combined, "duty.make-sure")
    assert combined.outbound == f"Apache-2.0 AND CC-BY-4.0 AND {RAIL}"


@pytest.mark.parametrize(
    ("licence", "rule"),
    [
        ("CC-BY-4.0", "duty.attribution"),
        ("CC-BY-SA-4.0", "duty.share-alike"),
        ("MPL-2.0", "duty.stays-under"),
        ("CC-BY-NC-4.0", "duty.non-commercial"),
        (FERRET, "duty.only-for"),
        (LLAMA, "duty.commercial-limit"),
        (LLAMA, "duty.built-with-llama"),
        (LLAMA, "duty.output-name-what-is-trained"),
        (HOUSE, "duty.no-redistribution"),
        (HOUSE, "duty.stop-at-withdrawal"),
        ("AGPL-3.0-only", "duty.network-source"),
    ],
)
def test_what_a_licence_asks_for_is_a_duty(licence: str, rule: str) -> None:
    assert rule in rules_of(together(licence))
    assert rule not in rules_of(together("CC0-1.0"))


def test_an_owners_words_of_attribution_are_in_the_duty() -> None:
    parts = [Part("drama", "CC-BY-4.0", attribution="The Playhouse"), Part("text", "CC0-1.0", attribution="Nobody")]

    combined = combine(parts, purpose=PURPOSES["research"], counts_as=DERIVATIVE, now=NOW)

    assert "“The Playhouse”" in sentence_of(combined, "duty.attribution")


def test_a_licence_that_ended_is_a_conflict_and_one_that_will_end_a_duty() -> None:
    parts = [Part("old", "MIT", valid_until=NOW), Part("new", "MIT", valid_until=NOW + timedelta(days=2))]

    combined = combine(parts, purpose=PURPOSES["research"], counts_as=DERIVATIVE, now=NOW)

    assert [(conflict.rule, conflict.parts) for conflict in combined.conflicts] == [("conflict.expired", ("old",))]
    assert any(duty.rule == "duty.ends" and "25 November 2026" in duty.sentence for duty in combined.duties)


def test_what_has_to_be_told_leaves_out_what_credits_and_texts_do() -> None:
    free = to_be_told([Part("a", "MIT"), Part("b", "CC-BY-4.0"), Part("c", "Apache-2.0")])
    bound = to_be_told([Part("a", "CC-BY-SA-4.0"), Part("b", LLAMA)])

    assert free == []
    assert {"duty.share-alike", "duty.built-with-llama", "duty.use-restrictions"} <= {duty.rule for duty in bound}


LISTS = st.lists(st.sampled_from(sorted(LICENCES)), min_size=1, max_size=6)


@given(LISTS, st.sampled_from(sorted(PURPOSES)), st.sampled_from(READINGS))
def test_whatever_is_combined_each_finding_names_a_rule_parts_and_a_sentence(
    licences: list[str], purpose: str, counts_as: str
) -> None:
    combined = together(*licences, purpose=purpose, counts_as=counts_as)

    names = {chr(97 + number) for number in range(len(licences))}
    assert {conflict.rule for conflict in combined.conflicts} <= CONFLICTS.keys()
    for found in (*combined.duties, *combined.conflicts):
        assert found.parts
        assert set(found.parts) <= names
        assert found.sentence.endswith((".", "”"))


@given(LISTS, st.sampled_from(sorted(LICENCES)), st.sampled_from(sorted(PURPOSES)))
def test_a_further_part_takes_no_conflict_of_one_part_away_and_no_reading_adds_to_the_strict_one(
    licences: list[str], more: str, purpose: str
) -> None:
    before = together(*licences, purpose=purpose, counts_as=COLLECTION)
    after = together(*licences, more, purpose=purpose, counts_as=COLLECTION)
    strict = together(*licences, more, purpose=purpose, counts_as=DERIVATIVE)

    assert {c.rule for c in before.conflicts} <= {c.rule for c in after.conflicts} <= {c.rule for c in strict.conflicts}


def test_the_order_of_the_parts_does_not_decide() -> None:
    licences = ["CC-BY-SA-4.0", "Apache-2.0 OR GPL-2.0-only", "GPL-3.0-only", "MPL-2.0"]

    one, two = together(*licences), together(*reversed(licences))

    assert (one.allowed, one.shared_as) == (two.allowed, two.shared_as) == (True, "GPL-3.0-only")


def test_a_reading_that_there_is_not_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib

    from registry import settings

    with monkeypatch.context() as patch:
        patch.setenv("GUILDHALL_COMPOSITION_COUNTS_AS", "neither")

        with pytest.raises(ImproperlyConfigured, match="'neither'; it must be derivative or collection"):
            importlib.reload(settings)

    importlib.reload(settings)
