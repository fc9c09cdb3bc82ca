"""The texts of a composed repository: credits for everybody, each licence in full, a bill of materials, the same bytes
for the same recipe, and no owner's word as markup.
"""

import json
import re
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from hypothesis import given, settings
from hypothesis import strategies as st

from flexcore.manifest import check_texts
from flexcore.untrusted import Malformed
from registry.compositions.credits import AnchorCredit, Described, ExpertCredit, licence_files
from registry.compositions.queries import repository_texts
from registry.compositions.texts import repository_texts_of
from registry.evidence.models import LicenceTerms
from tests.factories import make_expert, make_version, request

ANCHOR = AnchorCredit(name="Small", licence="Apache-2.0", digest="sha256:" + "a" * 64)
RECIPE = "sha256:" + "c" * 64


def credit(*, slot: int = 1, **fields: Any) -> ExpertCredit:
    defaults: dict[str, Any] = {
        "title": "Drama",
        "owner": "Playhouse",
        "declared": "CC-BY-4.0",
        "attribution": "",
        "licence_text": "",
    }
    defaults |= {"name": "playhouse/drama", "version": 1, "data_digest": "sha256:" + "b" * 64}
    return ExpertCredit(slot=slot, **(defaults | fields))


def texts_of(*experts: ExpertCredit) -> dict[str, bytes]:
    return repository_texts_of(ANCHOR, experts, top_k=2, recipe_digest=RECIPE)


def bom_of(*experts: ExpertCredit) -> dict[str, Any]:
    text = texts_of(*experts)["bom.cdx.json"].decode()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    found: dict[str, Any] = json.loads(text)
    return found


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


def test_each_licence_is_there_in_full_and_the_whole_is_all_of_them() -> None:
    drama = make_version()
    code = make_version(make_expert("code", organisation="codeworks"), licence="MIT OR GPL-2.0-only")

    texts = repository_texts(request(drama, code))

    assert b"Apache License" in texts["LICENSES/Apache-2.0.txt"]
    assert b"Creative Commons" in texts["LICENSES/CC-BY-4.0.txt"]
    assert {"LICENSES/MIT.txt", "LICENSES/GPL-2.0-only.txt"} <= texts.keys()
    assert b"\n    Apache-2.0 AND CC-BY-4.0 AND (MIT OR GPL-2.0-only)\n" in texts["LICENSE"]
    assert b"Slot 2: codeworks/code@1, of Codeworks\nLicence: MIT OR GPL-2.0-only\n" in texts["LICENSE"]


def test_what_was_declared_and_what_was_concluded_both_stand_there() -> None:
    texts = texts_of(credit(declared="MIT", concluded="CC-BY-4.0"))

    assert b"Licence: CC-BY-4.0\nDeclared by its owner: MIT\n" in texts["LICENSE"]
    assert {"LICENSES/MIT.txt", "LICENSES/CC-BY-4.0.txt"} <= texts.keys()


def test_the_text_that_an_owner_brought_is_a_file_and_the_notice_points_to_it() -> None:
    version = make_version()
    LicenceTerms.objects.update(declared="LicenseRef-Playhouse", concluded="", text="Do what is right.\n\nAnd say so.")

    texts = repository_texts(request(version))

    [path] = [path for path in texts if path.startswith("LICENSES/LicenseRef-Playhouse-")]
    assert texts[path] == b"Do what is right.\n\nAnd say so.\n"
    assert f"Text: {path}\n".encode() in texts["NOTICE"]


def test_two_owners_terms_of_one_name_both_stay() -> None:
    mine, theirs = (
        credit(slot=slot, name=name, declared="LicenseRef-terms", licence_text=text)
        for slot, name, text in ((1, "a/x", "Mine."), (2, "b/y", "Theirs."))
    )

    texts = texts_of(mine, theirs)

    own = [data for path, data in texts.items() if "LicenseRef-terms" in path]
    assert sorted(own) == [b"Mine.\n", b"Theirs.\n"]


