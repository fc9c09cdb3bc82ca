"""A package goes up from a real Chromium while the service is started anew, the line is lost and the tab is loaded
again in the middle: it arrives whole, and no part that arrived goes up again.

The ordinary suite sends 40 MB; `make big-upload` sends 2 GB.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import monotonic, sleep
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Dialog, Page, Request, expect

from client.api import Guildhall
from client.connection import Refused
from client.packages import push_anchor
from client.shapes import Evidence, Version
from client.signing import make_key, sign_package
from client.waiting import wait_for_anchor
from experiments.demo.people import Logins, Member, admit
from registry.embedded.supervisor import Site
from tests.browser.visitor import Visitor, visitor
from tests.flexcore.packages import make_expert
from tests.workers.packages import SMALL, write_anchor

LAYERS, HIDDEN = 4, 1024
SCALE = 0.02  # of the weights: wide layers of larger ones say things that no probe lets pass
AT_ONCE = 4  # parts, as upload.ts sends them
MIB = 2**20
WEIGHTS = "expert.safetensors"


@dataclass(frozen=True, slots=True)
class Weight:
    """How large the expert is, how fast its owner's line, and what the registry may take to read it."""

    bytes: int
    bytes_a_second: int
    patience: float  # seconds


@dataclass(slots=True)
class Line:
    """What one window sends to the object store of the weights, part by part."""

    begun: list[int] = field(default_factory=list)
    ended: list[int] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        page.on("request", lambda request: self._hear(request, self.begun))
        page.on("requestfinished", lambda request: self._hear(request, self.ended))

    def _hear(self, request: Request, into: list[int]) -> None:
        address = urlsplit(request.url)
        if request.method == "PUT" and address.path.endswith(f"/{WEIGHTS}"):
            into.append(int(parse_qs(address.query)["partNumber"][0]))


@dataclass(frozen=True, slots=True)
class Draft:
    """One version without its files, and all that its owner needs to bring them."""

    site: Site
    owner: Guildhall
    member: Member
    password: str
    package: Path
    version: Version

    def arrived(self) -> set[int]:
        """The parts of the weights that the registry has; also while it is started anew."""
        try:
            found = self.owner.get_version(self.version["id"])
        except Refused:
            return set()
        for file in found["files"]:
            if file["path"] == WEIGHTS:
                return {part["number"] for part in self.owner.get_file(file["id"])["parts"]}
        return set()

    def is_read(self) -> bool:
        read = self.owner.list_log(event="version.read", about=f"{self.version['expert']}@1")
        return any(True for _ in read)


@pytest.fixture
def draft(site: Site, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Draft]:
    weight: Weight = request.param
    slug = f"carriers-{weight.bytes // 10**6}"
    member = Member(f"dot@{slug}.example", "Dot", slug, "The Carriers", "owner")
    wide = weight.bytes // (3 * LAYERS * HIDDEN * 4) // 64 * 64
    architecture = replace(SMALL, hidden_size=HIDDEN, intermediate_size=wide, num_hidden_layers=LAYERS)
    anchor = write_anchor(tmp_path / "anchor", architecture=architecture, scale=SCALE)
    make_expert(tmp_path / "package", anchor_digest=anchor.digest, architecture=architecture, scale=SCALE)
    key = make_key(tmp_path / "keys", name="carriers")
    sign_package(tmp_path / "package", private_key=key.private)
    logins = Logins(tmp_path / "logins.json")
    with ExitStack() as lines:
        operator = lines.enter_context(Guildhall(site.url))
        operator.sign_in(site.operator_email, site.operator_password)
        owner = admit(site.url, operator=operator, logins=logins, open_until=lines, members=(member,))[member]
        push_anchor(operator, tmp_path / "anchor", slug=slug, name=f"Wide {slug}", licence="Apache-2.0")
        wait_for_anchor(operator, slug, seconds=weight.patience)
        owner.register_key(slug, name="home", public_key=key.public_pem)
        owner.create_expert(f"{slug}/wide", anchor=slug, title="A wide expert", domain="weight")
        version = owner.draft_version(f"{slug}/wide", evidence(anchor.digest))
        yield Draft(site, owner, member, logins.of(member.email).password, tmp_path / "package", version)


