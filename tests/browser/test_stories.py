"""Four people come for what they want while things go wrong: the line is lost, the session ends, somebody else decides
first, a policy refuses. Each gets there, and what they typed is still there.
"""

import re
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, TimeoutError, expect

from client.api import Guildhall
from registry.embedded.supervisor import Site
from tests.browser.visitor import Visitor, visitor
from tests.flows.shelf import PASSWORD, Shelf, open_shelf

expect.set_options(timeout=30_000)
ANCHORED, BROUGHT = "harbour/drama", "harbour/code"
A_BUILD = 180_000  # milliseconds
SAID = "The consent names research alone, and the card says more."


@dataclass(frozen=True, slots=True)
class Quay:
    """One approved expert, its people, a second examiner and an auditor."""

    shelf: Shelf
    anchor_name: str
    second: Guildhall
    browser: Browser
    pictures: Path

    @property
    def site(self) -> Site:
        return self.shelf.site

    def enter(self, email: str, on: ExitStack) -> Visitor:
        somebody = on.enter_context(visitor(self.browser, self.site.url, self.pictures))
        somebody.sign_in(email, PASSWORD)
        return somebody


@pytest.fixture(scope="module")
def quay(site: Site, browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Quay]:
    folder = tmp_path_factory.mktemp("quay")
    shelf = open_shelf(site, folder, experts={ANCHORED: "drama"}, examiners="harbour-jury", consumer="harbour-readers")
    with shelf as opened, Guildhall(site.url) as second:
        operator = opened.people.operator
        for slug, role in (("second-jury", "compliance"), ("harbour-watch", "auditor")):
            operator.create_organisation(slug, slug.title())
            operator.create_person(f"{role}@{slug}.example", role.title(), password=PASSWORD, roles=[(slug, role)])
        second.sign_in("compliance@second-jury.example", PASSWORD)
        anchor = operator.get_anchor(opened.anchor)
        yield Quay(opened, anchor["name"], second, browser, folder)


@pytest.mark.timeout(600)
def test_four_people_get_there_though_things_go_wrong(quay: Quay) -> None:
    with ExitStack() as windows:
        owner = quay.enter("owner@harbour.example", windows)
        version = the_owner_brings_an_expert(owner, quay)
        examiner = quay.enter("compliance@harbour-jury.example", windows)
        compliance_is_forestalled(examiner, quay, version)
        reader = quay.enter("consumer@harbour-readers.example", windows)
        the_consumer_finds_a_way_out(reader, quay, version)
        auditor = windows.enter_context(visitor(quay.browser, quay.site.url, quay.pictures))
        the_auditor_checks_an_entry(auditor, quay)
        expect(reader.page.get_by_role("heading", name="Load it")).to_be_visible(timeout=A_BUILD)

        people = (owner, examiner, reader, auditor)
        assert [complaint for person in people for complaint in person.complaints] == []


def the_owner_brings_an_expert(owner: Visitor, quay: Quay) -> str:
    """The id of the version that stands in the review queue then."""
    page = owner.page
    page.get_by_role("link", name="Upload an expert").click()
    owner.choose("Anchor", quay.anchor_name)
    for label, text in (("Name", "code"), ("Domain", "code"), ("Title", "Programs of the harbour")):
        page.get_by_role("textbox", name=label).fill(text)
    page.get_by_role("combobox", name="Licence").fill("CC0-1.0")
    owner.choose("Legal ground", "The data is about nobody")
    page.get_by_role("textbox", name="How the right to use it can be withdrawn").fill("Write to us.")
    page.get_by_role("checkbox", name="Research", exact=True).check()
    page.get_by_role("textbox", name="The data").fill("Programs that move cranes.")
    page.get_by_role("textbox", name="Trained by").fill("Harbour")
    page.get_by_role("textbox", name="Code").fill("flexcore 0.1.0")
    choose_package(page, quay)

    page.context.set_offline(True)
    expect(page.get_by_text("You are offline")).to_be_visible()
    page.get_by_role("button", name="Save the draft and go on").click()
    expect(page.get_by_role("alert").filter(has_text="cannot be reached")).to_be_visible()
    owner.look("story-upload-offline")
    page.context.set_offline(False)
    expect(page.get_by_text("You are offline")).to_be_hidden()

    lose_session(page)
    press_too_late(page, "Save the draft and go on")
    come_back(owner, "owner@harbour.example", "Upload an expert")
    for label, text in (("Title", "Programs of the harbour"), ("The data", "Programs that move cranes.")):
        expect(page.get_by_role("textbox", name=label)).to_have_value(text)
    choose_package(page, quay)
    page.get_by_role("button", name="Save the draft and go on").click()
    page.get_by_role("button", name="Upload and submit").click()
    expect(page.get_by_text("Verified, and waiting for review")).to_be_visible(timeout=A_BUILD)
    forgive(owner, "ERR_INTERNET_DISCONNECTED", "status of 401")
    return quay.shelf.people.owners[ANCHORED].get_expert(BROUGHT)["versions"][0]["id"]


def choose_package(page: Page, quay: Quay) -> None:
    page.get_by_test_id("package-files").set_input_files(sorted(quay.shelf.home.code.folder.iterdir()))
    expect(page.get_by_text("The package looks right")).to_be_visible()


