"""An operator looks after the service, invites somebody by link, and they come in by it."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from registry.embedded.supervisor import Site
from tests.browser.visitor import Visitor, visitor

WORD = "a long and quiet word"


@pytest.fixture
def operator(site: Site, browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    with visitor(browser, site.url, tmp_path_factory.mktemp("administration")) as somebody:
        somebody.sign_in(site.operator_email, site.operator_password)
        yield somebody


@pytest.mark.timeout(400)
def test_an_operator_sees_the_service_and_invites_somebody_who_comes_in(
    operator: Visitor, site: Site, browser: Browser
) -> None:
    page = operator.page
    page.get_by_role("link", name="Administration").click()
    parts = page.get_by_role("list", name="Parts of the service").get_by_role("listitem")
    expect(parts.filter(has_text="Database")).to_contain_text("Well")
    expect(parts.filter(has_text="Broker and workers")).to_contain_text("3 workers serve every queue.", timeout=90_000)
    expect(
        page.get_by_role("region", name="Queues", exact=True).last.get_by_role("row").filter(has_text="gpu")
    ).to_contain_text("gpu@")
    page.get_by_role("region", name="Storage by kind").wait_for()
    operator.look("service")

    page.get_by_role("tab", name="People").click()
    page.get_by_role("form", name="Create an organisation").get_by_role("textbox", name="Name", exact=True).fill(
        "The Map Room"
    )
    page.get_by_label("Short name").fill("map-room")
    page.get_by_role("button", name="Create", exact=True).click()
    expect(page.get_by_role("list", name="Organisations")).to_contain_text("The Map Room")
    page.get_by_role("form", name="Invite somebody").get_by_label("E-mail").fill("rae@map-room.example")
    operator.choose("Organisation", "The Map Room")
    page.get_by_role("button", name="Invite", exact=True).click()
    link = page.get_by_role("status").locator("code, pre").first.inner_text().strip()
    operator.look("people")

    with visitor(browser, site.url, operator.pictures) as rae:
        rae.page.goto(link)
        rae.page.get_by_label("Your name").fill("Rae")
        rae.page.locator("input[autocomplete=new-password]").fill(WORD)
        rae.look("join")
        rae.page.get_by_role("button", name="Come in").click()
        rae.page.get_by_role("heading", name="Sign in").wait_for()
        rae.sign_in("rae@map-room.example", WORD)
        expect(rae.page.get_by_role("link", name="Administration")).to_have_count(0)
        assert rae.complaints == []

    page.reload()
    page.get_by_role("tab", name="People").click()
    row = page.get_by_role("list", name="People").get_by_role("listitem").filter(has_text="rae@map-room.example")
    expect(row).to_contain_text("owner at The Map Room")
    row.get_by_role("button", name="Revoke owner").click()
    page.get_by_role("group", name=re.compile("^Revoke .*\\?$")).get_by_role("button", name="Revoke").click()
    expect(row).not_to_contain_text("owner at")
    page.get_by_role("tab", name="Tokens and keys").click()
    operator.look("tokens")
    page.get_by_role("tab", name="Service").click()
    expect(parts.filter(has_text="Witnesses")).to_contain_text("1 of 1 have signed", timeout=60_000)
    stored = page.get_by_role("region", name="Storage by kind")
    expect(stored).to_contain_text("The log's tiles and checkpoints", timeout=120_000)
    assert operator.complaints == []
