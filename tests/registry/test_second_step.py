"""A second step at the door, and what somebody changes about how they sign in: all of it is told by the log."""

import base64
import hashlib
import hmac
import json
import time
from io import StringIO
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.core.management import CommandError, call_command
from django.urls import get_resolver
from rest_framework.test import APIClient

from registry.accounts.actions import erase_person
from registry.accounts.models import Person, Role
from registry.audit.models import Entry
from tests.factories import ADA, OTTO, PASSWORD, api, log, make_person

ADDRESS = "dora@library.example"
NEW = "quite another quiet word"


def totp(secret: str, *, steps: int = 0) -> str:
    """RFC 6238, as an app on a telephone does it."""
    counter = int(time.time()) // 30 + steps
    digest = hmac.new(base64.b32decode(secret), counter.to_bytes(8, "big"), hashlib.sha1).digest()
    place = digest[-1] & 15
    return f"{(int.from_bytes(digest[place : place + 4], 'big') & 0x7FFFFFFF) % 10**6:06d}"


def signed_in(email: str = ADDRESS, password: str = PASSWORD) -> APIClient:
    client = APIClient()
    answer = client.post("/api/v1/session", {"email": email, "password": password})
    assert answer.status_code == 200, answer.content
    return client


@pytest.fixture
def dora() -> Person:
    return make_person(ADDRESS, password=PASSWORD, roles=[("library", Role.CONSUMER)])


def with_totp(client: APIClient) -> tuple[str, list[str]]:
    """The secret, and the recovery codes."""
    secret = client.get("/auth/authenticators/totp").json()["meta"]["secret"]
    assert client.post("/auth/again", {"password": PASSWORD}).status_code == 200
    done = client.post("/auth/authenticators/totp", {"code": totp(secret)})
    assert done.status_code == 200, done.content
    codes = client.post("/auth/authenticators/recovery-codes").json()["data"]["unused_codes"]
    return secret, codes


def events() -> list[str]:
    return list(log().values_list("event", flat=True))


def test_with_a_second_step_the_password_alone_opens_nothing(dora: Person) -> None:
    secret, _ = with_totp(signed_in())
    door = APIClient()

    half = door.post("/api/v1/session", {"email": ADDRESS, "password": PASSWORD}).json()
    assert half == {"person": None, "second_step": ["recovery_codes", "totp"]}
    assert door.get("/api/v1/tokens").status_code == 401
    wrong = door.post("/auth/second-step", {"code": "000000" if totp(secret) != "000000" else "111111"})
    right = door.post("/auth/second-step", {"code": totp(secret, steps=1)})

    assert wrong.json()["errors"][0]["message"] == "Incorrect code."
    assert right.status_code == 200
    assert door.get("/api/v1/session").json()["person"]["email"] == ADDRESS
    assert events() == ["totp.activated", "recovery_codes.made"]
    assert set(log().values_list("about", "actor")) == {(str(dora), str(dora))}


def test_the_second_step_is_refused_to_who_gave_no_password(dora: Person) -> None:
    secret, _ = with_totp(signed_in())

    assert APIClient().post("/auth/second-step", {"code": totp(secret, steps=1)}).status_code == 401


def test_a_recovery_code_opens_once(dora: Person) -> None:
    _, codes = with_totp(signed_in())

    def opens() -> int:
        door = signed_in()
        return door.post("/auth/second-step", {"code": codes[0]}).status_code

    assert opens() == 200
    assert opens() == 400


def test_the_secret_lies_sealed_and_goes_with_the_second_step(dora: Person) -> None:
    client = signed_in()
    secret, codes = with_totp(client)

    kept = json.dumps(list(Authenticator.objects.values_list("data", flat=True)))
    gone = client.delete("/auth/authenticators/totp")

    assert secret not in kept
    assert codes[0] not in kept
    assert gone.status_code == 200
    assert not Authenticator.objects.filter(user=dora, type="totp").exists()
    assert signed_in().get("/api/v1/session").json()["person"] is not None
    assert events()[-1] == "totp.deactivated"


def test_a_change_asks_first_who_is_there(dora: Person) -> None:
    client = signed_in()
    secret = client.get("/auth/authenticators/totp").json()["meta"]["secret"]

    refused = client.post("/auth/authenticators/totp", {"code": totp(secret)})
    again = client.post("/auth/again", {"password": PASSWORD})
    done = client.post("/auth/authenticators/totp", {"code": totp(secret)})

    assert (refused.status_code, again.status_code, done.status_code) == (401, 200, 200)
    assert events() == ["totp.activated"]