def evidence(anchor_digest: str) -> Evidence:
    return {
        "licence": {"declared": "CC0-1.0"},
        "consent": {"legal_basis": "no-personal-data", "purposes": ["research"], "withdrawal_method": "By mail."},
        "provenance": {
            "statement": {
                "anchor_digest": anchor_digest,
                "dataset": "Drawn at random.",
                "trained_by": "The Carriers",
                "code": "flexcore",
            }
        },
    }


HANDY = Weight(bytes=40 * 10**6, bytes_a_second=3 * MIB, patience=120)
HEAVY = Weight(bytes=2 * 10**9, bytes_a_second=64 * MIB, patience=900)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("draft", [HANDY], indirect=True, ids=["40 MB"])
def test_it_arrives_whole_though_all_breaks_once(browser: Browser, draft: Draft, tmp_path: Path) -> None:
    goes_up_in_pieces(browser, draft, HANDY, tmp_path)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("draft", [HEAVY], indirect=True, ids=["2 GB"])
def test_two_gigabytes_arrive_whole_though_all_breaks_once(browser: Browser, draft: Draft, tmp_path: Path) -> None:
    goes_up_in_pieces(browser, draft, HEAVY, tmp_path)


def goes_up_in_pieces(browser: Browser, draft: Draft, weight: Weight, pictures: Path) -> None:
    size = (draft.package / WEIGHTS).stat().st_size
    with visitor(browser, draft.site.url, pictures) as dot:
        slow_down(dot.page, weight.bytes_a_second)
        before = Line()
        before.watch(dot.page)
        dot.sign_in(draft.member.email, draft.password)
        dot.page.goto(f"{dot.url}/upload?version={draft.version['id']}")
        choose_and_go_on(dot, draft)

        # The service is started anew; then the line is gone for a while; then the tab is loaded again.
        until(lambda: len(before.begun) >= AT_ONCE, dot, weight)
        draft.site.kill("web")
        until(lambda: len(draft.arrived()) >= 1, dot, weight)
        dot.page.context.set_offline(True)
        expect(dot.page.get_by_text("Uploads go on when the connection is back")).to_be_visible()
        dot.page.context.set_offline(False)
        until(lambda: len(draft.arrived()) >= AT_ONCE, dot, weight)
        questions: list[str] = []
        dot.page.on("dialog", lambda dialog: agree(dialog, questions))
        dot.page.reload()
        there = draft.arrived()
        after = Line()
        after.watch(dot.page)
        choose_and_go_on(dot, draft)
        # Every byte has been read then, and was what its owner signed; how the expert does is not asked here.
        until(draft.is_read, dot, weight)

    found = draft.owner.get_version(draft.version["id"])
    parts = -(-size // next(file["part_size"] for file in found["files"] if file["path"] == WEIGHTS))
    assert questions == ["beforeunload"]
    assert 0 < len(there) < parts
    assert not there & set(after.begun)
    assert sorted({*there, *after.ended}) == list(range(1, parts + 1))
    assert found["state"] in {"submitted", "verified"}
    assert {file["path"]: file["size"] for file in found["files"]} == {
        path.name: path.stat().st_size for path in draft.package.iterdir()
    }


def slow_down(page: Page, bytes_a_second: int) -> None:
    """To the speed of a line, so that there is a middle to break it in."""
    page.context.new_cdp_session(page).send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": 20, "downloadThroughput": -1, "uploadThroughput": bytes_a_second},
    )


def choose_and_go_on(dot: Visitor, draft: Draft) -> None:
    page = dot.page
    page.get_by_test_id("package-files").set_input_files(sorted(draft.package.iterdir()))
    expect(page.get_by_text("The package looks right")).to_be_visible()
    page.get_by_role("button", name="Upload and submit").click()


def until(there: Callable[[], bool], dot: Visitor, weight: Weight) -> None:
    began = monotonic()
    while not there():
        assert monotonic() - began < weight.patience, dot.page.locator("main").inner_text()
        dot.page.wait_for_timeout(50)
        sleep(0.05)


def agree(dialog: Dialog, questions: list[str]) -> None:
    questions.append(dialog.type)
    dialog.accept()
