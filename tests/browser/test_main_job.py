"""The main job by hand: an owner uploads, compliance approves, a consumer asks for a model, the owner takes it back.

A real Chromium before the real site. Pictures of every page are left in the test's temporary folder.
"""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FilePayload, expect

from client.api import Guildhall
from client.packages import push_version
from client.shapes import Evidence, Version
from client.waiting import wait_for_version
from experiments.demo.people import Logins, Member, admit
from experiments.demo.publishing import approve, publish_anchor
from registry.embedded.supervisor import Site
from tests.browser.visitor import Visitor, visitor
from tests.registry.documents import pdf
from tests.workers.packages import Home, make_home

expect.set_options(timeout=30_000)
# People of this test's own: the site is shared with tests that let in the demo's, with other passwords.
IDA = Member("ida@stage.example", "Ida", "stage", "The Stage", "owner")
KIM = Member("kim@assessors.example", "Kim", "assessors", "The Assessors", "compliance")
LEE = Member("lee@reading-hall.example", "Lee", "reading-hall", "The Reading Hall", "consumer")
A_BUILD = 180_000  # milliseconds: verifying and composing wait for workers on a busy machine
REASON = "A contributor to the drama corpus took her plays back."


@dataclass(frozen=True, slots=True)
class Scene:
    """The site with its people, an anchor and one approved expert, before anybody opens a browser."""

    site: Site
    home: Home
    logins: Logins
    anchor: str
    code: str
    pictures: Path

    def enter(self, browser: Browser, member: Member, on: ExitStack) -> Visitor:
        somebody = on.enter_context(visitor(browser, self.site.url, self.pictures))
        somebody.sign_in(member.email, self.logins.of(member.email).password)
        return somebody


