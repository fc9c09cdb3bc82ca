"""resolve/: the headers that stock clients build their cache on, small files inline, large ones from the store."""

import urllib.request

import pytest
from django.test import Client

from registry.compositions.models import Composition
from registry.usage.models import Download
from tests.factories import CY, make_token, row_of
from tests.repositories import LARGE, SMALL, make_model, publish, published_stage

SHARD = "expert-00.safetensors"


@pytest.fixture
def cy() -> Client:
    return Client(headers={"authorization": f"Bearer {make_token(CY)}"})


@pytest.fixture
def stage() -> Composition:
    return publish(make_model())


def test_a_small_file_is_answered_inline(cy: Client, stage: Composition) -> None:
    answer = cy.get("/library/stage/resolve/main/config.json")

    assert answer.status_code == 200
    assert answer.content == SMALL["config.json"]
    assert answer["X-Repo-Commit"] == stage.revision
    assert answer["ETag"] == f'"{stage.files.get(path="config.json").sha256}"'
    assert answer["Content-Length"] == str(len(SMALL["config.json"]))
    assert answer["Accept-Ranges"] == "bytes"
    assert answer["X-Request-Id"]


def test_a_file_in_a_folder_is_found(cy: Client, stage: Composition) -> None:
    answer = cy.get(f"/library/stage/resolve/{stage.revision}/LICENSES/CC-BY-4.0.txt")

    assert answer.content == SMALL["LICENSES/CC-BY-4.0.txt"]


def test_a_large_file_comes_from_the_store(cy: Client, stage: Composition) -> None:
    answer = cy.get(f"/library/stage/resolve/main/{SHARD}")

    assert answer.status_code == 302
    assert answer["X-Linked-Size"] == str(len(LARGE[SHARD]))
    assert answer["X-Linked-Etag"] == f'"{stage.files.get(path=SHARD).digest.removeprefix("sha256:")}"'
    with urllib.request.urlopen(answer["Location"]) as stored:  # noqa: S310  our own store
        assert stored.read() == LARGE[SHARD]


def test_head_describes_without_handing_out(cy: Client, stage: Composition) -> None:
    for path in ("config.json", SHARD):
        answer = cy.head(f"/library/stage/resolve/main/{path}")

        file = stage.files.get(path=path)
        assert answer.status_code == 200
        assert answer.content == b""
        assert "Location" not in answer
        assert answer["Content-Length"] == answer["X-Linked-Size"] == str(file.size)
        assert answer["X-Repo-Commit"] == stage.revision
    assert not Download.objects.exists()


def test_each_get_is_recorded_with_who_and_what(cy: Client, stage: Composition) -> None:
    cy.get(f"/library/stage/resolve/main/{SHARD}")

    download = Download.objects.get()
    assert (download.composition, download.path, download.bytes) == (stage, SHARD, len(LARGE[SHARD]))
    assert download.person == row_of(CY)
    assert download.organisation.slug == "library"


@pytest.mark.parametrize(
    ("asked", "span", "told"),
    [
        ("bytes=0-3", slice(0, 4), "bytes 0-3/27"),
        ("bytes=20-", slice(20, 27), "bytes 20-26/27"),
        ("bytes=-5", slice(22, 27), "bytes 22-26/27"),
        ("bytes=5-900", slice(5, 27), "bytes 5-26/27"),
        ("bytes=-900", slice(0, 27), "bytes 0-26/27"),
    ],
)
def test_a_range_is_answered_with_just_that(cy: Client, stage: Composition, asked: str, span: slice, told: str) -> None:
    answer = cy.get("/library/stage/resolve/main/config.json", headers={"range": asked})

    assert answer.status_code == 206
    assert answer.content == SMALL["config.json"][span]
    assert answer["Content-Range"] == told


@pytest.mark.parametrize("asked", ["bytes=27-", "bytes=900-901", "bytes=-0"])
def test_a_range_behind_the_end_is_refused_with_the_size(cy: Client, stage: Composition, asked: str) -> None:
    answer = cy.get("/library/stage/resolve/main/config.json", headers={"range": asked})

    assert answer.status_code == 416
    assert answer["Content-Range"] == "bytes */27"


@pytest.mark.parametrize("asked", ["bytes=3-1", "bytes=-", "bytes=0-1,4-5", "lines=1-2", "bytes=" + "9" * 400 + "-"])
def test_a_range_that_says_nothing_gets_the_whole(cy: Client, stage: Composition, asked: str) -> None:
    answer = cy.get("/library/stage/resolve/main/config.json", headers={"range": asked})

    assert answer.status_code == 200
    assert answer.content == SMALL["config.json"]


@pytest.mark.parametrize("path", ["tokenizer.model", "chat_template.jinja", "LICENSES", "LICENSES/", "CONFIG.JSON"])
def test_a_missing_file_is_an_absence_that_clients_remember(cy: Client, stage: Composition, path: str) -> None:
    for answer in (
        cy.head(f"/library/stage/resolve/main/{path}"),
        cy.get(f"/library/stage/resolve/main/{path}"),
    ):
        assert answer.status_code == 404
        assert answer["X-Error-Code"] == "EntryNotFound"
        assert answer["X-Repo-Commit"] == stage.revision
        assert answer["Content-Type"] == "application/json"


def test_the_notice_says_whom_to_name(cy: Client) -> None:
    composition, version = published_stage()

    answer = cy.head("/library/stage/resolve/main/config.json")

    topic, _, message = answer["X-HF-Warning"].partition("; ")
    assert topic == f"guildhall-{composition.revision[:12]}"
    assert f"{version} (CC-BY-4.0): attribution required, to Playhouse" in message


def test_nothing_that_is_served_can_act_as_a_page_of_ours(cy: Client, stage: Composition) -> None:
    answer = cy.get("/library/stage/resolve/main/README.md")

    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]
