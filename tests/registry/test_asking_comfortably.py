"""Asking for a model without trouble: tried out first, waited for, twice under one key, and not too many at once."""

from datetime import timedelta
from threading import Timer
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from registry.accounts.models import Role
from registry.actors import ASSEMBLER, person
from registry.audit.models import Entry
from registry.compositions.actions import cancel_composition, request_composition
from registry.compositions.answers import drop_old_answers
from registry.compositions.models import Composition, KeptAnswer, Model
from registry.policy.models import Decision
from tests.at_once import at_once
from tests.factories import (
    ADA,
    CY,
    EVE,
    api,
    give_role,
    make_expert,
    make_person,
    make_revision,
    make_version,
    request,
)

READER = "/api/v1/models/library/reader"
WISH = {"anchor": "small", "experts": ["playhouse/drama"], "purpose": "research"}


def put(wish: Any = WISH, *, query: str = "", by: Any = CY, **headers: str) -> Any:
    given: dict[str, Any] = {f"HTTP_{name.upper()}": value for name, value in headers.items()}
    return api(by).put(f"{READER}{query}", wish, **given)


# A dry run


def test_a_dry_run_says_what_would_be_built_and_keeps_nothing() -> None:
    make_version()
    before = Entry.objects.count()

    told = put(query="?explain").json()

    assert told["allowed"] is True
    assert [(e["expert"], e["version"], e["allowed"]) for e in told["explain"]] == [("playhouse/drama", 1, True)]
    assert (told["revision"], told["composition"]) == ("", None)
    assert told["recipe"]["top_k"] == 2
    assert Entry.objects.count() == before
    assert not Model.objects.exists()
    assert not Decision.objects.exists()
    assert told["recipe_digest"] == request(make_expert().versions.get()).recipe_digest


def test_a_dry_run_knows_the_revision_that_was_built_before() -> None:
    other = make_revision(name="other")

    told = put(query="?explain=true").json()
    ours = api(CY).put("/api/v1/models/library/other?explain", WISH).json()

    assert (told["revision"], told["composition"]) == (other.revision, None)
    assert (ours["revision"], ours["composition"]) == (other.revision, str(other.id))


def test_a_dry_run_names_the_policies_that_would_refuse() -> None:
    make_version(purposes=["education"])
    make_version(make_expert("code", organisation="codeworks"))

    named = put({**WISH, "experts": ["playhouse/drama", "codeworks/code"]}, query="?explain").json()
    selected = put({"anchor": "small", "selector": {}, "purpose": "research"}, query="?explain").json()

    assert (named["allowed"], named["recipe"]) == (False, None)
    assert [(e["expert"], [r["policy"] for r in e["reasons"]]) for e in named["explain"]] == [
        ("codeworks/code", []),
        ("playhouse/drama", ["forbid.purpose-outside-consent"]),
    ]
    assert selected["allowed"] is True
    assert [entry["name"] for entry in selected["recipe"]["experts"]] == ["codeworks/code"]
    assert {e["expert"]: e["allowed"] for e in selected["explain"]} == {
        "codeworks/code": True,
        "playhouse/drama": False,
    }
    assert not Composition.objects.exists()


@pytest.mark.parametrize("change", [{"experts": []}, {"anchor": "none"}, {"selector": {}}, {"top_k": 3}])
def test_a_dry_run_refuses_in_the_words_of_the_request(change: dict[str, Any]) -> None:
    make_version()

    tried, asked = put(WISH | change, query="?explain"), put(WISH | change)

    assert tried.status_code == asked.status_code == 400
    assert tried.json()["detail"] == asked.json()["detail"]


def test_only_who_may_ask_may_try() -> None:
    make_version()

    assert put(query="?explain", by=ADA).status_code == 403
    assert put(query="?explain", by=EVE).status_code == 403


# Waiting


def test_who_waits_for_what_is_there_has_it_at_once() -> None:
    revision = make_revision()

    answer = put(prefer="respond-async, wait=10")

    assert answer.status_code == 200
    assert answer["Preference-Applied"] == "wait=10"
    assert answer.json()["composition"]["revision"] == revision.revision


def test_who_waits_in_vain_is_answered_like_who_does_not() -> None:
    make_version()

    answer = put(prefer="wait=1")

    assert answer.status_code == 202
    assert "Preference-Applied" not in answer
    assert answer.json()["composition"]["state"] == "decided"


@pytest.mark.django_db(transaction=True)
def test_who_waits_is_answered_when_the_build_ends() -> None:
    make_version()

    def end() -> None:
        try:
            cancel_composition(Composition.objects.get().id, by=CY)
        finally:
            connection.close()

    later = Timer(0.5, end)
    later.start()
    answer = put(prefer="wait=30")
    later.join()

    assert answer.status_code == 200
    assert answer.json()["composition"]["state"] == "cancelled"
    assert answer["Location"].endswith(answer.json()["composition"]["id"])


