"""The worked example of docs/governance.md, run against the code: its tables and lists are what the service answers."""

import re
from pathlib import Path
from typing import Any

from registry.evidence.combining import CONFLICTS
from registry.evidence.duties import Finding
from registry.evidence.models import LicenceTerms
from tests.factories import CY, api, make_expert, make_version

PAGE = (Path(__file__).resolve().parents[2] / "docs/governance.md").read_text(encoding="utf-8")
READER = "/api/v1/models/library/reader"


def after(mark: str, end: str) -> str:
    return PAGE.split(f"<!-- {mark} -->\n\n", 1)[1].split(end, 1)[0]


def rows() -> list[list[str]]:
    lines = after("experts", "\n\n").splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def make_experts() -> None:
    for name, licence, words, _ in rows():
        organisation, _, expert = name.partition("/")
        version = make_version(make_expert(expert, organisation=organisation), licence=licence, purposes=["service"])
        LicenceTerms.objects.filter(version=version).update(attribution=words)


def explained(*experts: str) -> dict[str, Any]:
    wish = {"anchor": "small", "experts": list(experts), "purpose": "service"}
    answer: dict[str, Any] = api(CY).put(f"{READER}?explain=1", wish).json()
    return answer


def test_six_are_asked_for_and_each_is_answered_as_the_table_says() -> None:
    make_experts()

    answer = explained(*(row[0] for row in rows()))

    found: dict[str, list[str]] = {}
    for row in answer["explain"]:
        found[row["expert"]] = [reason["policy"] for reason in row["reasons"]]
    for refusal in answer["refusals"]:
        of = found[refusal["expert"].partition("@")[0]]
        of += [refusal["policy"]] if refusal["policy"] not in of else []
    assert len(rows()) == 6
    assert {name: ", ".join(rules) or "yes" for name, rules in found.items()} == {row[0]: row[3] for row in rows()}


def test_asking_for_all_six_is_refused_and_nothing_is_built() -> None:
    make_experts()

    answer = api(CY).put(READER, {"anchor": "small", "experts": [row[0] for row in rows()], "purpose": "service"})

    assert answer.status_code == 403
    assert {reason["policy"] for reason in answer.json()["policies"]} == {
        "forbid.licence-non-commercial",
        "conflict.share-alike-restriction",
    }


def test_four_are_granted_with_the_duties_that_the_page_lists() -> None:
    make_experts()
    four = [row[0] for row in rows() if row[0] not in {"clinic/notes", "assistants/chat"}]

    answer = explained(*four)

    licences = answer["licences"]
    assert answer["allowed"] is True
    assert licences["outbound"] == after("outbound", "\n\n").strip()
    duties = [Finding(duty["rule"], duty["sentence"], tuple(duty["parts"])) for duty in licences["duties"]]
    assert [f"- `{duty.rule}` {duty.told}" for duty in duties] == after("duties", "\n\n").splitlines()


def test_either_of_the_two_that_quarrel_would_do_alone() -> None:
    make_experts()

    without_articles = explained("playhouse/drama", "assistants/chat")
    without_chat = explained("playhouse/drama", "encyclopaedia/articles")

    assert (without_articles["allowed"], without_chat["allowed"]) == (True, True)


def test_as_a_collection_only_the_clinics_is_refused(settings: Any) -> None:
    settings.COMPOSITION_COUNTS_AS = "collection"
    make_experts()

    everything = explained(*(row[0] for row in rows()))
    rest = explained(*(row[0] for row in rows() if row[0] != "clinic/notes"))

    assert [row["expert"] for row in everything["explain"] if not row["allowed"]] == ["clinic/notes"]
    assert (everything["refusals"], rest["allowed"]) == ([], True)


def test_the_page_names_every_rule_with_what_it_says() -> None:
    named = dict(re.findall(r"^\| `(conflict\.[a-z-]+)` \| (.+) \|$", PAGE, re.MULTILINE))

    assert named == CONFLICTS
