"""Somebody sets up a second step and a passkey, and comes in by each: a real Chromium with an authenticator in it."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from client.api import Guildhall
from registry.embedded.supervisor import Site
from tests.browser.visitor import Visitor, visitor
from tests.registry.test_second_step import totp

EMAIL, WORD = "tess@reading-room.example", "a long and quiet word"


@pytest.fixture
def tess(site: Site, browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    """At localhost: a passkey is bound to a name, and an address in digits is none."""
    with Guildhall(site.url) as operator:
        operator.sign_in(site.operator_email, site.operator_password)
        operator.create_person(EMAIL, "Tess", password=WORD, roles=[])
    url = site.url.replace("127.0.0.1", "localhost")
    with visitor(browser, url, tmp_path_factory.mktemp("account")) as somebody:
        line = somebody.page.context.new_cdp_session(somebody.page)
        line.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        line.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        somebody.sign_in(EMAIL, WORD)
        yield somebody


@pytest.mark.timeout(240)
def test_a_second_step_and_a_passkey_are_set_up_and_let_in(tess: Visitor) -> None:
    page = tess.page
    account(tess)
    page.get_by_role("button", name="Set up an authenticator app").click()
    page.get_by_role("img", name="The key for your authenticator app").wait_for()
    secret = page.get_by_role("region", name="Second step").locator("code, pre").first.inner_text().strip()
    tess.look("second-step")
    page.get_by_label("Six digits").fill(totp(secret))
    page.get_by_role("button", name="Turn on").click()
    page.get_by_label("Your password, once more").fill(WORD)
    page.get_by_role("button", name="It is me").click()
    expect(page.get_by_text("10 unused; each opens once")).to_be_visible()
    page.get_by_label("Name of the device").fill("my laptop")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_role("list", name="Passkeys")).to_contain_text("my laptop")
    expect(page.get_by_role("list", name="Sessions")).to_contain_text("This one")
    tess.look("account")

    leave(tess)
    tess.look("door")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.get_by_role("heading", name="Welcome").wait_for()

    leave(tess)
    page.get_by_label("E-mail").fill(EMAIL)
    page.locator("input[name=password]").fill(WORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_label("Code").wait_for()
    tess.look("code")
    page.get_by_label("Code").fill(totp(secret, steps=1))
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("heading", name="Welcome").wait_for()

    account(tess)
    page.get_by_role("button", name="Remove my laptop").click()
    page.get_by_role("group", name=re.compile("^Remove .*\\?$")).get_by_role("button", name="Remove").click()
    page.get_by_label("Your password, once more").fill(WORD)
    page.get_by_role("button", name="It is me").click()
    expect(page.get_by_text("No passkeys yet.")).to_be_visible()
    # The browser itself writes down each refusal; what a page did wrong is written down in other words.
    assert [said for said in tess.complaints if "status of 401" not in said and "status of 404" not in said] == []


def account(somebody: Visitor) -> None:
    somebody.page.get_by_role("button", name="Account of Tess").click()
    somebody.page.get_by_role("link", name="Your account").click()
    somebody.page.get_by_role("heading", name="Your account").wait_for()


def leave(somebody: Visitor) -> None:
    somebody.page.get_by_role("button", name="Account of Tess").click()
    somebody.page.get_by_role("button", name="Sign out").click()
    somebody.page.get_by_role("heading", name="Sign in").wait_for()
