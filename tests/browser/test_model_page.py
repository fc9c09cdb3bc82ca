"""A model's page says what was asked for, and how its revisions are called; a stranger's browser checks its proof."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, FilePayload, expect

from client.waiting import wait_for_composition
from registry.embedded.supervisor import Site
from tests.browser.visitor import visitor
from tests.flows.shelf import PASSWORD, Shelf, open_shelf


@pytest.fixture(scope="module")
def shelf(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    folder = tmp_path_factory.mktemp("home")
    experts = {"dramatists/drama": "drama"}
    with open_shelf(site, folder, experts=experts, examiners="jurors", consumer="gallery") as opened:
        yield opened


@pytest.mark.timeout(600)
def test_a_selector_and_tags_are_shown(browser: Browser, shelf: Shelf, tmp_path: Path) -> None:
    reader = shelf.people.reader
    _, build = reader.request_model(
        "gallery/walls",
        anchor=shelf.anchor,
        selector={"domains": ["drama"], "organisations": ["dramatists"]},
        purpose="research",
    )
    wait_for_composition(reader, build, seconds=300)
    for tag in ("v1", "Autumn.2026"):
        reader.set_tag("gallery/walls", tag, revision="main")

    with visitor(browser, shelf.site.url, tmp_path) as somebody:
        page = somebody.page
        somebody.sign_in("consumer@gallery.example", PASSWORD)
        page.get_by_role("link", name="Models").first.click()
        expect(page.get_by_text("all approved experts in drama of dramatists")).to_be_visible()
        somebody.look("models")
        page.get_by_role("link", name="gallery/walls").click()
        revisions = page.get_by_role("list", name="Revisions")
        for words in ("dramatists/drama@1", "v1", "Autumn.2026", "main", "Published"):
            expect(revisions.get_by_text(words, exact=True)).to_be_visible()
        expect(page.get_by_text("all approved experts in drama of dramatists that the policies allow")).to_be_visible()
        somebody.look("model")

        proof = files_of(shelf, "gallery/walls")
        page.context.clear_cookies()
        page.goto(f"{shelf.site.url}/verify")
        page.get_by_role("button", name="Check the log").click()
        expect(page.get_by_text("Your browser checked this log: what it could look at holds")).to_be_visible()
        expect(page.get_by_text("make the root that was signed")).to_be_visible()
        page.get_by_role("checkbox", name="Read the entries too").check()
        page.get_by_role("button", name="Check the log").click()
        expect(page.get_by_text("Every entry hashes to what the tiles list")).to_be_visible()
        expect(page.get_by_text("that this browser verified before")).to_be_visible()
        page.get_by_test_id("model-files").set_input_files(proof)
        expect(page.get_by_text("Your browser checked this model: what it could look at holds")).to_be_visible()
        expect(page.get_by_text("dramatists/drama@1", exact=False).first).to_be_visible()
        somebody.look("verify")
        tampered: list[FilePayload] = [
            {**one, "buffer": one["buffer"].replace(b"gallery", b"gallerx")} for one in proof
        ]
        page.get_by_test_id("model-files").set_input_files(tampered)
        expect(page.get_by_text("This model does not check out")).to_be_visible()
        for address in ("guides", "guides/consumer", "reference"):
            page.goto(f"{shelf.site.url}/{address}")
            page.get_by_role("heading", level=1).wait_for()
            somebody.look(address.replace("/", "-"))

    assert somebody.complaints == []


def files_of(shelf: Shelf, model: str) -> list[FilePayload]:
    """What lies beside the model to prove it, and one of its files, as its consumer downloads them."""
    token = {"Authorization": f"Bearer {shelf.people.reader_token}"}
    files: list[FilePayload] = []
    for name in ("inclusion.json", "inclusion.tlog-proof", "guildhall-manifest.json", "config.json"):
        answer = httpx.get(f"{shelf.site.url}/{model}/resolve/main/{name}", headers=token, follow_redirects=True)
        answer.raise_for_status()
        files.append({"name": name, "mimeType": "application/octet-stream", "buffer": answer.content})
    return files