def test_a_password_is_changed_by_who_knows_it_and_ends_the_other_sessions(dora: Person) -> None:
    here, elsewhere = signed_in(), signed_in()

    refused = here.post("/auth/password", {"current_password": "not the word", "new_password": NEW})
    weak = here.post("/auth/password", {"current_password": PASSWORD, "new_password": "short"})
    assert (refused.status_code, weak.status_code, events()) == (400, 400, [])
    done = here.post("/auth/password", {"current_password": PASSWORD, "new_password": NEW})

    assert done.status_code == 200
    assert here.get("/api/v1/session").json()["person"] is not None
    assert elsewhere.get("/api/v1/session").json()["person"] is None
    assert events() == ["password.changed"]
    signed_in(password=NEW)


def test_sessions_are_listed_and_one_is_ended(dora: Person) -> None:
    here, elsewhere = signed_in(), signed_in()
    other = next(row for row in here.get("/auth/sessions").json()["data"] if not row["is_current"])

    left = here.delete("/auth/sessions", {"sessions": [other["id"]]})

    assert [row["is_current"] for row in left.json()["data"]] == [True]
    assert elsewhere.get("/api/v1/session").json()["person"] is None
    assert events() == ["session.ended"]


def test_nobody_ends_the_session_of_somebody_else(dora: Person) -> None:
    make_person("eli@library.example", password=PASSWORD)
    signed_in("eli@library.example")
    theirs = UserSession.objects.get(user__email="eli@library.example")

    answer = signed_in().delete("/auth/sessions", {"sessions": [theirs.pk]})

    assert answer.status_code == 400
    assert UserSession.objects.filter(pk=theirs.pk).exists()
    assert not Entry.objects.filter(event="session.ended").exists()


def test_changes_need_the_csrf_token(dora: Person) -> None:
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(dora)

    assert client.post("/auth/password", {"current_password": PASSWORD, "new_password": NEW}).status_code == 403


def test_a_token_changes_nothing_about_how_its_person_signs_in() -> None:
    assert api(ADA).get("/auth/authenticators").status_code == 401


@pytest.mark.parametrize("body", ["[]", "{", "null", '"x"', '{"code": "\\u0000"}', '{"code": {}}', "[" * 5000])
def test_what_is_no_sensible_body_is_refused(dora: Person, body: str) -> None:
    with_totp(signed_in())
    door = signed_in()

    answer = door.post("/auth/second-step", body, content_type="application/json")

    assert 400 <= answer.status_code < 500


def test_guessing_the_second_step_is_slowed_down(dora: Person) -> None:
    with_totp(signed_in())
    door = signed_in()

    answers = [door.post("/auth/second-step", {"code": "0"}).json() for _ in range(7)]

    assert "Too many" in answers[-1]["errors"][0]["message"]


def test_who_lost_their_telephone_is_let_in_by_the_operator_and_it_is_told(dora: Person) -> None:
    with_totp(signed_in())

    call_command("drop_second_step", ADDRESS, stdout=StringIO())

    assert signed_in().get("/api/v1/session").json()["person"] is not None
    assert list(log().values_list("event", "actor"))[-1] == ("totp.deactivated", "service:console")
    with pytest.raises(CommandError, match="nobody"):
        call_command("drop_second_step", "nobody@library.example", stdout=StringIO())


def test_nothing_else_of_allauth_can_be_reached() -> None:
    door = APIClient()

    for address in ("accounts/login/", "accounts/signup/", "_allauth/browser/v1/auth/signup", "auth/signup"):
        assert door.get(f"/{address}").status_code == 404
        assert door.post(f"/{address}", {}).status_code in {404, 405}
    known = {key for key in get_resolver().reverse_dict if isinstance(key, str)}
    assert {name for name in known if name.startswith(("account_", "mfa_", "socialaccount_"))} == set()


def test_whoever_is_forgotten_leaves_no_address_no_session_and_no_second_step(dora: Person) -> None:
    client = signed_in()
    with_totp(client)

    erase_person(dora.id, reason="They asked to be forgotten.", by=OTTO)

    kept: list[Any] = [*Authenticator.objects.filter(user=dora), *UserSession.objects.filter(user=dora)]
    assert kept == []
    assert client.get("/api/v1/session").json()["person"] is None
