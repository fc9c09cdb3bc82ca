"""README.md and NOTICE: credits for everybody, the same bytes for the same recipe, and no owner's word as markup."""

import re

import pytest

from flexcore.manifest import check_texts
from registry.compositions.queries import repository_texts
from registry.compositions.texts import AnchorCredit, ExpertCredit, repository_texts_of
from registry.evidence.models import LicenceTerms
from tests.factories import make_expert, make_version, request

ANCHOR = AnchorCredit(name="Small", licence="Apache-2.0", digest="sha256:" + "a" * 64)


def credit(**fields: str) -> ExpertCredit:
    defaults = {"title": "Drama", "owner": "Playhouse", "licence": "CC-BY-4.0", "attribution": "", "licence_text": ""}
    return ExpertCredit(
        slot=1, name="playhouse/drama", version=1, data_digest="sha256:" + "b" * 64, **(defaults | fields)
    )


def test_they_credit_everybody_by_slot() -> None:
    drama, code = make_version(), make_version(make_expert("code", organisation="codeworks"), licence="MIT")

    texts = repository_texts(request(drama, code))

    check_texts(texts)
    readme, notice = texts["README.md"].decode(), texts["NOTICE"].decode()
    assert "| 1 | playhouse/drama@1 | Drama | Playhouse | CC-BY-4.0 |" in readme
    assert "| 2 | codeworks/code@1 | Code | Codeworks | MIT |" in readme
    assert f"Data: {code.data_digest}" in notice
    assert "Attribution: Playhouse" in notice


def test_they_follow_from_the_recipe_and_not_from_model_or_time() -> None:
    version = make_version()

    one, two = request(version, name="one"), request(version, name="two", on_withdrawal="close")

    assert repository_texts(one) == repository_texts(two)
    assert b"library/" not in b"".join(repository_texts(one).values())


def test_the_text_of_a_licence_of_ones_own_is_in_the_notice() -> None:
    version = make_version()
    LicenceTerms.objects.update(text="Do what is right.\n\nAnd say so.")

    notice = repository_texts(request(version))["NOTICE"].decode()

    assert "    Do what is right.\n\n    And say so." in notice


@pytest.mark.parametrize(
    "title",
    [
        "a | b",
        "[here](http://x.example)",
        "<script>x</script>",
        "![x](y)",
        "`x`",
        "two\nlines",
        "https://x.example",
        "{rows}",
    ],
)
def test_what_an_owner_wrote_is_plain_text(title: str) -> None:
    readme = repository_texts_of(ANCHOR, [credit(title=title, attribution=title)], top_k=2)["README.md"].decode()

    [row] = [line for line in readme.splitlines() if "playhouse/drama" in line and line.startswith("|")]
    assert len(re.findall(r"(?<!\\)\|", row)) == 6
    assert not re.search(r"(?<!\\)[<`\[]", row)
    assert "https:" not in row


def test_they_end_in_one_line_end_and_have_no_empty_credits() -> None:
    texts = repository_texts_of(ANCHOR, [credit()], top_k=2)

    assert all(text.endswith(b"\n") and not text.endswith(b"\n\n") for text in texts.values())
    assert b"Attribution" not in texts["NOTICE"] + texts["README.md"]
