"""The line to the service: refusals become one sentence, a dropped line is tried again, and nothing is done twice."""

from collections.abc import Iterator

import pytest

from client import connection
from client.connection import Connection, Reason, Refused
from tests.client.scripted import HANG_UP, Answer, Scripted, scripted

OK = Answer(200, {"ok": True}, "application/json")
BUSY = Answer(503, b"<html>busy</html>", "text/html")


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "pause_before", lambda attempt: 0.0)


@pytest.fixture
def lines() -> Iterator[list[Connection]]:
    opened: list[Connection] = []
    yield opened
    for line in opened:
        line.close()


def connect(lines: list[Connection], server: Scripted, *, token: str | None = None, attempts: int = 3) -> Connection:
    lines.append(Connection(server.url, token=token, attempts=attempts))
    return lines[-1]


def test_a_problem_document_becomes_one_sentence(lines: list[Connection]) -> None:
    problem = {
        "title": "The policies refuse this",
        "status": 403,
        "detail": "playhouse/drama may not be used for service.",
        "code": "denied-by-policy",
        "policies": [{"policy": "purpose-not-consented", "reason": "the consent names research only"}],
    }
    with scripted([Answer(403, problem)]) as server, pytest.raises(Refused) as caught:
        connect(lines, server).call("PUT", "/api/v1/models/library/stage", json={})

    assert str(caught.value) == "playhouse/drama may not be used for service."
    assert (caught.value.status, caught.value.code) == (403, "denied-by-policy")
    assert caught.value.policies == (Reason("purpose-not-consented", "the consent names research only"),)


def test_several_wrong_fields_are_all_named(lines: list[Connection]) -> None:
    problem = {"detail": "name: too long.", "errors": {"name": ["Too long."], "licence": ["Unknown.", "Choose one."]}}
    with scripted([Answer(400, problem)]) as server, pytest.raises(Refused) as caught:
        connect(lines, server).call("POST", "/api/v1/experts", json={})

    assert str(caught.value) == "name: Too long.; licence: Unknown. Choose one."


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b"{", b"\xff"])
def test_an_answer_that_explains_nothing_is_still_a_sentence(lines: list[Connection], body: bytes) -> None:
    with scripted([Answer(418, body)]) as server, pytest.raises(Refused, match="the service answered 418") as caught:
        connect(lines, server).call("GET", "/")

    assert caught.value.code == "http-418"


@pytest.mark.parametrize("trouble", [BUSY, Answer(HANG_UP), Answer(429, {})])
def test_what_may_pass_is_asked_again(lines: list[Connection], trouble: Answer) -> None:
    with scripted([trouble, trouble, OK]) as server:
        answer = connect(lines, server).call("GET", "/api/v1/session")

    assert answer.json() == {"ok": True}
    assert len(server.requests) == 3


def test_it_gives_up_after_some_attempts(lines: list[Connection]) -> None:
    with scripted([BUSY]) as server, pytest.raises(Refused) as caught:
        connect(lines, server).call("GET", "/")

    assert caught.value.status == 503
    assert len(server.requests) == 3


@pytest.mark.parametrize("trouble", [BUSY, Answer(HANG_UP)])
def test_a_post_that_may_have_been_done_is_not_sent_again(lines: list[Connection], trouble: Answer) -> None:
    with scripted([trouble, OK]) as server, pytest.raises(Refused):
        connect(lines, server).call("POST", "/api/v1/versions/1/withdraw", json={})

    assert len(server.requests) == 1


def test_a_post_that_says_it_may_is_sent_again(lines: list[Connection]) -> None:
    with scripted([Answer(HANG_UP), OK]) as server:
        connect(lines, server).call("POST", "/api/v1/files/1/parts", json={}, again=True)

    assert len(server.requests) == 2


def test_a_service_that_is_not_there_is_named(lines: list[Connection]) -> None:
    with scripted([OK]) as server:
        gone = server.url

    lines.append(Connection(gone, attempts=2))
    with pytest.raises(Refused, match=r"cannot be reached") as caught:
        lines[-1].call("GET", "/")

    assert gone in str(caught.value)
    assert (caught.value.status, caught.value.code) == (0, "unreachable")


@pytest.mark.parametrize("url", ["", "guildhall.example", "ftp://guildhall.example", "http://"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(Refused, match="is not an address"):
        Connection(url)


def test_the_token_goes_with_every_request(lines: list[Connection]) -> None:
    with scripted([OK]) as server:
        connect(lines, server, token="gh_abc").call("GET", "/")

    assert server.headers[0]["authorization"] == "Bearer gh_abc"
