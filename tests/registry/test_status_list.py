"""The status list: signed, right at once after the click, read by another hand's JWT and by the client's own eyes."""

import base64
import time
import zlib
from typing import Any

import jwt
import pytest
from django.conf import settings as django_settings
from django.test import Client
from pytest_django import Settings

from client.verify.notes import Key
from client.verify.statuses import read_status_list
from registry.accounts.actions import create_organisation
from registry.audit.guard import forget
from registry.audit.keys import statement_signer
from registry.audit.sequencer import halt
from registry.errors import Invalid
from registry.experts.models import ExpertVersion, VersionState
from registry.experts.statuses import packed_statuses, status_token
from registry.withdrawals.actions import withdraw_version
from tests.factories import ADA, OTTO, catch_up, make_expert, make_version

WHY = "The licence was not ours to give."


def read(token: str) -> dict[str, Any]:
    """As somebody with PyJWT reads it."""
    return dict(jwt.decode(token, key=statement_signer().public_pem, algorithms=["EdDSA"]))


def state_at(claims: dict[str, Any], index: int) -> int:
    """As the draft says: of the byte, the lowest bits first."""
    listed = claims["status_list"]
    text = listed["lst"]
    packed = zlib.decompress(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return int(packed[index // 4] >> (index % 4 * 2) & 3)


def index_of(version: ExpertVersion) -> int:
    assert version.status_index is not None
    return version.status_index


def test_the_click_shows_at_once(client: Client) -> None:
    stays, goes = make_version(make_expert("drama")), make_version(make_expert("code"))
    before = read(client.get("/status").content.decode())

    withdraw_version(goes.id, by=ADA, reason=WHY)

    after = read(client.get("/status").content.decode())
    assert (state_at(before, index_of(stays)), state_at(before, index_of(goes))) == (0, 0)
    assert (state_at(after, index_of(stays)), state_at(after, index_of(goes))) == (0, 1)


def test_every_state_has_its_number_whatever_its_place_in_a_byte() -> None:
    expected = {}
    for number in range(13):
        state = (VersionState.APPROVED, VersionState.WITHDRAWN, VersionState.PAUSED)[number * 7 % 3]
        expected[index_of(make_version(state=state))] = number * 7 % 3

    claims = read(status_token())

    assert {index: state_at(claims, index) for index in expected} == expected


def test_its_head_and_claims_are_those_of_a_token_status_list(client: Client) -> None:
    make_version()

    answer = client.get("/status")

    token = answer.content.decode()
    claims = read(token)
    assert answer["Content-Type"] == "application/statuslist+jwt"
    assert jwt.get_unverified_header(token) == {
        "alg": "EdDSA",
        "typ": "statuslist+jwt",
        "kid": statement_signer().name,
    }
    assert claims["sub"] == f"{django_settings.GUILDHALL_URL}/status"
    assert claims["ttl"] == 900
    assert claims["exp"] - claims["iat"] == 86_400
    assert 0 <= time.time() - claims["iat"] < 62
    assert claims["status_list"]["bits"] == 2


def test_the_clients_own_eyes_read_the_same() -> None:
    withdrawn, paused, good = (
        make_version(state=state) for state in (VersionState.WITHDRAWN, VersionState.PAUSED, VersionState.APPROVED)
    )

    found = read_status_list(status_token().encode(), [Key.read(statement_signer().vkey)], max_age=900)

    assert [found.state(index_of(version)) for version in (withdrawn, paused, good)] == [1, 2, 0]


def test_a_changed_list_has_no_true_signature() -> None:
    make_version()
    head, _, sign = status_token().split(".")
    forged = base64.urlsafe_b64encode(b'{"sub":"x"}').rstrip(b"=").decode()

    with pytest.raises(jwt.InvalidSignatureError):
        read(f"{head}.{forged}.{sign}")


def test_whoever_keeps_it_may_ask_whether_it_changed(client: Client) -> None:
    version = make_version()
    first = client.get("/status")

    same = client.get("/status", headers={"If-None-Match": first["ETag"]})
    withdraw_version(version.id, by=ADA, reason=WHY)
    other = client.get("/status", headers={"If-None-Match": first["ETag"]})

    assert first["Cache-Control"] == "public, max-age=60"
    assert (same.status_code, same.content) == (304, b"")
    assert other.status_code == 200


def test_a_list_that_says_the_same_is_the_same_for_a_minute_and_then_newer() -> None:
    make_version()

    assert status_token(120.0) == status_token(179.9)
    assert status_token(179.9) != status_token(180.0)


def test_it_is_empty_while_nothing_was_approved() -> None:
    make_version(state=VersionState.VERIFIED)

    assert packed_statuses() == b""


def test_it_is_not_given_out_by_a_database_that_may_have_forgotten_withdrawals(client: Client) -> None:
    make_version()
    catch_up()
    halt("The database is an old one.")
    forget()

    answer = client.get("/status")
    feed = client.get("/feed/withdrawals.json")

    assert (answer.status_code, feed.status_code) == (503, 503)


@pytest.mark.parametrize("word", ["status", "feed"])
def test_no_organisation_can_hide_it(word: str, settings: Settings) -> None:
    with pytest.raises(Invalid, match="word of our own addresses"):
        create_organisation(word, name="Hide", by=OTTO)