@pytest.fixture(scope="module")
def scene(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("main-job")
    pictures = folder / "pictures"
    pictures.mkdir()
    (folder / "home").mkdir()
    home = make_home(folder / "home")
    logins = Logins(folder / "logins.json")
    with ExitStack() as lines:
        operator = lines.enter_context(Guildhall(site.url))
        operator.sign_in(site.operator_email, site.operator_password)
        people = admit(site.url, operator=operator, logins=logins, open_until=lines, members=(IDA, KIM, LEE))
        anchor = publish_anchor(operator, home.anchor_folder)
        ida = people[IDA]
        ida.register_key(IDA.organisation, name="training machine", public_key=home.key.public_pem)
        code = f"{IDA.organisation}/code"
        ida.create_expert(code, anchor=anchor, title="Stage machinery in Python", domain="code", description="")
        approve(people[KIM], push(ida, code, home))
        yield Scene(site, home, logins, anchor, code, pictures)


def push(owner: Guildhall, expert: str, home: Home) -> Version:
    evidence: Evidence = {
        "licence": {"declared": "MIT"},
        "consent": {"legal_basis": "no-personal-data", "purposes": ["research"], "withdrawal_method": "By mail."},
        "provenance": {
            "statement": {
                "anchor_digest": home.anchor.digest,
                "dataset": "Programs that move scenery.",
                "trained_by": "The Stage",
                "code": "flexcore",
            }
        },
    }
    pushed = push_version(owner, home.code.folder, expert=expert, evidence=evidence)
    return wait_for_version(owner, pushed["id"])


@pytest.mark.timeout(900)
def test_four_people_do_the_main_job(browser: Browser, scene: Scene) -> None:
    with ExitStack() as windows:
        ida = scene.enter(browser, IDA, windows)
        kim = scene.enter(browser, KIM, windows)
        lee = scene.enter(browser, LEE, windows)

        upload(ida, scene)
        review(kim, ida)
        request(lee, scene)
        withdraw(ida)
        see_who_used_it(ida)
        see_what_is_left(lee)
        read_the_log(lee)

        assert [complaint for person in (ida, kim, lee) for complaint in person.complaints] == []


def upload(ida: Visitor, scene: Scene) -> None:
    page = ida.page
    ida.look("start-owner")
    page.get_by_role("link", name="Upload an expert").click()
    ida.look("upload")
    ida.choose("Anchor", "A small public model")
    page.get_by_role("textbox", name="Name").fill("drama")
    page.get_by_role("textbox", name="Domain").fill("drama")
    page.get_by_role("textbox", name="Title").fill("Plays in the public domain")

    package = sorted(scene.home.drama.folder.iterdir())
    page.get_by_test_id("package-files").set_input_files([path for path in package if path.name != "expert.json"])
    expect(page.get_by_role("alert")).to_contain_text("expert.json is missing")
    page.get_by_test_id("package-files").set_input_files(package)
    expect(page.get_by_text("The package looks right")).to_be_visible()

    page.get_by_role("combobox", name="Licence").fill("CC-BY-4.0")
    expect(page.get_by_text("a withdrawal stops future use only")).to_be_visible()
    page.get_by_role("textbox", name="Attribution").fill("The Stage")
    say_what_was_consented_to(ida)
    page.get_by_role("textbox", name="The data").fill("Stage plays in the public domain.")
    page.get_by_role("textbox", name="Trained by").fill("The Stage")
    page.get_by_role("textbox", name="Code").fill("flexcore 0.1.0")
    ida.look("upload-filled")
    page.get_by_role("button", name="Save the draft and go on").click()

    expect(page.get_by_role("alert")).to_contain_text("page.pdf: This is an HTML page")
    ida.complaints[:] = [said for said in ida.complaints if "status of 400" not in said]  # the browser tells of it too
    expect(page.get_by_role("list", name="Documents").get_by_role("listitem")).to_have_count(1)
    ida.look("upload-draft")
    page.get_by_role("button", name="Upload and submit").click()
    expect(page.get_by_text("Verified, and waiting for review")).to_be_visible(timeout=A_BUILD)
    ida.look("upload-verified")


def say_what_was_consented_to(ida: Visitor) -> None:
    page = ida.page
    ida.choose("Legal ground", "The data is about nobody")
    expect(page.get_by_role("textbox", name="How the right to use it can be withdrawn")).to_be_visible()
    ida.choose("Legal ground", "Consent of the people the data is about")
    expect(page.get_by_text("A reviewer will ask for the rest")).to_be_visible()
    page.get_by_role("checkbox", name="Research", exact=True).check()
    page.get_by_role("checkbox", name="Names and other identifiers").check()
    page.get_by_label("Notice", exact=True).fill("https://stage.example/consent")
    page.get_by_role("combobox", name="Stored in").fill("AT")
    page.get_by_role("combobox", name="Stored in").press("Enter")
    page.get_by_label("Kept for", exact=True).fill("5")
    expect(page.get_by_text("A reviewer will ask for the rest")).to_be_hidden()
    page.get_by_role("textbox", name="How people can withdraw").fill("By mail to privacy@stage.example")
    files: list[FilePayload] = [
        {"name": "consent form.pdf", "mimeType": "application/pdf", "buffer": pdf()},
        {"name": "page.pdf", "mimeType": "application/pdf", "buffer": b"<!doctype html><html>We agree.</html>"},
    ]
    for file in files:
        page.get_by_test_id("document-file").set_input_files(file)


def review(kim: Visitor, ida: Visitor) -> None:
    page = kim.page
    page.get_by_role("link", name="Open the review queue").click()
    ours = page.get_by_role("link", name="stage/drama, version 1")
    ours.wait_for()
    kim.look("review-queue")
    for _ in range(page.locator("[data-queue] a").count()):
        page.keyboard.press("j")
        if ours.evaluate("link => link === document.activeElement"):
            break
    page.keyboard.press("Enter")
    page.get_by_text("Signed by a registered key").wait_for()
    expect(page.get_by_text("Consent (1 document)")).to_be_visible()
    expect(page.get_by_text("The record leaves things out")).to_be_hidden()
    with page.expect_download() as started:
        page.get_by_role("link", name="Download consent form.pdf").click()
    assert started.value.path().read_bytes() == pdf()
    assert started.value.suggested_filename == "consent form.pdf"
    foresee(kim)
    page.get_by_role("button", name="Claim it").click()
    page.get_by_role("button", name="Release it").wait_for()
    ask(kim, ida)
    answer_by_keyboard(kim)
    decide_though_it_changed(kim)
    expect(page.get_by_text("Nothing to decide now")).to_be_visible()
    kim.look("review-decided")


def foresee(kim: Visitor) -> None:
    """What the licence says beside another, and what either decision would change."""
    page = kim.page
    expect(page.get_by_text("the standard text of CC-BY-4.0 counts")).to_be_visible()
    page.get_by_role("combobox", name="Read beside the text of").fill("CC-BY-SA-4.0")
    expect(page.get_by_text(re.compile(r"^\d\d % of the words are the same"))).to_be_visible()
    expect(page.get_by_text("This changes no model")).to_be_visible()
    kim.look("review")
    page.get_by_text("If you turn it down").click()
    expect(page.get_by_text("This changes no model")).to_be_visible()


def ask(kim: Visitor, ida: Visitor) -> None:
    """Kim asks while the page is open; what Ida answers, in another window, makes what Kim has read stale."""
    kim.page.get_by_role("textbox", name="Ask its owner").fill("Who held the rights in the plays before you?")
    kim.page.get_by_role("button", name="Ask", exact=True).click()
    expect(kim.page.get_by_text("Not answered yet.")).to_be_visible()
    window = ida.page.context.new_page()
    window.goto(kim.page.url.replace("/reviews/", "/versions/"))
    window.get_by_role("textbox", name="Your answer").fill("Nobody; they are in the public domain.")
    window.get_by_role("button", name="Answer", exact=True).click()
    expect(window.get_by_text("Nobody; they are in the public domain.")).to_be_visible()
    window.close()


def answer_by_keyboard(kim: Visitor) -> None:
    page = kim.page
    page.get_by_role("heading", name="Decision", exact=True).click()
    page.keyboard.press("?")
    expect(
        page.get_by_role("dialog", name="Keyboard shortcuts").get_by_text("Does not apply, and say why")
    ).to_be_visible()
    kim.look("review-shortcuts")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.keyboard.press("j")
    items = page.get_by_role("radio", name="Yes").count()
    for done in range(items):
        page.keyboard.press("y")
        expect(page.get_by_text(f"{done + 1} of {items} answered")).to_be_visible()
    page.keyboard.press("a")
    expect(page.get_by_role("radio", name="Approve")).to_be_checked()
    page.keyboard.type("The licence and the consent cover research, and the signature holds.")


def decide_though_it_changed(kim: Visitor) -> None:
    page = kim.page
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("It has changed since you opened it")).to_be_visible()
    kim.complaints[:] = [said for said in kim.complaints if "status of 412" not in said]  # the browser tells of it too
    kim.look("review-stale")
    page.get_by_role("button", name="Read it again").click()
    expect(page.get_by_text("Nobody; they are in the public domain.")).to_be_visible()
    expect(page.get_by_role("button", name="Approve")).to_be_disabled()
    page.get_by_role("button", name="I have looked at it again").click()
    page.get_by_role("button", name="Approve").click()