@pytest.mark.parametrize("header", ["wait", "wait=", "wait=x", "wait=-1", "wait=0", "await=5", ""])
def test_a_preference_that_says_nothing_is_no_reason_to_wait(header: str) -> None:
    make_version()

    assert put(prefer=header).status_code == 202


# One key


def test_the_same_request_under_one_key_is_answered_the_same_for_a_day() -> None:
    make_version()
    first = put(idempotency_key="k-1")
    cancel_composition(Composition.objects.get().id, by=CY)

    again = put(idempotency_key="k-1")
    KeptAnswer.objects.update(asked_at=timezone.now() - timedelta(hours=25))
    anew = put(idempotency_key="k-1")

    assert (again.status_code, again["Location"]) == (first.status_code, first["Location"])
    assert again.json() == first.json()
    assert again["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first
    assert anew["Location"] != first["Location"]


def test_another_request_under_the_same_key_is_refused() -> None:
    make_version()
    put(idempotency_key="k-1")

    answer = put(WISH | {"top_k": 1}, idempotency_key="k-1")

    assert answer.status_code == 422
    assert answer.json()["code"] == "key-reused"
    assert answer.json()["detail"].endswith(".")
    assert Composition.objects.count() == 1


def test_a_key_is_its_callers_own() -> None:
    make_version()
    dora = make_person("dora@library.example")
    give_role(dora, "library", Role.CONSUMER)
    put(idempotency_key="k-1")

    other = put(WISH | {"top_k": 1}, idempotency_key="k-1", by=person(dora.id))

    assert other.status_code == 202


def test_a_refusal_by_the_policies_is_kept_under_its_key() -> None:
    version = make_version(purposes=["education"])
    first = put(idempotency_key="k-1")
    version.refresh_from_db()

    again = put(idempotency_key="k-1")

    assert (first.status_code, again.status_code) == (403, 403)
    assert again.json() == first.json()
    assert again["Content-Type"] == "application/problem+json"


def test_a_request_of_which_nothing_came_leaves_its_key_free() -> None:
    refused = put(idempotency_key="k-1")
    make_version()

    answer = put(WISH | {"top_k": 1}, idempotency_key="k-1")

    assert (refused.status_code, answer.status_code) == (400, 202)


@pytest.mark.parametrize("key", ["", "a b", "ä", "k" * 129])
def test_an_odd_key_is_refused_in_a_sentence(key: str) -> None:
    make_version()

    answer = put(idempotency_key=key)

    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("An Idempotency-Key has")
    assert not Composition.objects.exists()


def test_old_answers_are_dropped() -> None:
    make_version()
    put(idempotency_key="old")
    KeptAnswer.objects.update(asked_at=timezone.now() - timedelta(hours=25))
    put(idempotency_key="new")

    drop_old_answers()

    assert [kept.key for kept in KeptAnswer.objects.all()] == ["new"]


@pytest.mark.django_db(transaction=True)
def test_the_same_key_at_once_is_one_build_and_one_answer() -> None:
    make_version()

    answers = at_once(*[lambda: put(idempotency_key="k-1")] * 4)

    assert {answer.status_code for answer in answers} == {202}
    assert len({answer["Location"] for answer in answers}) == 1
    assert Composition.objects.count() == KeptAnswer.objects.count() == 1


# Not too many


def test_an_organisation_has_a_bounded_number_of_builds_under_way(settings: Settings) -> None:
    settings.BUILDS_AT_ONCE = 1
    version = make_version()
    running = request(version, name="other")

    answer = put()
    cancel_composition(running.id, by=CY)
    later = put()

    assert answer.status_code == 429
    assert answer["Retry-After"] == "10"
    assert answer.json()["detail"] == (
        "library has 1 builds under way, and no more run at once; ask again when one has ended."
    )
    assert later.status_code == 202


def test_a_build_in_the_place_of_ones_own_needs_no_further_place(settings: Settings) -> None:
    settings.BUILDS_AT_ONCE = 1
    version = make_version()
    request(version)

    assert put(WISH | {"top_k": 1}).status_code == 202


def test_what_the_service_builds_by_itself_is_not_counted_out(settings: Settings) -> None:
    version, code = make_version(), make_version(make_expert("code", organisation="codeworks"))
    standing = make_revision(version, code)
    request(version, name="other")
    settings.BUILDS_AT_ONCE = 1
    type(version).objects.filter(id=code.id).update(state="withdrawn")

    again = request_composition(standing.model_id, by=ASSEMBLER)

    assert again is not None
    assert again.state == "decided"


@pytest.mark.django_db(transaction=True)
def test_two_requests_at_once_do_not_both_take_the_last_place(settings: Settings) -> None:
    settings.BUILDS_AT_ONCE = 1
    make_version()

    def ask(name: str) -> int:
        return int(api(CY).put(f"/api/v1/models/library/{name}", WISH).status_code)

    statuses = at_once(lambda: ask("one"), lambda: ask("two"), lambda: ask("three"))

    assert sorted(statuses) == [202, 429, 429]
