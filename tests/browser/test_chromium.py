"""The browser itself: the packaged one works, also where the machine has another."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, Playwright

from tests.browser.chromium import NoChromium, find_chromium, launch, packaged_chromium


def test_a_page_is_drawn_and_its_script_runs(page: Page) -> None:
    page.set_content("<h1>Guildhall</h1><script>document.title = 'open'</script>")

    heading = page.get_by_role("heading").inner_text()

    assert heading == "Guildhall"
    assert page.title() == "open"


def test_the_packaged_one_draws_too_and_brings_its_libraries(playwright: Playwright, tmp_path: Path) -> None:
    chromium = packaged_chromium(tmp_path / "chromium")

    browser = launch(playwright, chromium)
    page = browser.new_page()
    page.set_content("<p>drawn</p>")
    text = page.inner_text("p")
    browser.close()

    libraries = Path(chromium.env["LD_LIBRARY_PATH"])
    assert text == "drawn"
    assert {"libnss3.so", "libnspr4.so", "libexpat.so.1"} <= {file.name for file in libraries.iterdir()}


def test_a_wrong_path_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHROMIUM_PATH", "/nowhere/chromium")

    with pytest.raises(NoChromium, match="/nowhere/chromium"):
        find_chromium()
