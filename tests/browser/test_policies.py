"""Compliance writes a policy set and somebody else activates it: faults where they are, examples as one types."""

import re
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, Page, expect

from client.api import Guildhall
from experiments.demo.people import Logins, Member, admit
from registry.embedded.supervisor import Site
from tests.browser.visitor import Visitor, visitor

PIA = Member("pia@examiners.example", "Pia", "examiners", "The Examiners", "compliance")
QUI = Member("qui@second-desk.example", "Qui", "second-desk", "The Second Desk", "compliance")
REASON = "Smaller models are easier to explain to whoever asks."


@pytest.fixture(scope="module")
def desks(site: Site, browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Visitor, Visitor]]:
    """Two people of compliance, each signed in; afterwards the set that came with the software decides again."""
    pictures = tmp_path_factory.mktemp("policies")
    logins = Logins(pictures / "logins.json")
    with ExitStack() as lines:
        operator = lines.enter_context(Guildhall(site.url))
        operator.sign_in(site.operator_email, site.operator_password)
        admit(site.url, operator=operator, logins=logins, open_until=lines, members=(PIA, QUI))
        people = []
        for member in (PIA, QUI):
            somebody = lines.enter_context(visitor(browser, site.url, pictures))
            somebody.sign_in(member.email, logins.of(member.email).password)
            people.append(somebody)
        yield people[0], people[1]


@pytest.mark.timeout(300)
def test_a_set_is_written_shadowed_activated_and_gone_back_from(desks: tuple[Visitor, Visitor]) -> None:
    pia, qui = desks
    pia.page.get_by_role("link", name="Policies", exact=True).click()
    expect(pia.page.get_by_role("list", name="Rules").get_by_text("forbid.not-approved")).to_be_visible()
    shipped = deciding(pia.page)
    pia.look("policies")

    number = write(pia)
    activate(qui, number, looking=True)
    try:
        expect(qui.page.get_by_text("Decides", exact=True)).to_be_visible()
    finally:
        go_back(pia, qui, to=shipped)

    assert [*pia.complaints, *qui.complaints] == []


def deciding(page: Page) -> str:
    row = page.get_by_role("list", name="Policy sets").get_by_role("listitem").filter(has_text="Decides")
    return row.get_by_role("link").inner_text().removeprefix("Policy set ")


def write(pia: Visitor) -> str:
    """The number of a set that takes fewer experts, after a slip that is shown where it is."""
    page = pia.page
    page.get_by_role("link", name="Write a new set").click()
    text = page.get_by_role("textbox", name="Policies in Cedar")
    expect(page.get_by_text("Nothing is wrong with it, and all its examples pass.")).to_be_visible()
    shipped = text.input_value()

    text.fill(shipped.replace("context.experts > 32", "context.experst > 8"))
    fault = page.get_by_role("list", name="Faults").get_by_role("listitem")
    expect(fault).to_contain_text("attribute experst in context not found")
    pia.look("policy-fault")
    fault.get_by_role("button").click()
    assert page.evaluate("document.activeElement.value.slice(...[document.activeElement].flatMap(field => "
                         "[field.selectionStart, field.selectionEnd]))") == "experst"  # fmt: skip

    page.keyboard.type("experts")
    expect(page.get_by_text(re.compile(r"It can be proposed, but \d+ examples? fails?"))).to_be_visible()
    page.get_by_text(re.compile(r"Failing \d+")).click()
    pia.look("policy-failing-example")
    correct_examples(page)
    page.get_by_role("tab", name="Difference").click()
    expect(page.get_by_role("group", name="Difference to policy set").get_by_text("put in:")).to_have_count(1)

    page.reload()
    expect(text).to_have_value(re.compile("context.experts > 8"))
    expect(page.get_by_text("Nothing is wrong with it, and all its examples pass.")).to_be_visible()
    page.get_by_role("textbox", name="Reason").fill(REASON)
    page.get_by_role("button", name="Propose it").click()
    expect(page.get_by_text("It waits for a second person")).to_be_visible()
    expect(page.get_by_role("button", name="Activate it")).to_have_count(0)
    pia.look("policy-proposed")
    return page.url.rpartition("/")[2]


def correct_examples(page: Page) -> None:
    """Each that fails now names the rule that refuses it."""
    failing = page.get_by_role("button", name=re.compile("^Change the example"))
    for _ in range(failing.count()):
        failing.first.click()
        page.get_by_role("combobox", name="Refused by").or_(page.get_by_label("Refused by")).first.fill(
            "forbid.too-many-experts"
        )
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Done").click()
    expect(page.get_by_text("None fails.")).to_be_visible()


def activate(qui: Visitor, number: str, *, looking: bool = False) -> None:
    page = qui.page
    page.goto(f"{qui.url}/policies/{number}")
    button = page.get_by_role("button", name="Activate it")
    expect(button).to_be_disabled()
    page.get_by_role("button", name="Run it in shadow").click()
    expect(page.get_by_role("heading", name="Models")).to_be_visible()
    if looking:
        qui.look("policy-shadowed")
    button.click()
    dialog = page.get_by_role("dialog", name=f"Activate policy set {number}?")
    expect(dialog).to_be_visible()
    if looking:
        qui.look("policy-activate")
    dialog.get_by_role("button", name="Activate it").click()
    expect(dialog).to_be_hidden()


def go_back(pia: Visitor, qui: Visitor, *, to: str) -> None:
    page = pia.page
    page.goto(f"{pia.url}/policies/{to}")
    page.get_by_role("button", name="Go back to it").click()
    dialog = page.get_by_role("dialog", name=f"Go back to policy set {to}?")
    dialog.get_by_role("textbox", name="Reason").fill("The trial is over; what came with the software is enough.")
    dialog.get_by_role("button", name="Propose it").click()
    expect(page.get_by_text("It waits for a second person")).to_be_visible()
    activate(qui, to)
    expect(qui.page.get_by_text("Decides", exact=True)).to_be_visible()
