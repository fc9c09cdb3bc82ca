"""A person at the pages. Wherever they stop to look, axe and a camera look too: wide and narrow, light and dark."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page

DESK, PHONE = (1440, 900), (360, 780)
# Each width and each scheme is seen on every page; all four pairings would take twice as long and find little more.
VIEWS: tuple[tuple[tuple[int, int], Literal["light", "dark"]], ...] = ((DESK, "light"), (PHONE, "dark"))
GRAVE = {"serious", "critical"}


@dataclass(slots=True)
class Visitor:
    """One person with a browser window of their own."""

    page: Page
    url: str
    pictures: Path
    complaints: list[str] = field(default_factory=list)

    def sign_in(self, email: str, password: str) -> None:
        self.page.goto(self.url)
        self.page.get_by_label("E-mail").wait_for()
        self.look("login")
        self.page.get_by_label("E-mail").fill(email)
        self.page.locator("input[name=password]").fill(password)
        self.page.get_by_role("button", name="Sign in", exact=True).click()
        self.page.get_by_role("heading", name="Welcome").wait_for()

    def choose(self, field: str, option: str) -> None:
        """Take the entry with these words from the list with this label."""
        self.page.get_by_role("combobox", name=field).select_option(label=option)

    def look(self, name: str) -> None:
        """Take pictures of the page as it is, and write down what axe finds and what does not fit."""
        for (width, height), scheme in VIEWS:
            self.page.set_viewport_size({"width": width, "height": height})
            self.page.emulate_media(color_scheme=scheme)
            self.page.evaluate("window.scrollTo(0, 0)")
            where = f"{name} at {width} px, {scheme}"
            self.page.screenshot(
                path=self.pictures / f"{name}-{width}-{scheme}.png", full_page=True, animations="disabled"
            )
            self.complaints += [f"{where}: {found}" for found in grave_findings(self.page)]
            if self.page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
                self.complaints.append(f"{where}: wider than the window")
        self.page.set_viewport_size({"width": DESK[0], "height": DESK[1]})
        self.page.emulate_media(color_scheme="light")


@contextmanager
def visitor(browser: Browser, url: str, pictures: Path) -> Iterator[Visitor]:
    """A fresh window; what goes wrong in it unseen is written down."""
    context = browser.new_context(viewport={"width": DESK[0], "height": DESK[1]}, reduced_motion="reduce")
    context.set_default_timeout(60_000)
    page = context.new_page()
    somebody = Visitor(page, url, pictures)

    def hear(message: ConsoleMessage) -> None:
        if message.type == "error":
            somebody.complaints.append(f"{page.url}: the console says {message.text}")

    page.on("console", hear)
    page.on("pageerror", lambda error: somebody.complaints.append(f"{page.url}: {error}"))
    yield somebody
    context.close()


def grave_findings(page: Page) -> list[str]:
    found: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [
        f"{rule['id']} on {node['target'][0]}: {node.get('failureSummary', '')}"
        for rule in found
        if rule["impact"] in GRAVE
        for node in rule["nodes"]
    ]
