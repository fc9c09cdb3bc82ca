"""The log as Go's own packages for notes and trees see it: what we publish is accepted, what was changed refused."""

import base64
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.db import transaction
from django.test import Client

from registry.audit.events import Event
from registry.audit.keys import log_signers
from registry.audit.log import Deed, record_many
from registry.audit.merkle import consistency
from registry.audit.reading import reader
from tests.factories import ADA, catch_up
from tests.small_log import Signer, tile_path

FACTS = {"expert": "1", "anchor_digest": "sha256:0", "domain": "drama"}
PROVEN = 333


@dataclass(frozen=True)
class Copy:
    """What a stranger has fetched: the log's files, an old checkpoint, an entry and its proof, a proof of growth."""

    folder: Path
    key: str
    size: int

    def path(self, name: str) -> Path:
        return self.folder / name

    def change(self, name: str, change: Callable[[bytes], bytes]) -> None:
        before = self.path(name).read_bytes()
        after = change(before)
        assert after != before
        self.path(name).write_bytes(after)

    def checked(self, program: Path) -> list["subprocess.CompletedProcess[str]"]:
        """The log, a proof of an entry, growth by our proof, growth by one that Go makes from the tiles."""
        log, old = str(self.path("log")), str(self.path("old"))
        questions = (
            ["log", self.key, log],
            ["proof", self.key, str(self.path("proof")), str(self.path("leaf"))],
            ["growth", self.key, old, log, str(self.path("growth"))],
            ["growth", self.key, old, log],
        )
        return [
            subprocess.run([program, *words], capture_output=True, text=True, timeout=60, check=False)
            for words in questions
        ]


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    """From the real log's public addresses, at two moments."""
    old = _grown_by(200)
    (tmp_path / "old").write_bytes(_get("/log/checkpoint"))
    size = _grown_by(500)
    for name in ("checkpoint", *_names(size)):
        file = tmp_path / "log" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(_get(f"/log/{name}"))
    (tmp_path / "proof").write_bytes(_get(f"/api/v1/log/{PROVEN}/proof"))
    (tmp_path / "leaf").write_bytes(_get(f"/api/v1/log/{PROVEN}/leaf"))
    steps = [base64.b64encode(step).decode() for step in consistency(reader(), old, size)]
    (tmp_path / "growth").write_text("\n".join(steps))
    return Copy(tmp_path, log_signers()[0].vkey, size)


def _grown_by(more: int) -> int:
    with transaction.atomic():
        deeds = [Deed(Event.EXPERT_CREATED, about=f"expert:{n}", by=ADA, facts=FACTS) for n in range(more)]
        record_many(deeds)
    catch_up()
    return int(_get("/log/checkpoint").splitlines()[1])


def _get(address: str) -> bytes:
    answer = Client().get(address)
    assert answer.status_code == 200, address
    return answer.content


def _names(size: int) -> list[str]:
    """Of a log of between 257 and 65,536 entries."""
    ends = [(start // 256, min(256, size - start)) for start in range(0, size, 256)]
    leaves = [f"tile/{level}/{tile_path(*end)}" for end in ends for level in ("0", "entries")]
    return [*leaves, f"tile/1/{tile_path(0, size // 256)}"]


def test_go_accepts_the_checkpoint_the_proofs_and_every_tile(copy: Copy, checklog: Path) -> None:
    log, proof, growth, growth_from_tiles = copy.checked(checklog)

    assert log.stdout.startswith(f"{copy.size} entries are what was signed"), log.stderr
    assert proof.stdout == f"entry {PROVEN} of {copy.size} is this one\n", proof.stderr
    assert growth.stdout.startswith(f"the log of {copy.size} entries continues"), growth.stderr
    assert growth_from_tiles.stdout == growth.stdout


def flipped(at: int) -> Callable[[bytes], bytes]:
    """One bit of one byte."""
    return lambda data: data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def line(number: int, change: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    def changed(data: bytes) -> bytes:
        lines = data.split(b"\n")
        lines[number] = change(lines[number])
        return b"\n".join(lines)

    return changed


def signed_by_another(data: bytes) -> bytes:
    text = data.rpartition(b"\n\n")[0].decode() + "\n"
    name = text.split("\n")[0]
    return f"{text}\n{Signer(name, seed=b'7' * 32).line(text)}".encode()


# What is changed, how, and which of the four questions must then be refused.
TAMPERINGS: dict[str, tuple[str, Callable[[bytes], bytes], tuple[int, ...]]] = {
    "the checkpoint's size": ("log/checkpoint", line(1, lambda size: b"%d" % (int(size) + 1)), (0, 2, 3)),
    "the checkpoint's root": ("log/checkpoint", line(2, lambda root: root[::-1].lstrip(b"=") + b"="), (0, 2, 3)),
    "the checkpoint's origin": ("log/checkpoint", line(0, lambda name: name + b"x"), (0, 2, 3)),
    "the checkpoint's signer": ("log/checkpoint", signed_by_another, (0, 2, 3)),
    "an entry": ("log/tile/entries/001", flipped(40), (0,)),
    "a tile of leaves": ("log/tile/0/001", flipped(40), (0,)),
    "a tile above": ("log/tile/1/000.p/2", flipped(40), (0, 3)),
    "a step of an entry's proof": ("proof", line(4, lambda step: base64.b64encode(bytes(32))), (1,)),
    "the entry that is proven": ("leaf", flipped(20), (1,)),
    "a step of a proof of growth": ("growth", line(1, lambda step: base64.b64encode(bytes(32))), (2,)),
}


@pytest.mark.parametrize("what", TAMPERINGS)
def test_go_refuses_what_was_changed(copy: Copy, checklog: Path, what: str) -> None:
    name, change, refused = TAMPERINGS[what]

    copy.change(name, change)
    answers = copy.checked(checklog)

    assert len(TAMPERINGS) == 10
    for question, answer in enumerate(answers):
        assert (answer.returncode != 0) == (question in refused), (question, answer)
