"""Revisions as their consumer sees them: listed with their experts, compared, and named by tags that the hub knows."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from registry.accounts.models import Role
from registry.actors import PROPAGATOR
from registry.audit.models import Entry
from registry.compositions.actions import block_compositions_with
from registry.compositions.models import RepositoryFile, Tag
from registry.experts.models import ExpertVersion
from registry.replay.queries import audit_differences
from registry.withdrawals.actions import withdraw_version
from tests.factories import (
    ADA,
    BEN,
    CY,
    EVE,
    OLGA,
    OTTO,
    api,
    give_role,
    make_expert,
    make_revision,
    make_token,
    make_version,
)

READER = "/api/v1/models/library/reader"


def two() -> tuple[ExpertVersion, ExpertVersion]:
    return make_version(), make_version(make_expert("code", organisation="codeworks"))


def blocked(version: ExpertVersion) -> None:
    give_role(ADA, version.expert.organisation.slug, Role.OWNER)
    withdraw_version(version.id, by=ADA, reason="The licence was not ours to give.")
    block_compositions_with(version.id, reason="It was withdrawn.", by=PROPAGATOR)


def tag(name: str, revision: str = "main", *, by: Any = CY) -> Any:
    return api(by).put(f"{READER}/tags/{name}", {"revision": revision})


def test_revisions_are_listed_newest_first_with_what_is_in_them() -> None:
    drama, code = two()
    older = make_revision(drama)
    newer = make_revision(drama, code)
    tag("v1", older.revision)

    rows = api(CY).get(f"{READER}/revisions").json()["results"]

    assert [(row["revision"], row["state"], row["main"], row["tags"]) for row in rows] == [
        (newer.revision, "published", True, []),
        (older.revision, "superseded", False, ["v1"]),
    ]
    assert [(e["expert"], e["version"], e["slot"]) for e in rows[0]["experts"]] == [
        ("playhouse/drama", 1, 1),
        ("codeworks/code", 1, 2),
    ]
    assert rows[0]["published_at"] > rows[1]["published_at"]


def test_a_withdrawn_revision_stays_in_the_list() -> None:
    drama, code = two()
    make_revision(drama, code)
    blocked(code)

    [row] = api(CY).get(f"{READER}/revisions").json()["results"]

    assert (row["state"], row["main"]) == ("withdrawn", False)
    assert row["blocked_at"] is not None


def test_a_long_list_comes_in_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("registry.api.paging.Pages.page_size", 1)
    drama, code = two()
    revisions = [make_revision(drama).revision, make_revision(drama, code).revision]

    first = api(CY).get(f"{READER}/revisions").json()
    second = api(CY).get(first["next"]).json()

    assert [first["results"][0]["revision"], second["results"][0]["revision"]] == revisions[::-1]
    assert second["next"] is None


def test_a_comparison_names_experts_files_and_bytes() -> None:
    drama, code, far = *two(), make_version(make_expert("far", organisation="codeworks"))
    before = make_revision(drama, code)
    second = make_version(code.expert)
    after = make_revision(second, far)

    told = api(CY).get(f"{READER}/revisions/{before.revision}/compare/main").json()

    assert (told["before"]["revision"], told["after"]["revision"]) == (before.revision, after.revision)
    assert told["experts"] == {
        "added": [{"expert": "codeworks/far", "version": 1, "slot": 2}],
        "removed": [{"expert": "playhouse/drama", "version": 1, "slot": 1}],
        "changed": [{"expert": "codeworks/code", "before": 1, "after": 2}],
        "moved": [{"expert": "codeworks/code", "before": 2, "after": 1}],
    }


def test_only_bytes_that_a_client_has_not_are_counted() -> None:
    drama, code = two()
    before, after = make_revision(drama), make_revision(drama, code)
    RepositoryFile.objects.all().delete()
    for build, files in (
        (before, {"a": "x", "b": "y", "gone": "z"}),
        (after, {"a": "x", "b": "w", "new": "y", "n2": "q"}),
    ):
        RepositoryFile.objects.bulk_create(
            RepositoryFile(composition=build, path=path, size=7, digest=digest, key=path)
            for path, digest in files.items()
        )

    told = api(CY).get(f"{READER}/revisions/{before.revision}/compare/{after.revision}").json()

    assert told["files"] == {"added": ["n2", "new"], "removed": ["gone"], "changed": ["b"]}
    assert told["bytes_to_fetch"] == 14  # w and q; what was b lies there already


@pytest.mark.parametrize("other", ["none", "0" * 40, "..", "%F0%9F%98%80"])
def test_a_revision_that_is_not_there_is_not_compared(other: str) -> None:
    make_revision()

    answer = api(CY).get(f"{READER}/revisions/main/compare/{other}")

    assert answer.status_code == 404
    assert answer.json()["code"] in {"revision-not-found", "not-found"}


def test_a_tag_is_set_moved_removed_and_told() -> None:
    drama, code = two()
    older, newer = make_revision(drama), make_revision(drama, code)

    first = tag("v1", older.revision)
    again = tag("v1", older.revision)
    moved = tag("v1", "main")
    other = tag("copy", "v1")
    replayed = audit_differences()
    removed = api(CY).delete(f"{READER}/tags/v1")
    missing = api(CY).delete(f"{READER}/tags/v1")

    assert first.json() == again.json() == {"tag": "v1", "revision": older.revision}
    assert moved.json()["revision"] == other.json()["revision"] == newer.revision
    assert (removed.status_code, missing.status_code) == (204, 404)
    events = Entry.objects.filter(event__startswith="tag.").order_by("id").values_list("event", "about")
    assert list(events) == [
        *[("tag.set", "model:library/reader")] * 3,
        ("tag.removed", "model:library/reader"),
    ]
    assert [line for line in replayed + audit_differences() if line.startswith("model ")] == []


@pytest.mark.parametrize(
    "name", ["main", "Main", "HEAD", "a" * 40, "A" * 40, "-v1", ".v1", "v1.", "v 1", "a" * 41, "ä", "v1%0A"]
)
def test_an_odd_name_of_a_tag_is_refused_in_a_sentence(name: str) -> None:
    make_revision()

    answer = tag(name)

    assert answer.status_code == 400
    assert answer.json()["detail"].endswith(".")
    assert not Tag.objects.exists()


@pytest.mark.parametrize("revision", ["", "v2", "0" * 40, "refs/heads/main"])
def test_a_tag_names_a_served_revision_only(revision: str) -> None:
    make_revision()

    answer = tag("v1", revision)

    assert answer.status_code == (404 if revision else 400)
    assert not Tag.objects.exists()


def test_a_withdrawn_revision_gets_no_tag_and_its_tags_answer_like_itself() -> None:
    drama, code = two()
    older = make_revision(drama, code)
    tag("v1", older.revision)
    make_revision(drama)
    blocked(code)
    client = Client(headers={"authorization": f"Bearer {make_token(CY)}"})

    by_tag, by_revision = (client.get(f"/library/reader/resolve/{name}/config.json") for name in ("v1", older.revision))
    refs = client.get("/api/models/library/reader/refs").json()

    assert tag("v2", older.revision).json()["code"] == "revision-not-found"
    assert (by_tag.status_code, by_tag["X-Error-Code"]) == (404, "RevisionNotFound")
    assert by_tag["X-Error-Message"] == by_revision["X-Error-Message"]
    assert refs["tags"] == []


@pytest.mark.parametrize("address", ["revision/{}", "tree/{}", "commits/{}"])
def test_the_hub_takes_a_tag_for_the_revision_it_names(address: str) -> None:
    drama, code = two()
    older = make_revision(drama)
    tag("v1")
    make_revision(drama, code)
    client = Client(headers={"authorization": f"Bearer {make_token(CY)}"})

    named, tagged = (
        client.get(f"/api/models/library/reader/{address.format(name)}") for name in (older.revision, "v1")
    )

    assert tagged.status_code == 200
    assert tagged["X-Repo-Commit"] if address != "commits/{}" else True
    assert tagged.json() == named.json()


def test_the_hub_lists_the_tags() -> None:
    revision = make_revision().revision
    tag("v1")
    tag("Autumn.2")
    client = Client(headers={"authorization": f"Bearer {make_token(CY)}"})

    refs = client.get("/api/models/library/reader/refs").json()

    assert refs["tags"] == [
        {"name": "Autumn.2", "ref": "refs/tags/Autumn.2", "targetCommit": revision},
        {"name": "v1", "ref": "refs/tags/v1", "targetCommit": revision},
    ]


@pytest.mark.parametrize(("somebody", "status"), [(ADA, 404), (BEN, 403), (OLGA, 403), (OTTO, 403), (EVE, 404)])
def test_only_a_consumer_of_the_organisation_tags(somebody: Any, status: int) -> None:
    make_revision()
    tag("v1")

    assert tag("v2", by=somebody).status_code == status
    assert api(somebody).delete(f"{READER}/tags/v1").status_code == status
    assert [row.name for row in Tag.objects.all()] == ["v1"]


def test_a_model_has_a_bounded_number_of_tags(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("registry.compositions.actions.MAX_TAGS", 1)
    make_revision()
    tag("v1")

    answer = tag("v2")

    assert answer.status_code == 400
    assert "no model has more" in answer.json()["detail"]
    assert tag("v1").status_code == 200


def test_a_list_of_revisions_costs_the_same_however_long_it_is() -> None:
    drama, code = two()
    make_revision(drama)
    client = api(CY)
    with CaptureQueriesContext(connection) as few:
        client.get(f"{READER}/revisions")
    make_revision(drama, code)

    with CaptureQueriesContext(connection) as many:
        assert len(client.get(f"{READER}/revisions").json()["results"]) == 2

    assert len(many) == len(few)
