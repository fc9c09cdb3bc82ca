"""A stock client before and after a withdrawal, over a running site: what it loads is what flexcore composes at home
from the same recipe, and without the withdrawn expert it is, file by file, what it would have been had the expert never
been there.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from client import shapes
from client.waiting import wait_for_withdrawal
from flexcore.loading import load_composed
from flexcore.manifest import MANIFEST, TEXT_PATH, Manifest
from flexcore.merging.flexolmo import Member, compose
from registry.embedded.supervisor import Site
from tests.flows.shelf import Shelf, open_shelf
from tests.stock_client import PROMPT

EXPERTS = {"theatre/drama": "drama", "foundry/code": "code"}
PAPERS = {"decision.intoto.json", "provenance.intoto.json", "inclusion.json", "inclusion.tlog-proof", "model.sig"}
TOLERANCE = 1e-5


@pytest.fixture(scope="module")
def shelf(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    folder = tmp_path_factory.mktemp("home")
    with open_shelf(site, folder, experts=EXPERTS, examiners="proof-readers", consumer="reading-room") as opened:
        yield opened


def compose_at_home(shelf: Shelf, experts: list[str], out: Path, *, texts: dict[str, bytes]) -> Manifest:
    """The same recipe on this machine; the registry writes the texts, since it knows the licences."""
    members = [
        Member(
            getattr(shelf.home, shelf.domains[name]).folder,
            name,
            shelf.versions[name]["number"],
            shelf.people.reader.get_expert(name)["registration"] or 0,
        )
        for name in experts
    ]
    return compose(shelf.home.anchor_folder, members, out, top_k=2, texts=texts)


def digests_of(folder: Path) -> dict[str, str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def texts_in(home: Path, revision: str) -> dict[str, bytes]:
    [snapshot] = home.glob(f"hf/hub/models--*/snapshots/{revision}")
    names = [path.relative_to(snapshot).as_posix() for path in snapshot.rglob("*") if path.is_file()]
    return {name: (snapshot / name).read_bytes() for name in names if TEXT_PATH.fullmatch(name)}


def named(composition: shapes.Composition) -> dict[str, str]:
    """What the manifest speaks of: all files but itself, and the papers of this one build."""
    return {file["path"]: file["digest"] for file in composition["files"] if file["path"] not in {MANIFEST, *PAPERS}}


def without_papers(snapshot: dict[str, Any]) -> dict[str, Any]:
    """What the model is made of: the papers beside it are each model's own."""
    files = {path: digest for path, digest in snapshot["files"].items() if path not in PAPERS}
    assert len(snapshot["files"]) == len(files) + len(PAPERS)
    return snapshot | {"files": files}


@pytest.mark.timeout(900)
def test_a_withdrawn_expert_is_gone_from_what_a_stock_client_loads_next(shelf: Shelf, tmp_path: Path) -> None:
    both, code = ["theatre/drama", "foundry/code"], ["foundry/code"]
    first = shelf.compose("plays", both)
    closed = shelf.compose("plays-or-nothing", both, on_withdrawal="close")
    never = shelf.compose("no-plays", code)
    warm, shut, cold = tmp_path / "warm", tmp_path / "shut", tmp_path / "cold"
    before = shelf.ask("snapshot", "load", model="plays", home=warm)
    shelf.ask("snapshot", model="plays-or-nothing", home=shut)

    drama = shelf.versions["theatre/drama"]["id"]
    owner = shelf.people.owners["theatre/drama"]
    owner.withdraw_version(drama, reason="The plays were not ours to give.")
    withdrawal = wait_for_withdrawal(owner, drama, seconds=300)
    after = shelf.ask("snapshot", "load", model="plays", home=warm)
    at_closed = shelf.ask("snapshot", "file", model="plays-or-nothing", home=shut)
    at_first = shelf.ask("model_info", "snapshot", "load", model="plays", home=cold, revision=first["revision"])
    at_never = shelf.ask("snapshot", "load", model="no-plays", home=cold)

    # What the client first loaded is what flexcore composes at home, and says the same in both.
    made = compose_at_home(shelf, both, tmp_path / "both", texts=texts_in(warm, first["revision"]))
    assert without_papers(before["snapshot"]) == {"commit": made.revision(), "files": digests_of(tmp_path / "both")}
    assert logits_apart(before, tmp_path / "both") < TOLERANCE
    # The withdrawal reached every model, each as its consumer wished.
    now = {model["model"]: model for model in withdrawal["models"]}
    assert now["reading-room/plays"]["recomposed_revision"] == after["snapshot"]["commit"]
    assert now["reading-room/plays-or-nothing"]["recomposed_revision"] is None
    assert "reading-room/no-plays" not in now
    # The warm client has new files: those of the model that never held the expert, to the last byte and digit.
    assert after["snapshot"]["commit"] == never["revision"] != first["revision"]
    assert without_papers(after["snapshot"]) == without_papers(at_never["snapshot"])
    assert after["load"]["logits"] == at_never["load"]["logits"] != before["load"]["logits"]
    recomposed = shelf.people.reader.get_model("reading-room/plays")["main"]
    assert recomposed is not None
    assert recomposed["revision"] == never["revision"]
    made = compose_at_home(shelf, code, tmp_path / "code", texts=texts_in(warm, never["revision"]))
    assert without_papers(after["snapshot"]) == {"commit": made.revision(), "files": digests_of(tmp_path / "code")}
    assert named(never) == {file.path: file.digest for file in made.files}
    assert logits_apart(after, tmp_path / "code") < TOLERANCE
    # Where there is nothing to move to, and where the old revision is asked for, there is nothing.
    for told, deeds in ((at_closed, ["snapshot", "file"]), (at_first, ["model_info", "snapshot"])):
        for deed in deeds:
            assert told[deed]["raised"] == "RevisionNotFoundError"
            assert "theatre/drama@1" in told[deed]["message"]
    assert "raised" in at_first["load"]
    assert closed["revision"] == first["revision"]


@pytest.mark.timeout(900)
def test_the_log_tells_it_in_order(shelf: Shelf) -> None:
    events = [entry["event"] for entry in shelf.people.examiner.list_log(about="theatre/drama@1")]

    story = ["version.drafted", "version.submitted", "version.verified", "version.approved", "inclusion.recorded"]
    story += ["withdrawal.requested"]
    places = [events.index(event) for event in story]
    assert places == sorted(places)
    assert "version.withdrawn" in events


def logits_apart(told: dict[str, Any], folder: Path) -> float:
    """How far what transformers said lies from what flexcore says with the same files."""
    model = load_composed(folder)
    with torch.no_grad():
        ours = model(torch.tensor([PROMPT]))[0]
    return float((torch.tensor(told["load"]["logits"]) - ours).abs().max())
