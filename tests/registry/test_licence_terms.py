"""Licence expressions: normalised, explained as data, refused in one sentence."""

import pytest

from registry.errors import Invalid
from registry.evidence.licences import normalised_licence, terms_of


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
