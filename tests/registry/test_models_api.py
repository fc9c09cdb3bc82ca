"""Models and compositions over HTTP: asked for, explained, refused with the policies, watched and cancelled."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from registry.audit.models import Entry
from registry.compositions.models import Composition
from registry.compositions.progress import note_progress
from registry.policy.models import Decision
from tests.factories import (
    ADA,
    BEN,
    CY,
    EVE,
    OLGA,
    OTTO,
    api,
    make_anchor,
    make_expert,
    make_revision,
    make_version,
    request,
)

WISH = {"anchor": "small", "experts": ["playhouse/drama"], "purpose": "research"}
BY_DOMAIN = {"anchor": "small", "selector": {"domains": ["drama"]}, "purpose": "research"}
READER = "/api/v1/models/library/reader"


def test_a_request_is_accepted_and_names_its_composition() -> None:
    make_version()

    answer = api(CY).put(READER, WISH)

    assert answer.status_code == 202
    composition = Composition.objects.get()
    assert answer["Location"] == f"/api/v1/compositions/{composition.id}"
    body = answer.json()
    assert body["full_name"] == "library/reader"
    assert body["experts"] == ["playhouse/drama"]
    assert body["main"] is None
    assert body["latest"]["state"] == "decided"
    assert [build["id"] for build in body["compositions"]] == [str(composition.id)]
    assert body["may"] == {"change": True}


def test_the_same_request_names_the_same_composition() -> None:
    make_version()
    client = api(CY)

    assert client.put(READER, WISH)["Location"] == client.put(READER, WISH)["Location"]


def test_a_refusal_is_a_problem_that_names_the_policies_and_is_kept() -> None:
    make_version(purposes=["education"], licence="CC-BY-NC-4.0")

    answer = api(CY).put(READER, WISH | {"purpose": "service"})

    assert answer.status_code == 403
    assert answer["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert body["code"] == "denied-by-policy"
    assert [reason["policy"] for reason in body["policies"]] == [
        "forbid.licence-non-commercial",
        "forbid.purpose-outside-consent",
    ]
    assert "playhouse/drama@1" in body["detail"]
    composition = Composition.objects.get()
    assert composition.state == "refused"
    shown = api(CY).get(f"/api/v1/compositions/{composition.id}").json()
    assert [refusal["policy"] for refusal in shown["refusals"]] == [p["policy"] for p in body["policies"]]
    assert shown["inclusions"] == []


@pytest.mark.parametrize(
    "wish",
    [
        {},
        WISH | {"experts": "playhouse/drama"},
        WISH | {"experts": []},
        WISH | {"experts": [7]},
        WISH | {"top_k": "many"},
        WISH | {"top_k": 0},
        WISH | {"top_k": True},
        WISH | {"on_withdrawal": "ignore"},
        WISH | {"purposes": ["research"]},
        WISH | {"purpose": "fun"},
        WISH | {"selector": {}},
        WISH | {"experts": None},
        BY_DOMAIN | {"selector": "drama"},
        BY_DOMAIN | {"selector": []},
        BY_DOMAIN | {"selector": None},
        BY_DOMAIN | {"selector": {"domains": "drama"}},
        BY_DOMAIN | {"selector": {"domains": [["drama"]]}},
        BY_DOMAIN | {"selector": {"domains": [""]}},
        BY_DOMAIN | {"selector": {"names": ["drama"]}},
        BY_DOMAIN | {"selector": {"domains": ["law"]}},
        BY_DOMAIN | {"top_k": 3},
        [],
        "x",
    ],
)
def test_a_wish_of_another_shape_is_a_problem_of_one_sentence(wish: Any) -> None:
    make_version()

    answer = api(CY).put(READER, wish)

    assert answer.status_code == 400
    assert answer.json()["detail"].endswith(".")
    assert not Composition.objects.exists()


@pytest.mark.parametrize(
    ("somebody", "status"), [(ADA, 403), (BEN, 403), (OLGA, 403), (OTTO, 403), (EVE, 403), (None, 401)]
)
def test_only_a_consumer_of_the_organisation_requests_explains_and_cancels(somebody: Any, status: int) -> None:
    composition = request(make_version(), name="other")
    client = api(somebody)
    question = {"organisation": "library", "anchor": "small", "purpose": "research"}

    assert client.put(READER, WISH).status_code == status
    assert client.post("/api/v1/models/explain", question).status_code == status
    assert client.post(f"/api/v1/compositions/{composition.id}/cancel").status_code in {status, 404}
    composition.refresh_from_db()
    assert composition.state == "decided"


@pytest.mark.parametrize(
    ("somebody", "sees"), [(CY, True), (OLGA, True), (OTTO, True), (BEN, True), (ADA, False), (EVE, False)]
)
def test_models_are_seen_by_their_own_and_by_those_whose_work_is_to_look(somebody: Any, sees: bool) -> None:
    composition = make_revision()
    client = api(somebody)

    listed = client.get("/api/v1/models").json()["results"]

    assert [model["full_name"] for model in listed] == (["library/reader"] if sees else [])
    assert client.get(READER).status_code == (200 if sees else 404)
    assert client.get(f"/api/v1/compositions/{composition.id}").status_code == (200 if sees else 404)


def test_a_published_model_shows_its_revision_and_what_is_in_it() -> None:
    composition = make_revision(make_version(), make_version(make_expert("code", organisation="codeworks")))

    model = api(CY).get(READER).json()
    shown = api(CY).get(f"/api/v1/compositions/{composition.id}").json()

    assert model["main"]["revision"] == composition.revision
    assert model["main"]["published_at"] is not None
    assert shown["model"] == "library/reader"
    assert shown["state"] == "published"
    assert [(i["expert"], i["version"], i["slot"]) for i in shown["inclusions"]] == [
        ("playhouse/drama", 1, 1),
        ("codeworks/code", 1, 2),
    ]
    assert [(d["expert"], d["allowed"], d["reasons"]) for d in shown["decisions"]] == [
        ("playhouse/drama", True, []),
        ("codeworks/code", True, []),
    ]
    assert {file["path"] for file in shown["files"]} >= {"config.json", "expert-00.safetensors"}
    assert shown["validation"] == {"finite": True}


def test_progress_is_shown_while_it_is_built() -> None:
    composition = request(make_version())
    address = f"/api/v1/compositions/{composition.id}"
    assert api(CY).get(address).json()["progress"] == {}

    note_progress(composition.id, step="shards", done=1, total=2)

    assert api(CY).get(address).json()["progress"] == {"step": "shards", "done": 1, "total": 2}


def test_a_build_is_cancelled_once_and_not_after_its_end() -> None:
    running, published = request(make_version(), name="one"), make_revision(name="two")
    client = api(CY)

    first = client.post(f"/api/v1/compositions/{running.id}/cancel")
    second = client.post(f"/api/v1/compositions/{running.id}/cancel")
    late = client.post(f"/api/v1/compositions/{published.id}/cancel")

    assert [first.status_code, second.status_code, late.status_code] == [200, 200, 409]
    assert first.json()["state"] == "cancelled"
    assert Entry.objects.filter(event="composition.cancelled").count() == 1


def test_an_explanation_says_for_each_expert_what_the_policies_would_and_keeps_nothing() -> None:
    make_version()
    make_version(make_expert("code", organisation="codeworks"), purposes=["education"])
    make_version(make_expert("secret", organisation="codeworks"), state="verified")
    make_version(make_expert("far", anchor=make_anchor("other")))
    before = Entry.objects.count()

    answer = api(CY).post(
        "/api/v1/models/explain", {"organisation": "library", "anchor": "small", "purpose": "research"}
    )

    assert answer.status_code == 200
    assert [(e["expert"], e["allowed"], [r["policy"] for r in e["reasons"]]) for e in answer.json()["experts"]] == [
        ("codeworks/code", False, ["forbid.purpose-outside-consent"]),
        ("playhouse/drama", True, []),
    ]
    assert Entry.objects.count() == before
    assert not Decision.objects.exists()


def test_a_list_of_models_costs_the_same_however_long_it_is() -> None:
    version = make_version()
    make_revision(version, name="one")
    client = api(CY)
    with CaptureQueriesContext(
        connection,
    ) as few:
        client.get("/api/v1/models")
    for number in range(5):
        make_revision(version, name=f"m{number}")

    with CaptureQueriesContext(connection) as many:
        assert len(client.get("/api/v1/models").json()["results"]) == 6

    assert len(many) == len(few)


def test_models_of_one_organisation_are_asked_for_by_name() -> None:
    make_revision()

    assert len(api(OLGA).get("/api/v1/models?organisation=library").json()["results"]) == 1
    assert api(OLGA).get("/api/v1/models?organisation=museum").json()["results"] == []


def test_models_are_searched_for_by_words() -> None:
    client = api(CY)
    version = make_version()
    for name in ("reader", "letters"):
        make_revision(version, name=name)

    def found(q: str) -> list[str]:
        return [one["name"] for one in client.get("/api/v1/models", {"q": q}).json()["results"]]

    assert found("READ") == ["reader"]
    assert found("library/lett") == ["letters"]
    assert sorted(found("library")) == ["letters", "reader"]
    assert found("read lett") == []
    assert client.get("/api/v1/models", {"q": "x" * 201}).status_code == 400