def request(lee: Visitor, scene: Scene) -> None:
    page = lee.page
    page.get_by_role("link", name="Experts").first.click()
    page.get_by_text("Plays in the public domain").wait_for()
    lee.look("catalogue")
    page.get_by_role("link", name="Plays in the public domain").click()
    page.get_by_role("link", name="Version 1").wait_for()
    lee.look("expert")
    page.get_by_role("link", name="Guildhall").click()
    page.get_by_role("link", name="Request a model").click()
    page.get_by_role("textbox", name="Name").fill("reading-room")
    lee.choose("Anchor", "A small public model")
    lee.choose("Purpose", "Service to customers")
    expect(page.get_by_role("checkbox", name="stage/drama")).to_be_disabled()
    lee.look("model-request-refused")
    lee.choose("Purpose", "Research")
    for expert in ("stage/drama", scene.code):
        page.get_by_role("checkbox", name=expert).check()
    lee.look("model-request")
    page.get_by_role("button", name="Request the model").click()

    expect(page.get_by_role("heading", name="Load it")).to_be_visible(timeout=A_BUILD)
    expect(page.get_by_text('from_pretrained("reading-hall/reading-room")').first).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("^The model needs [0-9.]+ bits for a byte"))).to_be_visible()
    routing = page.get_by_role("region", name="Share of the work of each expert, layer by layer")
    expect(routing.get_by_role("row").filter(has_text="stage/drama")).to_contain_text("%")
    duties = page.get_by_role("region", name="Duties, and the parts that ask for each")
    expect(duties.get_by_role("columnheader", name="stage/drama")).to_be_visible()
    lee.look("composition")