def compliance_is_forestalled(examiner: Visitor, quay: Quay, version: str) -> None:
    page = examiner.page
    page.get_by_role("link", name="Open the review queue").click()
    page.get_by_role("link", name=f"{BROUGHT}, version 1").click()
    page.get_by_role("radio", name="Reject").check()
    page.get_by_role("textbox", name="Reason").fill(SAID)

    lose_session(page)
    press_too_late(page, "Reject")
    come_back(examiner, "compliance@harbour-jury.example", f"Review {BROUGHT}, version 1")
    expect(page.get_by_role("radio", name="Reject")).to_be_checked()
    expect(page.get_by_role("textbox", name="Reason")).to_have_value(SAID)

    quay.second.approve_version(version, reason="All that it needs is there.")
    page.get_by_role("button", name="Reject").click()
    expect(page.get_by_text("It has changed since you opened it")).to_be_visible()
    examiner.look("story-review-forestalled")
    page.get_by_role("button", name="Read it again").click()
    expect(page.get_by_text("Nothing to decide now")).to_be_visible()
    expect(page.get_by_text("All that it needs is there.")).to_be_visible()
    examiner.look("story-review-decided-by-another")
    forgive(examiner, "status of 401", "status of 412", "status of 409")


def the_consumer_finds_a_way_out(reader: Visitor, quay: Quay, version: str) -> None:
    """An expert that was offered is paused while the wish is written: the refusal says so, and it can be left out."""
    page = reader.page
    page.get_by_role("link", name="Request a model").click()
    page.get_by_role("textbox", name="Name").fill("crane-desk")
    reader.choose("Anchor", quay.anchor_name)
    reader.choose("Purpose", "Research")
    for expert in (ANCHORED, BROUGHT):
        page.get_by_role("checkbox", name=expert).check()

    lose_session(page)
    press_too_late(page, "Request the model")
    come_back(reader, "consumer@harbour-readers.example", "Request a model")
    expect(page.get_by_role("textbox", name="Name")).to_have_value("crane-desk")
    expect(page.get_by_role("checkbox", name=BROUGHT)).to_be_checked()

    owner = quay.shelf.people.owners[ANCHORED]
    owner.pause_version(version, reason="We look at the cranes again.")
    page.get_by_role("button", name="Request the model").click()
    expect(page.get_by_role("alert").filter(has_text="forbid.not-approved")).to_be_visible()
    reader.look("story-model-refused")
    page.get_by_role("checkbox", name=BROUGHT).uncheck()
    page.get_by_role("button", name="Request the model").click()
    expect(page.get_by_role("heading", name="harbour-readers/crane-desk")).to_be_visible()
    forgive(reader, "status of 401", "status of 403", "status of 409", "status of 422")


def the_auditor_checks_an_entry(auditor: Visitor, quay: Quay) -> None:
    page = auditor.page
    page.goto(f"{quay.site.url}/log?event=version.paused")
    sign_in_here(page, "auditor@harbour-watch.example")
    expect(page.get_by_role("textbox", name="Event")).to_have_value("version.paused")
    page.get_by_text(f"{BROUGHT}@1").first.click()
    check = page.get_by_role("button", name="Check this entry here")
    expect(check).to_be_visible()

    page.context.set_offline(True)
    check.click()
    expect(page.get_by_role("alert").filter(has_text="cannot be reached")).to_be_visible()
    auditor.look("story-log-offline")
    page.get_by_role("link", name="Policies", exact=True).click()
    expect(page.get_by_role("heading", name="The page is out of reach")).to_be_visible()
    auditor.look("story-page-not-here")
    page.context.set_offline(False)  # it loads again by itself
    expect(page.get_by_role("list", name="Policy sets")).to_be_visible()

    page.go_back()
    lose_session(page)
    page.reload()
    sign_in_here(page, "auditor@harbour-watch.example")
    expect(page.get_by_role("textbox", name="Event")).to_have_value("version.paused")
    page.get_by_text(f"{BROUGHT}@1").first.click()
    page.get_by_role("button", name="Check this entry here").click()
    expect(page.get_by_text("Your browser checked it: it is in the log")).to_be_visible()
    auditor.look("story-log-checked")
    forgive(auditor, "ERR_INTERNET_DISCONNECTED", "status of 401", "dynamically imported module", "cannot be reached")


def lose_session(page: Page) -> None:
    page.context.clear_cookies(name=re.compile("sessionid$"))


def press_too_late(page: Page, name: str) -> None:
    """With the session gone. What the page asks for by itself may find that out first, and then there is no button."""
    with suppress(TimeoutError):
        page.get_by_role("button", name=name).click(timeout=5_000)


def come_back(somebody: Visitor, email: str, heading: str) -> None:
    sign_in_here(somebody.page, email)
    expect(somebody.page.get_by_role("heading", name=heading, level=1)).to_be_visible()


def sign_in_here(page: Page, email: str) -> None:
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.get_by_label("E-mail").fill(email)
    page.locator("input[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def forgive(somebody: Visitor, *told: str) -> None:
    """What the browser's console tells of the troubles that were meant."""
    somebody.complaints[:] = [said for said in somebody.complaints if not any(part in said for part in told)]
