"""How fast the pages are: what is fetched, the first page over a slow line, how soon a click is answered, Lighthouse.

Run beside a site of its own (`make bench-pages`). One expert is brought as owners do it and copied by SQL into ten
thousand; a million entries are written into the log by benchmarks.audit_writers.
"""

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
from playwright.sync_api import Browser, BrowserType, Page, sync_playwright
from psycopg import sql

from benchmarks.bundle import bundle_report, read_chunks
from benchmarks.made_up import PASSWORD, found_town
from benchmarks.timing import table
from tests.browser.chromium import FLAGS, find_chromium, launch

# "Fast 3G": bytes a second down and up, and milliseconds there and back. Those who measure the web mean the first by
# it; Chromium's own tools put more on each request, for what they cannot slow down below it.
FAST_3G = {"downloadThroughput": 1.6e6 / 8, "uploadThroughput": 768e3 / 8, "latency": 150, "offline": False}
AS_IN_DEVTOOLS = {
    "downloadThroughput": 1.6e6 / 8 * 0.9,
    "uploadThroughput": 750e3 / 8 * 0.9,
    "latency": 562.5,
    "offline": False,
}
Line = dict[str, Any]
ROUNDS = 3
LIGHTHOUSE = 95  # out of a hundred, in each category: below it the run fails
CATEGORIES = ("performance", "accessibility", "best-practices")
# When the page has its heading, the largest picture or text so far, and every reaction that took longer than a frame.
WATCH = """
window.seen = { heading: 0, largest: 0, slowest: 0 };
new MutationObserver((_, watch) => {
  if (!document.querySelector("main h1")) return;
  watch.disconnect();
  requestAnimationFrame(() => { seen.heading = performance.now(); });
}).observe(document, { childList: true, subtree: true });
new PerformanceObserver(list => list.getEntries().forEach(entry => { seen.largest = entry.startTime; }))
  .observe({ type: "largest-contentful-paint", buffered: true });
new PerformanceObserver(list => list.getEntries().forEach(entry => {
  if (entry.interactionId) seen.slowest = Math.max(seen.slowest, entry.duration);
})).observe({ type: "event", durationThreshold: 16, buffered: true });
"""


@dataclass(frozen=True, slots=True)
class Address:
    """A page, what shows that it is there, and what people do on it."""

    path: str
    shown: str
    use: Callable[[Page], None]


def type_and_clear(label: str, words: str) -> Callable[[Page], None]:
    def use(page: Page) -> None:
        field = page.get_by_role("main").get_by_label(label).first
        for key in words:
            field.press(key)
        page.wait_for_timeout(800)
        for _ in words:
            field.press("Backspace")

    return use


def open_and_check(page: Page) -> None:
    page.get_by_role("main").get_by_role("listitem").first.locator("summary, button, a").first.click()


def walk_on(page: Page) -> None:
    page.keyboard.press("/")
    page.get_by_role("dialog").get_by_role("searchbox").press_sequentially("one-9", delay=60)
    page.wait_for_timeout(800)
    page.keyboard.press("Escape")


PAGES = (
    Address("/", "Welcome", walk_on),
    Address("/experts", "Experts", type_and_clear("Search", "one")),
    Address("/log", "Log", type_and_clear("Event", "main")),
    Address("/models", "Models", walk_on),
)


def multiply_experts(database: str, wanted: int) -> None:
    """Copies of the one expert and of its version, with what lies beside it, each under a name of its own."""
    with psycopg.connect(database) as connection:
        connection.execute(
            "CREATE TEMP TABLE made AS SELECT gen_random_uuid() AS expert, gen_random_uuid() AS version, n"
            " FROM generate_series(1, %s) AS n",
            (wanted - 1,),
        )
        copy(connection, "registry_expert", id="made.expert", name="'one-' || made.n", registration="NULL::int")
        copy(connection, "registry_expertversion", id="made.version", expert_id="made.expert", status_index="NULL::int")
        for beside in ("registry_licenceterms", "registry_provenance"):
            copy(connection, beside, version_id="made.version")
        copy(connection, "registry_consentrecord", id="gen_random_uuid()", version_id="made.version")
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("ANALYZE")


def copy(connection: psycopg.Connection[Any], rows: str, **changed: str) -> None:
    """The only row of a table, once for each line of `made`, with these columns changed."""
    found = connection.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = %s", (rows,)
    ).fetchall()
    columns = [name for (name,) in found]
    values = [sql.SQL(changed.get(name) or f'one."{name}"') for name in columns]
    connection.execute(
        sql.SQL("INSERT INTO {} ({}) SELECT {} FROM (SELECT * FROM {} LIMIT 1) AS one, made").format(
            sql.Identifier(rows),
            sql.SQL(", ").join(map(sql.Identifier, columns)),
            sql.SQL(", ").join(values),
            sql.Identifier(rows),
        )
    )


