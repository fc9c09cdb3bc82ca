"""Two processes that share every weight and every batch train the same expert as one does."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from flexcore.cards import data_card
from flexcore.training import expert, sharding
from flexcore.training.anchor import AnchorOrder, Size, make_anchor
from flexcore.training.corpus import Batch, Mixture
from flexcore.training.expert import ExpertOrder, make_expert
from flexcore.training.loop import Plan
from flexcore.untrusted import Malformed
from tests.flexcore.texts import write_corpora

SIZE = Size(vocab_size=280, hidden_size=32, intermediate_size=48, layers=2, heads=4, positions=32)
VECTOR = np.linspace(-1, 1, 384, dtype=np.float32)
PLAN = Plan(steps=6, positions=32, learning_rate=1e-2, warmup=2)
CARD = data_card(name="x", licence="CC0-1.0", languages=["en"], volume="x", collection="x")
DIES_AT = 2


class Deadly(Mixture):
    """Batches that stop a run on its way."""

    def __getitem__(self, step: int) -> Batch:
        if step == DIES_AT:
            raise KeyboardInterrupt
        return super().__getitem__(step)


def order(home: Path, out: Path) -> ExpertOrder:
    corpus, public = (home / domain / "train.jsonl" for domain in ("sums", "public"))
    return ExpertOrder(
        anchor=home / "anchor", corpus=corpus, public=public, out=out, name="x", data_card=CARD, plan=PLAN
    )


def run(home: Path, out: Path) -> None:
    make_expert(order(home, out), lambda anchor, pair: {"params": {}}, domain_vector=VECTOR, pause=0.0)


def by_two(home: Path, out: Path) -> list[str]:
    """What each had to say. They are started as `torchrun` does it, without a third process to watch them."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    meeting = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.flexcore.test_sharding", str(home), str(out)],
            env=os.environ | meeting | {"RANK": rank, "LOCAL_RANK": rank},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in ("0", "1")
    ]
    said = [process.communicate(timeout=300)[1] for process in started]
    assert [process.returncode for process in started] == [0, 0], said
    return said


def test_two_processes_make_the_same_expert_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_corpora(tmp_path)
    plan = Plan(steps=2, positions=32, learning_rate=1e-2, warmup=1)
    make_anchor(AnchorOrder(tmp_path / "public/train.jsonl", tmp_path / "anchor", SIZE, plan), public_vector=VECTOR)
    monkeypatch.setattr(expert, "Mixture", Deadly)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, tmp_path / "two")  # by one at first
    monkeypatch.undo()

    first, second = by_two(tmp_path, tmp_path / "two")
    run(tmp_path, tmp_path / "one")

    assert "bits/byte" in first
    assert "bits/byte" not in second
    assert len((tmp_path / "two.metrics.jsonl").read_text().splitlines()) == PLAN.steps
    for name in ("expert.safetensors", "router.safetensors"):
        one, two = load_file(tmp_path / "one" / name), load_file(tmp_path / "two" / name)
        for tensor, weight in one.items():
            torch.testing.assert_close(two[tensor], weight, rtol=0, atol=2e-4, msg=tensor)


def test_a_batch_that_cannot_be_shared_out_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharding, "count", lambda: 3)

    with pytest.raises(Malformed, match="cannot be shared among 3 processes"):
        sharding.check_batch(4)


if __name__ == "__main__":
    torch.set_num_threads(1)
    with sharding.processes():
        run(Path(sys.argv[1]), Path(sys.argv[2]))
