"""The service's own log, read by the client: whole, across a change of the log's key, and with keys for statements."""

from pathlib import Path

import pytest
from django.db import transaction
from django.test import Client
from pytest_django import Settings

from client.verify.notes import Proof
from client.verify.tiles import Folder
from client.verify.trust import Trust, believed_head, model_keys, statement_keys
from registry.audit.events import Event
from registry.audit.keys import model_signer, origin, statement_signer
from registry.audit.log import Deed, record_many
from registry.audit.notes import NoteKey
from registry.audit.sequencer import Sequencer
from tests.client.verifying import Verify, verify
from tests.factories import ADA
from tests.small_log import tile_path

__all__ = ["verify"]

FACTS = {"expert": "1", "anchor_digest": "sha256:0", "domain": "drama"}


def write(entries: int) -> None:
    with transaction.atomic():
        record_many([Deed(Event.EXPERT_CREATED, about=f"expert:{n}", by=ADA, facts=FACTS) for n in range(entries)])


def publish() -> None:
    """As the sequencer's process does when it starts, until nothing waits."""
    sequencer = Sequencer()
    sequencer.begin()
    while sequencer.step():
        pass


def get(address: str) -> bytes:
    answer = Client().get(address)
    assert answer.status_code == 200, address
    return answer.content


def fetch(folder: Path) -> Path:
    """Everything that is public of the log, beside what was fetched before."""
    size = int(get("/log/checkpoint").splitlines()[1])
    names, level, count = ["checkpoint", "keys.json"], 0, size
    while count:
        for number in range(-(-count // 256)):
            path = tile_path(number, min(256, count - number * 256))
            names += [f"tile/{level}/{path}"] + ([f"tile/entries/{path}"] if level == 0 else [])
        level, count = level + 1, count // 256
    for name in names:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(get(f"/log/{name}"))
    return folder


def test_a_real_log_verifies_and_grows(verify: Verify, tmp_path: Path) -> None:
    words = ["log", tmp_path / "log", "--state", tmp_path / "state"]
    write(100)
    publish()
    fetch(tmp_path / "log")
    first = verify(*words)
    write(400)
    publish()
    fetch(tmp_path / "log")
    second = verify(*words)

    assert first.status == 0, first.err
    assert "is new here" in first.err
    assert (second.status, second.err) == (0, "")
    assert "continues the " in second.out


def test_a_new_key_is_followed_from_the_old_one(verify: Verify, tmp_path: Path, settings: Settings) -> None:
    words = ["log", tmp_path / "log", "--state", tmp_path / "state"]
    old, new = settings.LOG_KEYS, NoteKey(origin(), b"7" * 32)
    write(100)
    publish()
    fetch(tmp_path / "log")
    verify(*words)

    settings.LOG_KEYS = f"{old} {new.text}"
    write(10)
    publish()
    fetch(tmp_path / "log")
    both = verify(*words)
    settings.LOG_KEYS = new.text
    write(10)
    publish()
    fetch(tmp_path / "log")
    followed = verify(*words)
    again = verify(*words)

    assert (both.status, both.err) == (0, "")
    assert followed.status == 0, followed.err
    assert "has a new key, named in entry" in followed.err
    assert (again.status, again.err) == (0, "")


def test_the_key_for_statements_is_the_one_that_the_log_names(tmp_path: Path) -> None:
    publish()
    source = Folder(fetch(tmp_path / "log"))
    trust = Trust([], [], kept=tmp_path / "known_logs", tell=_say_nothing)

    head, _ = believed_head(source, trust)

    assert [key.vkey for key in statement_keys(source, head)] == [statement_signer().vkey]


def test_the_key_for_models_is_the_one_that_the_log_names(tmp_path: Path) -> None:
    publish()
    source = Folder(fetch(tmp_path / "log"))
    trust = Trust([], [], kept=tmp_path / "known_logs", tell=_say_nothing)

    head, _ = believed_head(source, trust)

    [key] = model_keys(source, head)
    assert (key.vkey, key.hint) == (model_signer().vkey, model_signer().hint)


def _say_nothing(sentence: str) -> None:
    """Nobody listens."""


@pytest.mark.parametrize("index", [0, 57, 119])
def test_each_proof_that_is_served_holds(index: int) -> None:
    write(120)
    publish()

    proof = Proof.read(get(f"/api/v1/log/{index}/proof").decode(), "the proof")

    proof.require(get(f"/api/v1/log/{index}/leaf"))
    assert proof.index == index
