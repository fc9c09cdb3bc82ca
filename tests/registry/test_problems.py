"""Whatever goes wrong, the caller gets one problem document with one clear sentence, and never a stack trace."""

import json
import logging
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from rest_framework.test import APIClient

from registry.api.problems import describe
from registry.errors import Denied, Reason
from tests.factories import ADA, OTTO, api, make_token

HOSTILE = {
    "not json": b"{",
    "not utf-8": b'{"name": "\xff"}',
    "a NUL": b'{"name": "a\\u0000b"}',
    "half a surrogate": b'{"name": "\\ud800"}',
    "a huge number": b'{"name": "a", "days": 1' + b"0" * 5000 + b"}",
    "a number beyond exactness": b'{"name": "a", "days": 9007199254740992}',
    "infinity": b'{"name": "a", "days": 1e999}',
    "not a number": b'{"name": "a", "days": NaN}',
    "a deep nest": b'{"name": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "a nest of forty": b'{"name": ' + b"[" * 40 + b"]" * 40 + b"}",
    "a field twice": b'{"name": "a", "name": "b"}',
    "a list": b"[]",
    "a text": b'"name"',
    "null": b"null",
    "a wrong type": b'{"name": {"a": 1}}',
    "a bool as a number": b'{"name": "a", "days": true}',
    "a long text": b'{"name": "' + b"a" * 100_000 + b'"}',
    "an unknown field": b'{"name": "a", "dyas": 3}',
    "nothing": b"",
}


def send(body: bytes, content_type: str = "application/json") -> Any:
    caller = make_token(ADA)
    return Client().post(
        "/api/v1/tokens", body, content_type=content_type, headers={"authorization": f"Bearer {caller}"}
    )


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_body_is_refused_with_one_sentence(body: bytes) -> None:
    answer = send(body)

    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    problem = json.loads(answer.content)
    assert problem["code"] == "invalid"
    assert problem["status"] == 400
    assert problem["detail"].endswith((".", "!", "?"))
    assert "Traceback" not in problem["detail"]


def test_the_sentence_names_the_field_that_is_wrong() -> None:
    answer = api(ADA).post("/api/v1/tokens", {"name": "laptop", "days": 0})

    assert answer.json()["detail"] == "days: ensure this value is greater than or equal to 1."
    assert answer.json()["errors"] == {"days": ["Ensure this value is greater than or equal to 1."]}


def test_a_nested_field_is_named_by_its_path() -> None:
    body = {"email": "a@b.example", "name": "A", "password": "x" * 20}

    answer = api(OTTO).post("/api/v1/people", body | {"roles": [{"organisation": "library", "role": "king"}]})

    assert list(answer.json()["errors"]) == ["roles[0].role"]


def test_a_body_of_megabytes_is_refused() -> None:
    answer = send(b" " * (2**21 + 1))

    assert answer.status_code == 413


def test_another_content_type_is_refused() -> None:
    answer = send(b"name=a", "application/x-www-form-urlencoded")

    assert answer.status_code == 415
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("address", ["/api/v1/organisations/a%00b/keys", "/api/v1/tokens?cursor=a%00b"])
def test_a_nul_in_the_address_is_refused(address: str) -> None:
    answer = api(ADA).get(address)

    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"


def test_a_cursor_that_is_not_ours_is_refused() -> None:
    answer = api(OTTO).get("/api/v1/people?cursor=cD1ub25zZW5zZQ%3D%3D")

    assert answer.status_code == 400
    assert answer.json()["detail"] == "cursor: this is not a cursor of this list; begin again without it."


@pytest.mark.parametrize("address", ["/api/v1/nothing", "/api/v1/tokens/not-a-uuid", "/nowhere/at/all"])
def test_an_unknown_address_is_a_problem_too(address: str) -> None:
    answer = Client().get(address)

    assert answer.status_code == 404
    assert answer.json()["code"] == "not-found"


def test_a_wrong_method_is_a_problem_too() -> None:
    answer = api(ADA).put("/api/v1/tokens", {})

    assert answer.status_code == 405
    assert answer.json()["code"] == "no-such-method"


def test_without_a_caller_it_says_how_to_call() -> None:
    answer = APIClient().get("/api/v1/tokens")

    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == 'Bearer realm="guildhall"'
    assert answer.json()["code"] == "not-signed-in"


def test_a_fault_of_ours_is_logged_and_told_without_its_words(caplog: pytest.LogCaptureFixture) -> None:
    caller = api(ADA)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE registry_organisation RENAME COLUMN jurisdiction TO secret_column")

    with caplog.at_level(logging.ERROR):
        answer = caller.get("/api/v1/organisations")

    assert answer.status_code == 500
    assert answer["Content-Type"] == "application/problem+json"
    assert "jurisdiction" not in answer.content.decode()
    assert "a request ended in a fault" in caplog.text


def test_a_refusal_by_policy_lists_the_policies() -> None:
    refusal = Denied("The policies refuse.", policies=[Reason("forbid.state", "It is not approved.")])

    problem = describe(refusal)

    assert problem["code"] == "denied-by-policy"
    assert problem["policies"] == [{"policy": "forbid.state", "reason": "It is not approved."}]
