"""Loading: every tensor is accounted for, or nothing is loaded."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from flexcore.config import flexolmo_config
from flexcore.loading import load, load_beside, load_composed
from flexcore.model.names import router_biases, stock_weights
from flexcore.model.transformer import FlexOlmo
from flexcore.untrusted import Malformed
from tests.flexcore.stock import stock_flexolmo
from tests.flexcore.tiny import tiny_anchor, tiny_model, tiny_package, tiny_tokens


def composed_folder(folder: Path, model: FlexOlmo) -> Path:
    """In one file, as a small model is saved."""
    folder.mkdir()
    config = flexolmo_config(model.architecture, num_experts=model.num_experts, top_k=model.top_k)
    (folder / "config.json").write_text(json.dumps(config))
    weights = {name: weight.clone() for name, weight in stock_weights(model).items()}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def test_a_composed_folder_gives_back_the_very_model(tmp_path: Path) -> None:
    model = tiny_model(num_experts=3, top_k=2)
    folder = composed_folder(tmp_path / "model", model)

    loaded = load(folder)

    assert (loaded.num_experts, loaded.top_k) == (3, 2)
    assert torch.equal(loaded(tiny_tokens()), model(tiny_tokens()))


def test_what_transformers_saves_is_loaded_from_its_shards(tmp_path: Path) -> None:
    model = tiny_model(num_experts=3, top_k=2)
    stock_flexolmo(model).save_pretrained(tmp_path / "model", max_shard_size="30KB")

    loaded = load(tmp_path / "model")

    assert len(list((tmp_path / "model").glob("*.safetensors"))) > 1
    assert torch.equal(loaded(tiny_tokens()), model(tiny_tokens()))


def test_packages_stand_beside_their_anchor(tmp_path: Path) -> None:
    model = tiny_model(num_experts=3, top_k=3)
    anchor = tiny_anchor(tmp_path / "anchor", model)
    for slot in (1, 2):
        tiny_package(tmp_path / f"expert-{slot}", model, slot=slot, anchor_digest=anchor.digest)

    alone = load(tmp_path / "anchor")
    pair = load_beside(tmp_path / "anchor", [tmp_path / "expert-2"])
    both = load_beside(tmp_path / "anchor", [tmp_path / "expert-1", tmp_path / "expert-2"], top_k=2)

    assert torch.equal(alone(tiny_tokens()), model(tiny_tokens(), active=[0]))
    assert torch.equal(pair(tiny_tokens()), model(tiny_tokens(), active=[0, 2]))
    assert both.top_k == 2


def test_a_package_of_another_anchor_is_refused(tmp_path: Path) -> None:
    model = tiny_model(num_experts=2, top_k=2)
    tiny_anchor(tmp_path / "anchor", model)
    tiny_package(tmp_path / "expert", model, slot=1, anchor_digest="sha256:" + "1" * 64)

    with pytest.raises(Malformed, match="trained beside the anchor sha256:1111"):
        load_beside(tmp_path / "anchor", [tmp_path / "expert"])


def test_a_missing_tensor_is_named(tmp_path: Path) -> None:
    folder = composed_folder(tmp_path / "model", tiny_model(num_experts=2, top_k=2))
    weights = load_file(folder / "model.safetensors")
    del weights["model.layers.1.mlp.experts.1.up_proj.weight"]
    save_file(weights, folder / "model.safetensors")

    with pytest.raises(Malformed, match=r"lacks model\.layers\.1\.mlp\.experts\.1\.up_proj\.weight"):
        load_composed(folder)


def test_a_tensor_too_many_is_named(tmp_path: Path) -> None:
    folder = composed_folder(tmp_path / "model", tiny_model(num_experts=2, top_k=2))
    weights = load_file(folder / "model.safetensors")
    weights["model.layers.0.mlp.expert_bias"] = torch.zeros(2)
    save_file(weights, folder / "model.safetensors")

    with pytest.raises(Malformed, match=r"holds model\.layers\.0\.mlp\.expert_bias"):
        load_composed(folder)


def test_a_wrong_shape_is_named(tmp_path: Path) -> None:
    folder = composed_folder(tmp_path / "model", tiny_model(num_experts=2, top_k=2))
    weights = load_file(folder / "model.safetensors")
    weights["model.layers.0.mlp.gate.weight"] = torch.zeros(3, 32)
    save_file(weights, folder / "model.safetensors")

    with pytest.raises(Malformed, match=r"gate\.weight is F32 \[3, 32\]"):
        load_composed(folder)


def test_an_index_that_points_outside_the_folder_is_refused(tmp_path: Path) -> None:
    model = tiny_model(num_experts=2, top_k=2)
    folder = composed_folder(tmp_path / "model", model)
    weight_map = dict.fromkeys(stock_weights(model), "../model.safetensors")
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}))

    with pytest.raises(Malformed, match="outside the folder"):
        load_composed(folder)


def test_an_index_with_a_hole_is_refused(tmp_path: Path) -> None:
    model = tiny_model(num_experts=2, top_k=2)
    folder = composed_folder(tmp_path / "model", model)
    weight_map = dict.fromkeys(stock_weights(model), "model.safetensors")
    del weight_map["lm_head.weight"]
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}))

    with pytest.raises(Malformed, match=r"does not say where lm_head\.weight is"):
        load_composed(folder)


def test_a_folder_that_is_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Malformed, match=r"holds no config\.json"):
        load(tmp_path)


def test_a_bias_does_not_leave_for_a_stock_loader() -> None:
    model = tiny_model(num_experts=2, top_k=2)
    next(iter(router_biases(model, 1).values())).fill_(-0.5)

    with pytest.raises(ValueError, match="expert 1 holds a router bias"):
        stock_weights(model)