def fill_log(entries: int) -> None:
    """Two writers, a build or so a transaction; then it is waited until all is published."""
    given = {"batch": 500, "at": time.time() + 5, "seconds": 3600, "total": entries // 2}
    command = [sys.executable, "-m", "benchmarks.audit_writers"]
    writers = [subprocess.Popen([*command, "append", json.dumps({**given, "writer": n})]) for n in range(2)]
    if any(writer.wait() for writer in writers):
        raise SystemExit("The log could not be filled; what its writers said is above.")
    while True:
        sizes = json.loads(subprocess.run([*command, "sizes", "{}"], stdout=subprocess.PIPE, check=True).stdout)
        if sizes["published"] >= sizes["written"]:
            return
        time.sleep(2)


def sign_in(page: Page, url: str) -> None:
    page.goto(f"{url}/login")
    page.get_by_role("heading", level=1).wait_for()
    if page.get_by_label("E-mail").is_visible():
        page.get_by_label("E-mail").fill("owner@makers.example")
        page.locator("input[name=password]").fill(PASSWORD)
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.get_by_role("heading", name="Welcome").wait_for()


@contextmanager
def window(browser: Browser, url: str, *, through: Line | None = None) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(60_000)
    page = context.new_page()
    sign_in(page, url)
    page.add_init_script(WATCH)
    line = context.new_cdp_session(page)
    line.send("Network.enable")
    if through:
        line.send("Network.setCacheDisabled", {"cacheDisabled": True})
        line.send("Network.emulateNetworkConditions", through)
    yield page
    context.close()


def first_page(browser: Browser, url: str, address: Address, line: Line) -> tuple[float, float]:
    """Seconds until the heading of a page opened first, and until its largest part, over a slow line."""
    took = []
    for _ in range(ROUNDS):
        with window(browser, url, through=line) as page:
            page.goto(f"{url}{address.path}")
            page.get_by_role("heading", level=1).wait_for()
            page.wait_for_load_state("networkidle")
            took.append((page.evaluate("seen.heading") / 1e3, page.evaluate("seen.largest") / 1e3))
    return sorted(took)[ROUNDS // 2]


def answering(browser: Browser, url: str, address: Address) -> float:
    """Milliseconds from the slowest of a page's interactions to the next paint."""
    with window(browser, url) as page:
        page.goto(f"{url}{address.path}")
        page.get_by_role("heading", level=1).wait_for()
        page.wait_for_load_state("networkidle")
        address.use(page)
        page.wait_for_timeout(1_000)
        return float(page.evaluate("seen.slowest"))


def lighthouse(chromium: BrowserType, url: str, program: Path, folder: Path) -> list[list[str]]:
    """The scores out of a hundred, as for a desk, of the door and then, signed in, of pages behind it."""
    found, rows, port = find_chromium(), [], free_port()
    with TemporaryDirectory(dir=folder) as profile:
        window = chromium.launch_persistent_context(
            profile,
            executable_path=found.path,
            args=[*FLAGS, f"--remote-debugging-port={port}"],
            env={**os.environ, **found.env},
        )
        for path in ("/login", *(address.path for address in PAGES)):
            if path != "/login":
                sign_in(window.pages[0], url)
            said = subprocess.run(
                [
                    shutil.which("node") or "node",
                    str(program),
                    f"{url}{path}",
                    f"--port={port}",
                    "--disable-storage-reset",
                    "--quiet",
                    "--output=json",
                    "--preset=desktop",
                    f"--only-categories={','.join(CATEGORIES)}",
                ],
                stdout=subprocess.PIPE,
                check=True,
            )
            report = json.loads(said.stdout)
            scores = [f"{report['categories'][name]['score'] * 100:.0f}" for name in CATEGORIES]
            rows.append([path, *scores, failing(report)])
        window.close()
    return rows


def free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])


def failing(report: Mapping[str, Any]) -> str:
    """What kept a page from a hundred."""
    weighed = {
        each["id"] for name in CATEGORIES for each in report["categories"][name]["auditRefs"] if each["weight"] > 0
    }
    low = [name for name in weighed if (report["audits"][name]["score"] or 0) < 0.9 and is_scored(report, name)]
    return ", ".join(sorted(low)) or "-"


def is_scored(report: Mapping[str, Any], name: str) -> bool:
    return report["audits"][name]["score"] is not None


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pages", description=__doc__)
    parser.add_argument("--experts", type=int, default=10_000)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--lighthouse", type=Path, help="the program, as npm lays it down")
    chosen = parser.parse_args()
    print(bundle_report(read_chunks()), flush=True)
    url = os.environ["GUILDHALL_URL"]
    operator = (os.environ["GUILDHALL_OPERATOR_EMAIL"], os.environ["GUILDHALL_OPERATOR_PASSWORD"])
    with ExitStack() as lines:
        found_town(lines, url, operator=operator, experts=("one",), consumers=0, patience=600)
        multiply_experts(os.environ["DATABASE_URL"], chosen.experts)
        fill_log(chosen.entries)
        playwright = lines.enter_context(sync_playwright())
        browser = launch(playwright, find_chromium())
        rows = []
        for address in PAGES:
            shown, largest = first_page(browser, url, address, FAST_3G)
            harder, _ = first_page(browser, url, address, AS_IN_DEVTOOLS)
            figures = [f"{shown:.2f}", f"{largest:.2f}", f"{harder:.2f}", f"{answering(browser, url, address):.0f}"]
            rows.append([address.path, *figures])
        head = [
            "page",
            "fast 3G, s to the heading",
            "to the largest paint",
            "as in DevTools",
            "slowest answer, ms",
        ]
        print(f"\n{chosen.experts:,} experts, {chosen.entries:,} entries\n\n{table(head, rows)}", flush=True)
        if chosen.lighthouse:
            scores = lighthouse(playwright.chromium, url, chosen.lighthouse, Path("var"))
            print(f"\n{table(['page', *CATEGORIES, 'what is below 90'], scores)}", flush=True)
            low = [page for page, *points, _ in scores if min(map(int, points)) < LIGHTHOUSE]
            if low:
                raise SystemExit(f"Lighthouse gives less than {LIGHTHOUSE} to {', '.join(low)}.")
        browser.close()


if __name__ == "__main__":
    main()
