"""Composing onto a folder: the files that stock transformers reads, the same for the same set whatever went before."""

from pathlib import Path

import pytest
import torch
import transformers

from flexcore.merging.flexolmo import Member, compose
from tests.flexcore.packages import make_anchor, make_expert

NAMES = ("a", "b", "c")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("house")
    anchor = make_anchor(folder / "anchor")
    for name in NAMES:
        make_expert(folder / name, anchor_digest=anchor.digest, seed=name)
    return folder


def member(house: Path, name: str) -> Member:
    return Member(house / name, f"org/{name}", 1, 1 + NAMES.index(name))


def test_stock_transformers_loads_all_of_it(house: Path, tmp_path: Path) -> None:
    compose(house / "anchor", [member(house, "a"), member(house, "b")], tmp_path / "out", top_k=2)

    model, said = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "out", output_loading_info=True)

    assert not any(said.values())
    with torch.no_grad():
        assert model(torch.arange(10)[None]).logits.isfinite().all()
