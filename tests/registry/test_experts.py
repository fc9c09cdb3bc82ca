"""The catalogue: who may name anchors and experts, and who sees what of them."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from registry.actors import Actor
from registry.audit.models import Entry
from registry.experts.models import Anchor, AnchorState, Expert, VersionState
from tests.factories import ADA, BEN, CAST, CY, EVE, OLGA, OTTO, api, make_anchor, make_draft, make_expert, make_version

ANCHOR = {"slug": "tiny", "name": "Tiny", "licence": "apache-2.0"}
EXPERT = {"organisation": "playhouse", "name": "drama", "anchor": "small", "title": "Drama", "domain": "drama"}


def test_an_operator_creates_an_anchor() -> None:
    answer = api(OTTO).post("/api/v1/anchors", ANCHOR)

    assert answer.status_code == 201
    assert (answer.json()["state"], answer.json()["licence"]) == ("draft", "Apache-2.0")
    assert Entry.objects.get(event="anchor.created").about == "anchor:tiny"


@pytest.mark.parametrize("caller", [ADA, BEN, CY, OLGA, EVE])
def test_nobody_else_does(caller: Actor) -> None:
    answer = api(caller).post("/api/v1/anchors", ANCHOR)

    assert answer.status_code == 403
    assert not Anchor.objects.exists()


@pytest.mark.parametrize(
    "changes", [{"licence": "free for all"}, {"licence": "LicenseRef-mine"}, {"slug": "Tiny!"}, {"name": ""}]
)
def test_an_anchor_with_a_wrong_field_is_refused(changes: dict[str, Any]) -> None:
    answer = api(OTTO).post("/api/v1/anchors", ANCHOR | changes)

    assert answer.status_code == 400


def test_an_anchor_is_seen_by_all_once_it_is_verified() -> None:
    make_anchor("ready")
    make_anchor("draft", state=AnchorState.DRAFT)

    seen = {actor: {row["slug"] for row in api(actor).get("/api/v1/anchors").json()["results"]} for actor in CAST}

    assert seen[CY] == seen[ADA] == seen[EVE] == {"ready"}
    assert seen[OTTO] == seen[OLGA] == seen[BEN] == {"ready", "draft"}
    assert api(CY).get("/api/v1/anchors/draft").status_code == 404


def test_an_owner_creates_an_expert() -> None:
    make_anchor()

    answer = api(ADA).post("/api/v1/experts", EXPERT)

    body = answer.json()
    assert answer.status_code == 201
    assert (body["full_name"], body["registration"], body["latest"]) == ("playhouse/drama", None, None)
    assert body["may"] == {"upload": True}
    assert Entry.objects.get(event="expert.created").about == "expert:playhouse/drama"


@pytest.mark.parametrize("caller", [BEN, CY, OLGA, OTTO, EVE])
def test_nobody_else_creates_an_expert_for_it(caller: Actor) -> None:
    make_anchor()

    answer = api(caller).post("/api/v1/experts", EXPERT)

    assert answer.status_code == 403
    assert not Expert.objects.exists()


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"name": "Drama"}, 400),
        ({"name": "a/b"}, 400),
        ({"domain": "the stage"}, 400),
        ({"anchor": "nowhere"}, 404),
        ({"organisation": "nowhere"}, 404),
        ({"title": "x" * 121}, 400),
        ({"title": None}, 400),
        ({"anchor": "draft"}, 409),
    ],
)
def test_an_expert_with_a_wrong_field_is_refused(changes: dict[str, Any], status: int) -> None:
    make_anchor()
    make_anchor("draft", state=AnchorState.DRAFT)

    answer = api(ADA).post("/api/v1/experts", EXPERT | changes)

    assert answer.status_code == status
    assert not Expert.objects.exists()


def test_a_name_is_given_once_in_an_organisation() -> None:
    make_expert("drama")

    answer = api(ADA).post("/api/v1/experts", EXPERT)

    assert answer.status_code == 409
    assert answer.json()["code"] == "taken"


def test_a_draft_is_seen_by_its_own_and_by_those_who_check() -> None:
    version = make_draft()

    statuses = {actor: api(actor).get(f"/api/v1/versions/{version.id}").status_code for actor in CAST}
    listed = {actor: len(api(actor).get("/api/v1/experts").json()["results"]) for actor in CAST}

    assert statuses == {ADA: 200, BEN: 200, CY: 404, OLGA: 200, OTTO: 200, EVE: 404}
    assert listed == {ADA: 1, BEN: 1, CY: 0, OLGA: 1, OTTO: 1, EVE: 0}
    assert api(CY).get("/api/v1/experts/playhouse/drama").status_code == 404


@pytest.mark.parametrize("state", VersionState.values)
def test_a_stranger_sees_what_was_approved_once(state: str) -> None:
    version = make_version(state=state)

    answer = api(EVE).get(f"/api/v1/versions/{version.id}")

    assert answer.status_code == (200 if state in ("approved", "paused", "suspended", "withdrawn") else 404)


def test_what_was_withdrawn_before_anybody_approved_it_stays_private() -> None:
    version = make_version(state=VersionState.WITHDRAWN, approved_at=None)

    statuses = {actor: api(actor).get(f"/api/v1/versions/{version.id}").status_code for actor in (ADA, CY, OLGA)}

    assert statuses == {ADA: 200, CY: 404, OLGA: 200}
    assert api(CY).get("/api/v1/experts").json()["results"] == []


def test_a_stranger_sees_no_newer_draft_behind_an_approved_version() -> None:
    make_version(state=VersionState.APPROVED)
    make_draft()

    theirs = api(CY).get("/api/v1/experts/playhouse/drama").json()
    own = api(ADA).get("/api/v1/experts/playhouse/drama").json()

    assert [version["number"] for version in theirs["versions"]] == [1]
    assert [version["number"] for version in own["versions"]] == [2, 1]
    assert theirs["latest"]["licence"] == "CC-BY-4.0"
    assert (theirs["may"], own["may"]) == ({"upload": False}, {"upload": True})


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("domain=code", ["codeworks/code"]),
        ("organisation=playhouse", ["playhouse/drama"]),
        ("anchor=small", ["codeworks/code", "playhouse/drama"]),
        ("anchor=other", []),
        ("state=approved", ["codeworks/code"]),
        ("state=withdrawn", ["playhouse/drama"]),
        ("q=DRAM", ["playhouse/drama"]),
        ("q=works%20code", ["codeworks/code"]),
        ("q=%25", []),
        ("q=", ["codeworks/code", "playhouse/drama"]),
    ],
)
def test_the_catalogue_is_narrowed_down(asked: str, found: list[str]) -> None:
    make_version(make_expert("drama"), state=VersionState.WITHDRAWN)
    make_version(make_expert("code", organisation="codeworks"))

    answer = api(CY).get(f"/api/v1/experts?{asked}")

    assert sorted(row["full_name"] for row in answer.json()["results"]) == found


@pytest.mark.parametrize("asked", ["state=unheard-of", f"q={'x' * 201}"])
def test_a_filter_that_makes_no_sense_is_refused(asked: str) -> None:
    answer = api(CY).get(f"/api/v1/experts?{asked}")

    assert answer.status_code == 400


def test_the_catalogue_asks_the_database_no_more_for_more_experts() -> None:
    client = api(CY)
    client.get("/api/v1/experts")  # a process that has just started looks once how far the log is
    counts = []

    for wave in range(2):
        for number in range(1 + 10 * wave):
            make_version(make_expert(f"expert-{wave}-{number}"))
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/api/v1/experts").status_code == 200
        counts.append(len(queries))

    assert counts[0] == counts[1]