def withdraw(ida: Visitor) -> None:
    page = ida.page
    page.get_by_role("link", name="Open the version").click()
    page.get_by_role("button", name="Withdraw").wait_for()
    ida.look("version")
    page.get_by_role("button", name="Withdraw").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("reading-hall/reading-room of")).to_be_visible()
    expect(dialog.get_by_text("The licence cannot be taken back")).to_be_visible()
    dialog.get_by_role("textbox", name="Reason").fill(REASON)
    ida.look("withdraw-dialog")
    dialog.get_by_role("button", name="Withdraw for good").click()

    expect(page.get_by_text("Withdrawn everywhere")).to_be_visible(timeout=A_BUILD)
    expect(page.get_by_text(re.compile("Its main is now [0-9a-f]{8}, composed without it"))).to_be_visible()
    receipts = page.get_by_role("list", name="Receipts").get_by_role("listitem")
    expect(receipts).to_have_count(2)
    with page.expect_download() as started:
        receipts.filter(has_text="was given").get_by_role("link").click()
    assert started.value.suggested_filename == "stage-drama-1-given.json"
    assert '"state":"given"' in started.value.path().read_text()
    ida.look("version-withdrawn")


def see_who_used_it(ida: Visitor) -> None:
    page = ida.page
    page.get_by_role("link", name="My experts").first.click()
    uses = page.get_by_role("region", name="Use of each expert by each consumer")
    expect(uses.get_by_role("row").filter(has_text="stage/drama")).to_contain_text("reading-hall")
    expect(page.get_by_role("img", name=re.compile("^Built into models [1-9]"))).to_be_visible()
    page.get_by_text("As a table").first.click()
    expect(page.get_by_role("region", name="Built into models, month by month").get_by_role("row")).to_have_count(13)
    ida.look("my-experts")
    uses.get_by_role("link", name="stage/drama").click()
    expect(page.get_by_role("img", name="stage/drama has 1 version, 1 of them withdrawn")).to_be_visible()
    page.get_by_text("As a table").click()
    went = page.get_by_role("region", name="Versions, and the models that hold or held each")
    expect(went.get_by_role("row").filter(has_text="reading-hall/reading-room")).to_contain_text("no longer")
    ida.look("expert-withdrawn")


def see_what_is_left(lee: Visitor) -> None:
    page = lee.page
    page.reload()
    expect(page.get_by_text("An expert in this revision was withdrawn by its owner")).to_be_visible()
    lee.look("composition-withdrawn")
    page.get_by_role("link", name="reading-hall/reading-room").click()
    expect(page.get_by_text("An expert was withdrawn, and the model composed again without it")).to_be_visible()
    expect(page.get_by_role("list", name="Revisions").get_by_role("listitem")).to_have_count(2)
    lee.look("model")
    page.get_by_role("link", name="Models").first.click()
    page.get_by_role("link", name="reading-hall/reading-room").wait_for()
    lee.look("models")
    page.keyboard.press("/")
    found = page.get_by_role("dialog", name="Search")
    found.get_by_role("searchbox", name="Experts and models").fill("reading")
    expect(found.get_by_text("0 experts, 1 model.")).to_be_visible()
    lee.look("search")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="reading-hall/reading-room")).to_be_visible()


def read_the_log(lee: Visitor) -> None:
    page = lee.page
    page.get_by_role("link", name="Log").first.click()
    page.get_by_role("textbox", name="Event").fill("withdrawal.requested")
    page.get_by_role("button", name="Filter").click()
    page.get_by_text("stage/drama@1").click()
    expect(page.get_by_text("withheld or erased")).to_be_visible()  # the reason is the owner's to read
    page.get_by_role("button", name="Check this entry here").click()
    expect(page.get_by_text("Your browser checked it: it is in the log")).to_be_visible()
    lee.look("log")
    page.get_by_role("button", name=re.compile("^Account of")).click()
    lee.look("account-menu")
    page.get_by_role("link", name="Your account").click()
    page.get_by_role("textbox", name="Name", exact=True).fill("reading machine")
    page.get_by_role("button", name="Create a token").click()
    expect(page.get_by_text("shown only once")).to_be_visible()
    lee.look("account")
