"""`hf upload` of three generations brings a version in: each as a person types it, against a running site, and what
arrived is read by the real worker.
"""

import hashlib
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from client import shapes
from client.api import Guildhall
from client.packages import push_anchor
from client.waiting import wait_for_anchor, wait_for_version
from registry.embedded.supervisor import Site
from tests.stock_client import INSTALLED, OLDER, hf
from tests.workers.packages import Home, make_home

PASSWORD = "letters are written slowly"
GENERATIONS = (*OLDER, INSTALLED)
CLASSIC = {"HF_HUB_DISABLE_XET": "1"}
each_generation = pytest.mark.parametrize("generation", GENERATIONS)
pytestmark = pytest.mark.timeout(600)


@dataclass(frozen=True)
class Desk:
    """An owner at home with a signed package, an expert for it on the site, and `hf` with nothing but a token."""

    site: Site
    home: Home
    anchor: str
    owner: Guildhall
    token: str
    stranger_token: str
    folder: Path

    def draft(self, name: str) -> shapes.Version:
        """The expert, made if it is new, and a draft of it that waits for files."""
        if not any(known["full_name"] == f"letters/{name}" for known in self.owner.list_experts()):
            self.owner.create_expert(f"letters/{name}", anchor=self.anchor, title=name, domain="drama")
        return self.owner.draft_version(f"letters/{name}", self.evidence())

    def evidence(self) -> shapes.Evidence:
        return {
            "licence": {"declared": "CC-BY-4.0", "attribution": "letters"},
            "consent": {
                "legal_basis": "no-personal-data",
                "purposes": ["research"],
                "withdrawal_method": "Write to us.",
            },
            "provenance": {
                "statement": {
                    "anchor_digest": self.home.anchor.digest,
                    "dataset": "Made up.",
                    "trained_by": "letters",
                    "code": "flexcore",
                }
            },
        }

    def upload(
        self, name: str, folder: Path, *more: str, generation: str = INSTALLED, token: str = "", **environment: str
    ) -> subprocess.CompletedProcess[str]:
        words = ("upload", f"letters/{name}", str(folder), *more)
        home, token = self.folder / generation, token or self.token
        return hf(*words, endpoint=self.site.url, token=token, home=home, generation=generation, **environment)


@pytest.fixture(scope="module")
def desk(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    home = make_home(tmp_path_factory.mktemp("desk"))
    with ExitStack() as lines:
        operator = _line(lines, site, site.operator_email, site.operator_password)
        for slug in ("letters", "strangers"):
            operator.create_organisation(slug, slug.title())
            operator.create_person(f"o@{slug}.example", slug.title(), password=PASSWORD, roles=[(slug, "owner")])
        owner, stranger = (_line(lines, site, f"o@{slug}.example", PASSWORD) for slug in ("letters", "strangers"))
        owner.register_key("letters", name="home", public_key=home.key.public_pem)
        token, stranger_token = (each.create_token("hf", days=1)["token"] for each in (owner, stranger))
        anchor = _bring_anchor(operator, home)
        yield Desk(site, home, anchor, owner, token, stranger_token, tmp_path_factory.mktemp("clients"))


def _line(lines: ExitStack, site: Site, email: str, password: str) -> Guildhall:
    opened = lines.enter_context(Guildhall(site.url))
    opened.sign_in(email, password)
    return opened


def _bring_anchor(operator: Guildhall, home: Home) -> str:
    """Its slug; another flow may have brought the same one."""
    for known in operator.list_anchors():
        if known["state"] == "verified" and known["digest"] == home.anchor.digest:
            return known["slug"]
    push_anchor(operator, home.anchor_folder, slug="letters", name="Letters", licence="Apache-2.0")
    return wait_for_anchor(operator, "letters", seconds=300)["slug"]


def digests_of(folder: Path) -> dict[str, str]:
    return {path.name: f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}" for path in folder.iterdir()}


@each_generation
def test_hf_upload_brings_a_version_in(desk: Desk, generation: str) -> None:
    name = f"classic-{generation.replace('.', '-')}"
    draft, package = desk.draft(name), desk.home.drama.folder

    done = desk.upload(name, package, generation=generation, **CLASSIC)

    assert done.returncode == 0, done.stderr
    assert f"{desk.site.url}/letters/{name}/" in done.stdout
    there = desk.owner.get_version(draft["id"])
    assert {file["path"]: file["sha256"] for file in there["files"]} == digests_of(package)
    desk.owner.submit_version(draft["id"])
    verified = wait_for_version(desk.owner, draft["id"], seconds=300)
    assert verified["state"] == "verified", verified["failure"]
    assert verified["data_digest"] == desk.home.drama.contents.data_digest


def test_a_refusal_is_shown_to_the_person_at_the_terminal(desk: Desk, tmp_path: Path) -> None:
    desk.draft("refused")
    (tmp_path / "notes.md").write_text("not for a package")

    wrong = desk.upload("refused", tmp_path, **CLASSIC)
    stranger = desk.upload("refused", desk.home.drama.folder, token=desk.stranger_token, **CLASSIC)

    assert wrong.returncode != 0
    assert 'This file does not belong into a package: "notes.md"' in wrong.stderr
    assert stranger.returncode != 0
    assert "There is no expert letters/refused that you may upload to" in stranger.stderr


@pytest.mark.parametrize("generation", ["hub-1.33", INSTALLED])
def test_hf_upload_brings_a_version_in_by_chunks(desk: Desk, generation: str) -> None:
    """What newer clients do when nothing is switched off."""
    name = f"chunked-{generation.replace('.', '-')}"
    draft, package = desk.draft(name), desk.home.code.folder

    done = desk.upload(name, package, generation=generation)

    assert done.returncode == 0, done.stderr
    there = desk.owner.get_version(draft["id"])
    assert {file["path"]: file["sha256"] for file in there["files"]} == digests_of(package)
    desk.owner.submit_version(draft["id"])
    verified = wait_for_version(desk.owner, draft["id"], seconds=300)
    assert verified["state"] == "verified", verified["failure"]
    assert verified["data_digest"] == desk.home.code.contents.data_digest


def test_a_file_of_many_chunks_arrives_and_is_sent_once(desk: Desk, tmp_path: Path) -> None:
    """More than a xorb holds, of bytes that cannot be packed; then the same again."""
    draft = desk.draft("large")
    data = hashlib.shake_256(b"weights").digest(2**20) * 3 + hashlib.shake_256(b"more").digest(70 * 2**20)
    (tmp_path / "expert.safetensors").write_bytes(data)

    first = desk.upload("large", tmp_path)
    [there] = desk.owner.get_version(draft["id"])["files"]
    again = desk.upload("large", tmp_path)
    [still] = desk.owner.get_version(draft["id"])["files"]

    assert first.returncode == again.returncode == 0, first.stderr + again.stderr
    assert there["sha256"] == f"sha256:{hashlib.sha256(data).hexdigest()}"
    assert (there["size"], still["id"]) == (len(data), there["id"])
