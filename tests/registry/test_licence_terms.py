"""Licence expressions: normalised, explained as data, refused in one sentence."""

import pytest

from registry.errors import Invalid
from registry.evidence.licence_data import LICENCES
from registry.evidence.licence_texts import licence_text
from registry.evidence.licences import (
    all_together,
    alternatives,
    check_may_end,
    licences_in,
    normalised_licence,
    terms_of,
)


def test_an_expression_is_written_as_spdx_writes_it() -> None:
    assert normalised_licence("apache-2.0 and cc-by-4.0") == "Apache-2.0 AND CC-BY-4.0"


@pytest.mark.parametrize("words", ["Apache 2.0", "free for all", "MIT AND", "", "(", "MIT" * 100, "GPL-9.0-only"])
def test_free_words_are_refused(words: str) -> None:
    with pytest.raises(Invalid):
        normalised_licence(words)


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("Apache 2.0", "Apache-2.0"),
        ("Apache License, Version 2.0", "Apache-2.0"),
        ("MIT License", "MIT"),
        ("MITT", "MIT"),
        ("CC BY NC 4.0", "CC-BY-NC-4.0"),
        ("cc-by-4", "CC-BY-4.0"),
        ("GPLv3", "GPL-3.0-only"),
        ("bsd3", "BSD-3-Clause"),
        ("llama 3.1", "LicenseRef-scancode-llama-3.1-license-2024"),
    ],
)
def test_who_misspells_a_licence_is_told_the_nearest(words: str, meant: str) -> None:
    with pytest.raises(Invalid, match=f"Did you mean {meant}\\?"):
        normalised_licence(words)


def test_nothing_is_named_where_nothing_is_near() -> None:
    with pytest.raises(Invalid) as refusal:
        normalised_licence("free for all")

    assert "Did you mean" not in refusal.value.detail


@pytest.mark.parametrize(
    ("expression", "sentence"),
    [
        ("LicenseRef-guildhall-revocable-1.0 AND CC-BY-SA-4.0", "nobody can keep to both"),
        ("LicenseRef-guildhall-revocable-1.0 AND MIT", "can be taken back and MIT cannot"),
        ("(MIT OR GPL-3.0-only) AND LicenseRef-guildhall-revocable-1.0", "cannot"),
    ],
)
def test_terms_that_contradict_each_other_are_refused(expression: str, sentence: str) -> None:
    with pytest.raises(Invalid, match=sentence):
        normalised_licence(expression)


def test_what_is_given_for_good_has_no_end() -> None:
    with pytest.raises(Invalid, match="MIT cannot be taken back, so it has no end"):
        check_may_end("MIT")

    check_may_end("LicenseRef-guildhall-revocable-1.0")
    check_may_end("LicenseRef-Playhouse")


def test_where_one_may_choose_there_is_no_contradiction() -> None:
    assert normalised_licence("LicenseRef-guildhall-revocable-1.0 OR CC-BY-SA-4.0")


def test_alternatives_begin_with_the_freest() -> None:
    found = alternatives("CC-BY-NC-4.0 OR (GPL-3.0-only AND MIT) OR MIT")

    assert [[terms.id for terms in choice] for choice in found] == [["MIT"], ["GPL-3.0-only", "MIT"], ["CC-BY-NC-4.0"]]


def test_a_licence_of_ones_own_needs_its_text() -> None:
    with pytest.raises(Invalid, match="full text"):
        normalised_licence("LicenseRef-Playhouse")

    assert normalised_licence("LicenseRef-Playhouse", text="You may read it.") == "LicenseRef-Playhouse"


def test_a_known_licence_without_a_text_of_the_list_needs_it_too() -> None:
    with pytest.raises(Invalid, match=r"The text of LicenseRef-scancode-bigscience-open-rail-m .* give its full text"):
        normalised_licence("LicenseRef-scancode-bigscience-open-rail-m")

    assert normalised_licence("LicenseRef-scancode-bigscience-open-rail-m", text="Do no harm.")


@pytest.mark.parametrize("name", LICENCES)
def test_of_every_licence_we_speak_of_there_is_a_text_or_it_is_asked_for(name: str) -> None:
    if licence_text(name) is None:
        with pytest.raises(Invalid, match="give its full text"):
            normalised_licence(name)
    assert normalised_licence(name, text="The text.") == name


def test_an_expression_names_its_licences_and_exceptions() -> None:
    assert licences_in("(MIT OR Apache-2.0) AND GPL-2.0-only WITH Classpath-exception-2.0 AND MIT") == (
        "MIT",
        "Apache-2.0",
        "GPL-2.0-only",
        "Classpath-exception-2.0",
    )


@pytest.mark.parametrize(
    ("parts", "whole"),
    [
        (["MIT"], "MIT"),
        (["MIT OR CC0-1.0"], "MIT OR CC0-1.0"),
        (["MIT", "MIT AND CC-BY-4.0"], "MIT AND CC-BY-4.0"),
        (["Apache-2.0", "MIT OR CC0-1.0", "MIT OR CC0-1.0"], "Apache-2.0 AND (MIT OR CC0-1.0)"),
    ],
)
def test_a_whole_stands_under_all_that_its_parts_ask_for(parts: list[str], whole: str) -> None:
    assert all_together(parts) == whole


def test_and_takes_the_strictest() -> None:
    terms = terms_of("MIT AND CC-BY-NC-SA-4.0")

    assert (terms.commercial_use, terms.share_alike, terms.known) == (False, True, True)


def test_or_lets_one_choose_the_freest() -> None:
    terms = terms_of("MIT OR CC-BY-NC-SA-4.0")

    assert (terms.commercial_use, terms.share_alike) == (True, False)


def test_a_licence_nobody_has_read_allows_nothing() -> None:
    terms = terms_of("Sleepycat")

    assert (terms.known, terms.commercial_use, terms.derivatives) == (False, False, False)


def test_purposes_narrow_with_and_and_widen_with_or() -> None:
    research = "LicenseRef-scancode-llama-license-2023"

    assert terms_of(f"MIT AND {research}").only_for == ("research", "evaluation")
    assert terms_of(f"MIT OR {research}").only_for is None


def test_only_the_house_terms_can_be_taken_back() -> None:
    assert terms_of("LicenseRef-guildhall-revocable-1.0").revocable
    assert not terms_of("Apache-2.0").revocable
    assert not terms_of("LicenseRef-guildhall-revocable-1.0 AND MIT").revocable