def test_an_owners_own_words_stand_beside_the_lists_text() -> None:
    files = licence_files(credit(declared="MIT", licence_text="MIT License\n\nCopyright (c) 2026 Playhouse"))

    assert len(files) == 2
    assert any(b"Copyright (c) 2026 Playhouse" in data for data in files.values())


def test_a_licence_whose_text_nobody_has_is_not_published_without_it() -> None:
    with pytest.raises(Malformed, match="is not to be had; leave that part out"):
        texts_of(credit(declared="LicenseRef-lost"))


def test_the_bill_of_materials_tells_parts_owners_licences_and_digests() -> None:
    told = Described(trained_by="The players", dataset="Plays.", data_name="Stage", personal_data=("names",))
    expert = credit(concluded="MIT", described=told, attribution="The Players")

    bom = bom_of(expert)

    [anchor, drama] = bom["components"]
    assert anchor["licenses"] == [{"expression": "Apache-2.0", "acknowledgement": "declared"}]
    assert drama["licenses"] == [{"expression": "MIT", "acknowledgement": "concluded"}]
    assert drama["hashes"] == [{"alg": "SHA-256", "content": "b" * 64}]
    assert (drama["supplier"], drama["copyright"]) == ({"name": "Playhouse"}, "The Players")
    [data] = drama["modelCard"]["modelParameters"]["datasets"]
    assert (data["name"], data["description"], data["sensitiveData"]) == ("Stage", "Plays.", ["names"])
    assert bom["dependencies"][0] == {"ref": "model", "dependsOn": ["anchor", "expert:playhouse/drama@1"]}


def test_other_words_are_another_bill_of_materials() -> None:
    one, same, other = bom_of(credit()), bom_of(credit()), bom_of(credit(attribution="The Players"))

    assert one == same
    assert one["serialNumber"] != other["serialNumber"]


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
        "\N{RIGHT-TO-LEFT OVERRIDE}evil\x1b[31m\N{LINE SEPARATOR}# x",
    ],
)
def test_what_an_owner_wrote_is_plain_text(title: str) -> None:
    readme = texts_of(credit(title=title, attribution=title))["README.md"].decode()

    [row] = [line for line in readme.splitlines() if "playhouse/drama" in line and line.startswith("|")]
    assert len(re.findall(r"(?<!\\)\|", row)) == 6
    assert not re.search(r"(?<!\\)[<`\[]", row)
    assert "https:" not in row
    assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in readme
    assert "\x1b" not in readme


# What PostgreSQL can hold: any sign but NUL and halves of pairs.
WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=300)


@settings(max_examples=60, deadline=None)
@given(title=WORDS, owner=WORDS, attribution=WORDS, text=WORDS.filter(str.strip), trained_by=WORDS)
def test_whatever_owners_write_the_files_stay_what_they_are(
    title: str, owner: str, attribution: str, text: str, trained_by: str
) -> None:
    expert = credit(
        title=title,
        owner=owner,
        attribution=attribution,
        declared="LicenseRef-a_b.c:" + "x" * 90,
        licence_text=text * 50,
        described=Described(trained_by=trained_by, dataset=text, personal_data=(title,)),
    )

    texts = texts_of(expert)

    check_texts(texts)
    bom_of(expert)
    readme = texts["README.md"].decode()
    assert readme.split("---")[1].strip().splitlines()[2] == "license: other"
    assert len([line for line in readme.splitlines() if line.startswith("| 1 |")]) == 1
    assert readme.count("\n## ") == 4
    lines = texts["NOTICE"].decode().splitlines()
    assert [line.partition(":")[0] for line in lines if line.startswith("Slot")] == ["Slot 0", "Slot 1"]


def test_they_end_in_one_line_end_and_have_no_empty_credits() -> None:
    texts = texts_of(credit())

    written = {path: text for path, text in texts.items() if path != "bom.cdx.json"}
    assert all(text.endswith(b"\n") and not text.endswith(b"\n\n") for text in written.values())
    assert b"Attribution" not in texts["NOTICE"] + texts["README.md"].partition(b"## Loading")[0]
