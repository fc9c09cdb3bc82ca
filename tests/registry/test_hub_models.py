"""What a client reads before it downloads: the model, its tree, its refs, its history."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from registry.compositions.models import Composition, CompositionState
from tests.factories import CY, make_token
from tests.repositories import LARGE, SMALL, make_model, publish


@pytest.fixture
def cy() -> Client:
    return Client(headers={"authorization": f"Bearer {make_token(CY)}"})


@pytest.fixture
def stage() -> Composition:
    return publish(make_model())


def test_a_model_is_told_with_its_commit_and_files(cy: Client, stage: Composition) -> None:
    for address in ("/api/models/library/stage", f"/api/models/library/stage/revision/{stage.revision}"):
        body = cy.get(address).json()

        assert body["id"] == "library/stage"
        assert body["sha"] == stage.revision
        assert {item["rfilename"] for item in body["siblings"]} == {*SMALL, *LARGE}
        assert body["private"] is True
        assert body["disabled"] is False


def test_blobs_are_told_when_asked_for(cy: Client, stage: Composition) -> None:
    siblings = cy.get("/api/models/library/stage?blobs=true").json()["siblings"]

    by_path = {item["rfilename"]: item for item in siblings}
    assert by_path["config.json"]["lfs"]["sha256"] == stage.files.get(path="config.json").sha256
    assert "lfs" not in by_path["expert-00.safetensors"]


def test_the_tree_is_whole_when_recursive(cy: Client, stage: Composition) -> None:
    entries = cy.get("/api/models/library/stage/tree/main?recursive=true&expand=false").json()

    assert [entry["path"] for entry in entries] == sorted([*SMALL, *LARGE, "LICENSES"])
    assert next(e for e in entries if e["path"] == "LICENSES")["type"] == "directory"


def test_the_tree_shows_one_folder_when_not(cy: Client, stage: Composition) -> None:
    root = cy.get("/api/models/library/stage/tree/main").json()
    inside = cy.get("/api/models/library/stage/tree/main/LICENSES").json()

    assert "LICENSES" in {entry["path"] for entry in root}
    assert "LICENSES/CC-BY-4.0.txt" not in {entry["path"] for entry in root}
    assert [entry["path"] for entry in inside] == ["LICENSES/CC-BY-4.0.txt"]


def test_only_a_known_plain_digest_is_told_as_lfs(cy: Client, stage: Composition) -> None:
    entries = cy.get("/api/models/library/stage/tree/main?recursive=true").json()

    by_path = {entry["path"]: entry for entry in entries}
    assert by_path["config.json"]["lfs"]["oid"] == stage.files.get(path="config.json").sha256
    assert "lfs" not in by_path["expert-00.safetensors"]
    assert not any("xetHash" in entry for entry in entries)


def test_long_trees_come_in_pages(cy: Client, stage: Composition) -> None:
    address, seen = "/api/models/library/stage/tree/main?recursive=true&limit=2", []
    while address:
        answer = cy.get(address)
        seen += [entry["path"] for entry in answer.json()]
        address = _next(answer)

    assert seen == sorted([*SMALL, *LARGE, "LICENSES"])


def _next(answer: Any) -> str:
    link = answer.headers.get("Link", "")
    if not link:
        return ""
    assert link.endswith('>; rel="next"')
    parts = urlsplit(link[1:].partition(">")[0])
    return f"{parts.path}?{parts.query}"


def test_a_missing_folder_is_an_absence(cy: Client, stage: Composition) -> None:
    answer = cy.get("/api/models/library/stage/tree/main/additional_chat_templates?recursive=false")

    assert answer.status_code == 404
    assert answer["X-Error-Code"] == "EntryNotFound"
    assert answer["X-Repo-Commit"] == stage.revision


def test_paths_are_looked_up_from_a_form_or_from_json(cy: Client, stage: Composition) -> None:
    address = "/api/models/library/stage/paths-info/main"
    body = {"paths": ["config.json", "LICENSES", "nothing.here"]}

    answers = [cy.post(address, body), cy.post(address, body, content_type="application/json")]

    for answer in answers:
        found = {entry["path"]: entry["type"] for entry in answer.json()}
        assert found == {"config.json": "file", "LICENSES": "directory"}


@pytest.mark.parametrize("body", ["[1, 2]", '{"paths": [1]}', "not json", '{"paths": {"a": 1}}'])
def test_a_wrong_list_of_paths_is_a_bad_request(cy: Client, stage: Composition, body: str) -> None:
    answer = cy.post("/api/models/library/stage/paths-info/main", body, content_type="application/json")

    assert answer.status_code == 400
    assert answer["X-Error-Message"]


def test_the_one_branch_is_main(cy: Client, stage: Composition) -> None:
    body = cy.get("/api/models/library/stage/refs").json()

    assert body["branches"] == [{"name": "main", "ref": "refs/heads/main", "targetCommit": stage.revision}]
    assert body["tags"] == []


def test_the_history_holds_what_is_still_served(cy: Client) -> None:
    model = make_model()
    withdrawn = publish(model, {"a": b"1"}, state=CompositionState.WITHDRAWN, main=False)
    earlier = publish(model, {"a": b"2"}, state=CompositionState.SUPERSEDED, main=False)
    newest = publish(model, {"a": b"3"})

    commits = [commit["id"] for commit in cy.get("/api/models/library/stage/commits/main").json()]

    assert commits == [newest.revision, earlier.revision]
    assert withdrawn.revision not in commits


def test_a_token_is_told_whose_it_is(cy: Client) -> None:
    body = cy.get("/api/whoami-v2").json()

    assert body["fullname"] == "Cy"
    assert [organisation["name"] for organisation in body["orgs"]] == ["library"]
    assert body["auth"]["accessToken"]["role"] == "read"


def test_auth_check_answers_for_a_reader(cy: Client, stage: Composition) -> None:
    assert cy.get("/api/models/library/stage/auth-check").status_code == 200
