"""The texts of licences, to be read beside what an owner gave."""

from typing import Any

from tests.factories import CY, api


def ask(expression: str) -> Any:
    return api(CY).get("/api/v1/licences/texts", {"expression": expression})


def test_each_licence_of_an_expression_comes_with_its_text() -> None:
    found = ask("MIT OR LicenseRef-guildhall-revocable-1.0").json()["licences"]

    assert [one["id"] for one in found] == ["MIT", "LicenseRef-guildhall-revocable-1.0"]
    assert "Permission is hereby granted" in found[0]["text"]
    assert "The owner may withdraw the contribution" in found[1]["text"]


def test_a_licence_of_somebodys_own_has_no_text_here() -> None:
    assert ask("LicenseRef-ours").json() == {"licences": [{"id": "LicenseRef-ours", "text": ""}]}


def test_what_is_no_expression_is_refused_with_a_sentence() -> None:
    answers = [ask(""), ask("(MIT"), ask("M" * 201)]

    assert [answer.status_code for answer in answers] == [400, 400, 400]
    assert all(answer.json()["detail"] for answer in answers)
