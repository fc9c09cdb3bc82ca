"""A model's page says what it asks for when no expert is named, and which revisions have which names."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

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

    assert somebody.complaints == []
