"""A real Chromium, driven by Playwright, for the tests of this folder only.

Playwright keeps an event loop in this thread while it lives, and Django's database refuses to work beside one: so the
browser is closed when the folder is done, and these tests speak to the site over HTTP alone.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from tests.browser.chromium import NoChromium, find_chromium, launch


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="package")
def browser(playwright: Playwright) -> Iterator[Browser]:
    try:
        found = find_chromium()
    except NoChromium as why:
        pytest.fail(str(why), pytrace=False)
    running = launch(playwright, found)
    yield running
    running.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh visitor at a desk; `page.set_viewport_size` makes it a phone."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(15_000)
    yield context.new_page()
    context.close()
