"""The files of a composed model: headers that name a slot, digests that need no weight, rows stacked by slot."""

import hashlib
import io
import json
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from flexcore.config import flexolmo_config
from flexcore.headers import read_header
from flexcore.layout import router_layout
from flexcore.shards import (
    PAD,
    index_file,
    json_file,
    router_file,
    shard_digest,
    shard_path,
    slot_header,
    weight_layouts,
)
from flexcore.untrusted import Malformed
from tests.flexcore.packages import TINY, make_expert

D = TINY.dimensions
DATA = "sha256:" + "ab" * 32


@pytest.fixture(scope="module")
def routers(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    folder = tmp_path_factory.mktemp("routers")
    return [make_expert(folder / seed, seed=seed).router for seed in ("a", "b", "c")]


def test_a_slots_header_is_five_mebibytes_and_renames_only() -> None:
    raw = slot_header(D, 12)

    header = read_header(io.BytesIO(raw), size=PAD + 2 * 3 * 48 * 64 * 4, label="x")

    assert len(raw) == PAD
    assert [entry.name for entry in header.entries[:3]] == [
        "model.layers.0.mlp.experts.12.gate_proj.weight",
        "model.layers.0.mlp.experts.12.up_proj.weight",
        "model.layers.0.mlp.experts.12.down_proj.weight",
    ]
    assert header.metadata == {"format": "pt"}


def test_a_shards_digest_follows_from_recorded_digests() -> None:
    header = slot_header(D, 1)

    digest = shard_digest(header, DATA)

    inner = hashlib.sha256(header).digest() + bytes.fromhex("ab" * 32)
    assert digest == "sha256:" + hashlib.sha256(inner).hexdigest()
    assert shard_digest(slot_header(D, 2), DATA) != digest


@pytest.mark.parametrize("digest", ["", "ab" * 32, "sha256:xyz", DATA.upper()])
def test_a_shard_is_not_named_by_something_else(digest: str) -> None:
    with pytest.raises(Malformed, match="is no digest"):
        shard_digest(b"", digest)


def test_rows_stand_in_slot_order(routers: list[bytes]) -> None:
    stacked = safetensors.numpy.load(router_file(routers, D))

    singles = [safetensors.numpy.load(router) for router in routers]
    assert sorted(stacked) == [f"model.layers.{n}.mlp.gate.weight" for n in range(2)]
    for n in range(2):
        expected = np.stack([single[f"layers.{n}.router.weight"] for single in singles])
        assert np.array_equal(stacked[f"model.layers.{n}.mlp.gate.weight"], expected)


def test_rows_written_in_another_order_mean_the_same(routers: list[bytes]) -> None:
    arrays = safetensors.numpy.load(routers[0])
    reversed_ = safetensors.numpy.save(dict(reversed(arrays.items())))

    assert router_file([reversed_], D) == router_file([routers[0]], D)


def test_a_bias_is_refused_where_no_loader_could_hold_it(tmp_path: Path) -> None:
    router = make_expert(tmp_path / "x", bias=True).router

    with pytest.raises(Malformed, match="slot 0 keeps a router bias"):
        router_file([router], D)


def test_every_tensor_has_exactly_one_place() -> None:
    index = json.loads(index_file(TINY, 3))

    places = [(name, path) for path, layout in weight_layouts(TINY, 3).items() for name in layout]
    assert index["weight_map"] == dict(places)
    assert len(places) == len(index["weight_map"]) == 2 * (8 + 1 + 3 * 3) + 3


def test_a_row_is_one_tensor_a_layer() -> None:
    assert list(router_layout(D, bias=True)) == [
        "layers.0.router.weight",
        "layers.0.router.bias",
        "layers.1.router.weight",
        "layers.1.router.bias",
    ]


@pytest.mark.parametrize("slot", [-1, 100])
def test_a_slot_has_two_digits(slot: int) -> None:
    with pytest.raises(Malformed, match="ask for fewer experts"):
        shard_path(slot)


def test_the_same_tensors_give_the_same_bytes_everywhere() -> None:
    """Pinned: whoever changes a byte here changes every revision that was ever published."""
    found = slot_header(D, 3) + index_file(TINY, 4) + json_file(flexolmo_config(TINY, num_experts=4, top_k=2))

    assert hashlib.sha256(found).hexdigest() == "44664ecbef6d0e990b7777645ad11b7f316d04fa141f4bd9080971b532a565b4"
