"""Licence expressions: normalised, explained as data, refused in one sentence."""

import pytest

from registry.errors import Invalid
from registry.evidence.licence_texts import licence_text
from registry.evidence.licences import LICENCES, all_together, licences_in, normalised_licence, terms_of


def test_an_expression_is_written_as_spdx_writes_it() -> None:
    assert normalised_licence("apache-2.0 and cc-by-4.0") == "Apache-2.0 AND CC-BY-4.0"


@pytest.mark.parametrize("words", ["Apache 2.0", "free for all", "MIT AND", "", "(", "MIT" * 100, "GPL-9.0-only"])
def test_free_words_are_refused(words: str) -> None:
    with pytest.raises(Invalid):
        normalised_licence(words)


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
    assert licence_text(name) or name == "LicenseRef-scancode-bigscience-open-rail-m"


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
    terms = terms_of("GPL-3.0-only")

    assert (terms.known, terms.commercial_use, terms.derivatives) == (False, False, False)


def test_only_the_house_terms_can_be_taken_back() -> None:
    assert terms_of("LicenseRef-guildhall-revocable-1.0").revocable
    assert not terms_of("Apache-2.0").revocable
    assert not terms_of("LicenseRef-guildhall-revocable-1.0 AND MIT").revocable
