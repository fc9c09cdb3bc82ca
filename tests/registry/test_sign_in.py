"""Signing in: by password for the pages, by token for programs; who is refused learns nothing."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone
from rest_framework.test import APIClient

from registry.accounts.models import Role
from tests.factories import ADA, PASSWORD, api, make_person, make_token, row_of


def test_it_opens_a_session_and_says_who() -> None:
    make_person("dora@library.example", name="Dora", password=PASSWORD, roles=[("library", Role.CONSUMER)])
    client = APIClient()

    answer = client.post("/api/v1/session", {"email": "Dora@Library.example", "password": PASSWORD})

    assert answer.status_code == 200
    assert answer.json()["person"]["roles"] == [
        {"organisation": "library", "organisation_name": "Library", "role": "consumer"}
    ]
    assert client.get("/api/v1/session").json()["person"]["name"] == "Dora"


@pytest.mark.parametrize("email", ["dora@library.example", "nobody@library.example"])
def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(email: str) -> None:
    make_person("dora@library.example", password=PASSWORD)

    answer = APIClient().post("/api/v1/session", {"email": email, "password": "not the word"})

    assert answer.status_code == 401
    assert answer.json()["detail"] == "The e-mail address or the password is wrong."


def test_somebody_who_is_not_active_may_not() -> None:
    make_person("dora@library.example", password=PASSWORD, is_active=False)

    answer = APIClient().post("/api/v1/session", {"email": "dora@library.example", "password": PASSWORD})

    assert answer.status_code == 401


def test_it_needs_the_csrf_token() -> None:
    make_person("dora@library.example", password=PASSWORD)
    client = APIClient(enforce_csrf_checks=True)
    given = {"email": "dora@library.example", "password": PASSWORD}

    without = client.post("/api/v1/session", given)
    client.get("/api/v1/session")
    answer = client.post("/api/v1/session", given, HTTP_X_CSRFTOKEN=client.cookies["csrftoken"].value)

    assert without.status_code == 403
    assert answer.status_code == 200


def test_a_session_changes_nothing_without_the_csrf_token() -> None:
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(row_of(ADA))

    answer = client.post("/api/v1/tokens", {"name": "stolen"})

    assert answer.status_code == 403
    assert row_of(ADA).tokens.count() == 0


def test_signing_out_ends_the_session() -> None:
    client = APIClient()
    client.force_login(row_of(ADA))

    answer = client.delete("/api/v1/session")

    assert answer.status_code == 204
    assert client.get("/api/v1/session").json() == {"person": None, "second_step": []}
    assert client.get("/api/v1/tokens").status_code == 401


def test_guessing_is_slowed_down() -> None:
    cache.clear()
    client = APIClient()

    answers = [client.post("/api/v1/session", {"email": "a@b.example", "password": ""}) for _ in range(21)]

    assert answers[-1].status_code == 429
    assert int(answers[-1]["Retry-After"]) > 0
    assert client.get("/api/v1/session").status_code == 200


def test_an_address_that_the_caller_writes_itself_does_not_help_guessing() -> None:
    client = APIClient()

    answers = [
        client.post("/api/v1/session", {"email": "a@b.example", "password": ""}, HTTP_X_FORWARDED_FOR=f"10.0.0.{n}")
        for n in range(21)
    ]

    assert answers[-1].status_code == 429


@pytest.mark.parametrize(
    "fields",
    [{"expires_at": timezone.now() - timedelta(seconds=1)}, {"revoked_at": timezone.now()}],
    ids=["expired", "revoked"],
)
def test_a_dead_token_is_refused(fields: dict[str, Any]) -> None:
    text = make_token(ADA, **fields)

    answer = APIClient().get("/api/v1/tokens", HTTP_AUTHORIZATION=f"Bearer {text}")

    assert answer.status_code == 401


@pytest.mark.parametrize("header", ["Bearer", "Bearer gh_unknown", "Bearer \xff", "Basic YTpi", "gh_unknown"])
def test_what_is_not_a_token_of_ours_is_refused(header: str) -> None:
    answer = APIClient().get("/api/v1/tokens", HTTP_AUTHORIZATION=header)

    assert answer.status_code == 401


def test_a_token_of_somebody_who_left_is_refused() -> None:
    client = api(ADA)
    ada = row_of(ADA)
    ada.is_active = False
    ada.save()

    answer = client.get("/api/v1/tokens")

    assert answer.status_code == 401
