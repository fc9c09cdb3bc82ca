"""Writing a package: it appears whole, or nothing of it does."""

from pathlib import Path

import pytest

from flexcore.layout import expert_layout
from flexcore.packing import TensorData, write_expert_package
from flexcore.untrusted import Malformed
from tests.flexcore.packages import DATA_CARD, TINY, make_card, random_tensors


def test_a_package_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    short = random_tensors(expert_layout(TINY.dimensions), seed="x")[:-1]

    with pytest.raises(Malformed, match=r"look at layers\.1\.down_proj\.weight"):
        write_expert_package(tmp_path / "drama", expert=short, router=[], card=make_card(), data_card=DATA_CARD)

    assert list(tmp_path.iterdir()) == []


def test_a_package_that_we_would_refuse_is_not_written(tmp_path: Path) -> None:
    tensors = random_tensors(expert_layout(TINY.dimensions), seed="x")
    tensors[0] = TensorData(tensors[0].name, "F32", tensors[0].shape, b"\xff" * len(tensors[0].content()))
    rows = [TensorData(f"layers.{n}.router.weight", "F32", (64,), bytes(256)) for n in range(2)]

    with pytest.raises(Malformed, match="not finite"):
        write_expert_package(tmp_path / "drama", expert=tensors, router=rows, card=make_card(), data_card=DATA_CARD)

    assert list(tmp_path.iterdir()) == []


def test_a_loss_that_is_not_a_number_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    card = make_card(evaluation={"bits_per_byte": float("nan")})

    with pytest.raises(Malformed, match=r"expert\.json cannot be written as JSON"):
        write_expert_package(tmp_path / "drama", expert=[], router=[], card=card, data_card=DATA_CARD)

    assert list(tmp_path.iterdir()) == []
