"""Split and join: what `transformers` saved becomes packages and comes back, and the models answer the same."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

from flexcore.checkpoints import open_checkpoint
from flexcore.loading import load_beside
from flexcore.merging.flexolmo import compose, members_in_order
from flexcore.model.names import expert_weights, router_rows
from flexcore.model.transformer import FlexOlmo
from flexcore.package import AnchorContents
from flexcore.splitting import join_dense, split_expert
from flexcore.training.anchor import import_anchor
from flexcore.training.checkpoint import weights_digest
from flexcore.untrusted import Malformed
from tests.flexcore.packages import DATA_CARD, TOKENIZER
from tests.flexcore.stock import stock_flexolmo, stock_olmo2
from tests.flexcore.tiny import tiny_architecture, tiny_model, tiny_tokens

VECTOR = np.linspace(-1, 1, 384, dtype=np.float32)


def saved(stock: Any, folder: Path, **how: Any) -> Path:
    stock.save_pretrained(folder, **how)
    for name, data in TOKENIZER.items():
        (folder / name).write_bytes(data)
    return folder


def anchor_of(folder: Path, out: Path) -> AnchorContents:
    return import_anchor(open_checkpoint(folder), out, documents=None)


@pytest.mark.parametrize(("dtype", "size"), [("F32", "20KB"), ("BF16", "1GB")])
def test_a_dense_checkpoint_becomes_an_anchor_and_comes_back(dtype: str, size: str, tmp_path: Path) -> None:
    model = tiny_model(num_experts=1, top_k=1, architecture=tiny_architecture(dtype=dtype, num_key_value_heads=2))
    folder = saved(stock_olmo2(model), tmp_path / "dense", max_shard_size=size)
    stock = AutoModelForCausalLM.from_pretrained(folder)
    assert (len(list(folder.glob("*.safetensors"))) > 1) == (size == "20KB")

    import_anchor(open_checkpoint(folder), tmp_path / "anchor", documents=None, public_vector=VECTOR)
    join_dense(tmp_path / "anchor", tmp_path / "joined")

    ours = load_beside(tmp_path / "anchor")
    torch.testing.assert_close(
        ours(tiny_tokens()), stock(tiny_tokens()).logits, rtol=0, atol=1e-4 if dtype == "F32" else 0.1
    )
    again = AutoModelForCausalLM.from_pretrained(tmp_path / "joined")
    assert weights_digest(again.state_dict()) == weights_digest(stock.state_dict())
    assert torch.equal(again(tiny_tokens()).logits, stock(tiny_tokens()).logits)
    rows = list(router_rows(ours, 0).values())
    assert rows[0].abs().sum() > 0
    assert all(torch.equal(row, rows[0]) for row in rows)


@pytest.mark.parametrize(
    "how",
    [
        {"max_shard_size": "20KB"},
        {"save_original_format": False},
        {"save_original_format": False, "max_shard_size": "20KB"},
    ],
    ids=["by expert, in shards", "fused", "fused, in shards"],
)
def test_a_flexolmo_becomes_an_anchor_and_experts_and_comes_back(how: dict[str, Any], tmp_path: Path) -> None:
    model = tiny_model(num_experts=3, top_k=3)
    stock = stock_flexolmo(model)
    checkpoint = open_checkpoint(saved(stock, tmp_path / "flex", **how))
    assert checkpoint.fused == ("save_original_format" in how)

    import_anchor(checkpoint, tmp_path / "anchor", documents=None)
    packages = [tmp_path / "one", tmp_path / "two"]
    for slot, package in enumerate(packages, start=1):
        split_expert(checkpoint, slot, package, anchor=tmp_path / "anchor", data_card=DATA_CARD)
    compose(tmp_path / "anchor", members_in_order(packages), tmp_path / "joined", top_k=3)

    ours = load_beside(tmp_path / "anchor", packages)
    assert torch.equal(ours(tiny_tokens()), model(tiny_tokens()))
    again = AutoModelForCausalLM.from_pretrained(tmp_path / "joined")
    assert torch.equal(again(tiny_tokens()).logits, stock(tiny_tokens()).logits)


def test_an_expert_of_another_checkpoint_of_the_same_anchor_is_taken_in(tmp_path: Path) -> None:
    first, second = tiny_model(num_experts=2, top_k=2, seed=0), tiny_model(num_experts=2, top_k=2, seed=0)
    for weight in expert_weights(second, 1).values():
        weight.mul_(2.0)
    flex = [saved(stock_flexolmo(m), tmp_path / f"flex-{n}") for n, m in enumerate((first, second))]
    anchor_of(flex[0], tmp_path / "anchor")

    split_expert(open_checkpoint(flex[1]), 1, tmp_path / "expert", anchor=tmp_path / "anchor", data_card=DATA_CARD)

    pair = load_beside(tmp_path / "anchor", [tmp_path / "expert"])
    assert torch.equal(pair(tiny_tokens()), second(tiny_tokens()))


def test_an_expert_of_another_anchor_is_refused(tmp_path: Path) -> None:
    flex = [saved(stock_flexolmo(tiny_model(num_experts=2, top_k=2, seed=n)), tmp_path / str(n)) for n in (1, 2)]
    anchor_of(flex[0], tmp_path / "anchor")

    with pytest.raises(Malformed, match=r"embed_tokens.*belong to another anchor"):
        split_expert(open_checkpoint(flex[1]), 1, tmp_path / "e", anchor=tmp_path / "anchor", data_card=DATA_CARD)


def test_one_moved_weight_of_the_public_expert_is_seen(tmp_path: Path) -> None:
    model = tiny_model(num_experts=2, top_k=2)
    anchor_of(saved(stock_flexolmo(model), tmp_path / "flex"), tmp_path / "anchor")
    expert_weights(model, 0)["layers.2.down_proj.weight"][0, 0] += 1e-3
    moved = saved(stock_flexolmo(model), tmp_path / "moved")

    with pytest.raises(Malformed, match=r"layers\.2\.down_proj\.weight is not what the anchor"):
        split_expert(open_checkpoint(moved), 1, tmp_path / "e", anchor=tmp_path / "anchor", data_card=DATA_CARD)


def test_no_more_than_a_tensor_is_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from flexcore.checkpoints import Stored

    held: list[int] = []
    read = Stored.read

    def watched(self: Stored, first: int = 0, count: int | None = None) -> bytes:
        data = read(self, first, count)
        held.append(len(data))
        return data

    monkeypatch.setattr(Stored, "read", watched)
    model = tiny_model(num_experts=3, top_k=3)
    folder = saved(stock_flexolmo(model), tmp_path / "flex", save_original_format=False)

    anchor_of(folder, tmp_path / "anchor")

    assert max(held) == max(weight.numel() for weight in model.parameters()) * 4


def _model(folder: Path) -> FlexOlmo:
    return tiny_model(num_experts=2, top_k=2)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda folder: (folder / "config.json").unlink(), "holds no config.json"),
        (lambda folder: (folder / "model.safetensors").unlink(), "is not beside config.json"),
        (lambda folder: (folder / "tokenizer.json").unlink(), "lacks tokenizer.json"),
        (lambda folder: change(folder, drop="model.norm.weight"), "lacks model.norm.weight"),
        (lambda folder: change(folder, add="model.layers.0.mlp.expert_bias"), "holds model.layers.0.mlp.expert_bias"),
        (lambda folder: configure(folder, num_experts=3), r"lacks model\.layers\.\d\.mlp\.experts\.2"),
        (lambda folder: configure(folder, intermediate_size=44), "they belong to different models"),
    ],
)
def test_a_checkpoint_that_is_not_whole_is_refused_in_one_sentence(spoil: Any, said: str, tmp_path: Path) -> None:
    folder = saved(stock_flexolmo(_model(tmp_path)), tmp_path / "flex")
    spoil(folder)

    with pytest.raises(Malformed, match=said):
        anchor_of(folder, tmp_path / "anchor")

    assert not (tmp_path / "anchor").exists()


def test_a_dense_checkpoint_without_public_text_is_refused(tmp_path: Path) -> None:
    folder = saved(stock_olmo2(tiny_model(num_experts=1, top_k=1)), tmp_path / "dense")

    with pytest.raises(Malformed, match="give public text"):
        anchor_of(folder, tmp_path / "anchor")


def change(folder: Path, *, drop: str = "", add: str = "") -> None:
    weights = load_file(folder / "model.safetensors")
    weights.pop(drop, None)
    if add:
        weights[add] = torch.zeros(2, 1)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def configure(folder: Path, **changes: int) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
