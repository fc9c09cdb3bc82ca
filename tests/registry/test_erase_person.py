"""Somebody is forgotten: their name, their address, and their words; what they did stays provable."""

import json

import pytest

from registry.accounts.actions import erase_person, grant_role, revoke_role
from registry.accounts.models import Membership, Role
from registry.accounts.queries import has_role, person_by_token
from registry.audit.log import commitment, leaf_hash
from registry.audit.models import Entry, Payload
from registry.errors import NotAllowed, WrongState
from registry.reviews.actions import review_version
from registry.reviews.models import Verdict
from tests.factories import ADA, BEN, EVE, OLGA, OTTO, api, make_token, make_version, row_of

WORDS = "Their neighbour Ms Roe told me that this data is hers."


def reviewed() -> Entry:
    version = make_version(state="verified")
    review_version(version.id, by=BEN, verdict=Verdict.REJECT, reason=WORDS)
    return Entry.objects.get(event="review.decided")


def test_private_words_are_committed_to_and_not_in_the_leaf() -> None:
    entry = reviewed()

    leaf = json.loads(bytes(entry.leaf))
    kept = Payload.objects.get(entry=entry)
    assert WORDS not in bytes(entry.leaf).decode()
    assert leaf["facts"]["reason"] == {"commitment": commitment(bytes(kept.salt), WORDS)}
    assert kept.value == WORDS


def test_those_who_may_see_the_words_see_them_in_the_log() -> None:
    reviewed()

    seen = {
        actor: api(actor).get("/api/v1/log", {"event": "review.decided"}).json()["results"][0]["private"]
        for actor in (ADA, BEN, OLGA)
    }
    stranger = api(EVE).get("/api/v1/log", {"event": "review.decided"}).json()["results"][0]["private"]

    assert seen == {actor: {"reason": WORDS} for actor in (ADA, BEN, OLGA)}
    assert stranger == {}


def test_an_erased_person_is_gone_and_the_log_is_whole() -> None:
    entry = reviewed()
    token = make_token(BEN)
    before = entry.leaf_hash

    erase_person(row_of(BEN).id, reason="He asked to be forgotten.", by=OTTO)

    somebody = row_of(BEN)
    after = Entry.objects.get(id=entry.id)
    assert (somebody.name, somebody.is_active) == ("erased", False)
    assert "ben" not in somebody.email
    assert person_by_token(token) is None
    assert not Membership.objects.filter(person=somebody).exists()
    assert not Payload.objects.filter(entry=entry).exists()
    assert leaf_hash(bytes(after.leaf)) == after.leaf_hash == before
    told = api(OLGA).get("/api/v1/log", {"event": "review.decided"}).json()["results"][0]
    assert (told["actor_name"], told["private"]) == ("erased", {})


def test_nobody_else_erases_and_the_last_operator_stays() -> None:
    with pytest.raises(NotAllowed):
        erase_person(row_of(BEN).id, reason="I would like to.", by=ADA)
    with pytest.raises(WrongState, match="last operator"):
        erase_person(row_of(OTTO).id, reason="He asked to be forgotten.", by=OTTO)

    assert row_of(OTTO).is_active


def test_a_role_is_taken_away_and_the_log_says_so() -> None:
    grant_role("eve@elsewhere.example", organisation="playhouse", role=Role.OWNER, by=OTTO)

    revoke_role("eve@elsewhere.example", organisation="playhouse", role=Role.OWNER, by=OTTO)
    revoke_role("eve@elsewhere.example", organisation="playhouse", role=Role.OWNER, by=OTTO)

    assert Entry.objects.filter(event="role.revoked").count() == 1
    with pytest.raises(WrongState, match="last operator"):
        revoke_role("otto@guildhall.example", organisation="guildhall", role=Role.OPERATOR, by=OTTO)
    assert has_role(OTTO, Role.OPERATOR)


def test_the_log_is_filtered_and_exported() -> None:
    reviewed()

    about = api(OLGA).get("/api/v1/log", {"organisation": "playhouse"}).json()["results"]
    none = api(OLGA).get("/api/v1/log", {"since": "2099-01-01T00:00:00Z"}).json()["results"]
    wrong = api(OLGA).get("/api/v1/log", {"since": "yesterday"})
    export = api(OLGA).get("/api/v1/log/export", {"organisation": "playhouse"})

    lines = [json.loads(line) for line in b"".join(export.streaming_content).splitlines()]  # type: ignore[attr-defined]
    assert {entry["about"] for entry in about} == {"playhouse/drama@1"}
    assert none == []
    assert wrong.status_code == 400
    assert [line["hash"] for line in lines] == [leaf_hash(line["leaf"].encode()) for line in lines]
    assert len(lines) == len(about)
