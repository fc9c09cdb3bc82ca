"""Samples are the same wherever they are taken, and two experts are told apart, or not, by them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from flexcore.files import folder_files
from flexcore.layout import expert_layout
from flexcore.likeness import compare, joined, similarity
from flexcore.package import check_expert_package, measure_expert
from flexcore.samples import Measured, packed, places, unpacked
from tests.flexcore.packages import TINY, make_expert


@pytest.fixture(scope="module")
def drama(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Measured]:
    folder = tmp_path_factory.mktemp("drama") / "package"
    return dict(make_expert(folder, seed="drama").measured)


def moved(measures: dict[str, Measured], by: float) -> dict[str, Measured]:
    rng = np.random.default_rng(1)
    return {
        name: Measured(m.largest, (m.sample + by * rng.standard_normal(len(m.sample))).astype(np.float32))
        for name, m in measures.items()
    }


def test_the_places_of_a_sample_lie_inside_and_are_always_the_same() -> None:
    found = places(10_000_019, tensors=6)

    assert found[:3] == [7331, 14662, 19193]
    assert len(found) == len(set(found)) == 1365
    assert found[0] >= 0
    assert found[-1] < 10_000_019
    assert places(5, tensors=6) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("dtype", ["F32", "BF16"])
def test_a_sample_holds_the_values_at_its_places_and_the_largest_is_exact(tmp_path: Path, dtype: str) -> None:
    make_expert(tmp_path / "package", architecture=replace(TINY, dtype=dtype))
    file = tmp_path / "package" / "expert.safetensors"
    contents = check_expert_package(tmp_path / "package")

    measured = measure_expert(folder_files(file.parent)[file.name], contents.dimensions)

    last = contents.expert_header.entries[-1]
    raw = file.read_bytes()[contents.expert_header.data_offset :][last.begin : last.end]
    bits = np.frombuffer(raw, "<u4") if dtype == "F32" else np.frombuffer(raw, "<u2").astype("<u4") << 16
    values = bits.astype("<u4").view("<f4")
    assert measured[last.name].largest == np.abs(values).max()
    assert np.array_equal(measured[last.name].sample, values[list(places(len(values), tensors=6))])
    assert measured.keys() == contents.measured.keys()


def test_what_is_packed_comes_back(drama: dict[str, Measured]) -> None:
    layout = expert_layout(TINY.dimensions)

    back = unpacked(packed(drama), layout)

    assert list(back) == list(drama)
    assert all(back[name].largest == pytest.approx(drama[name].largest) for name in drama)
    assert np.array_equal(joined(back), joined(drama))
    with pytest.raises(ValueError, match="measure the file again"):
        unpacked(packed(drama)[:-4], layout)


def test_an_expert_that_learned_a_little_stands_near_the_public_one(drama: dict[str, Measured]) -> None:
    found = compare(moved(drama, 0.03), drama)

    assert found.change == pytest.approx(0.1, rel=0.1)  # the values are drawn with a spread of 0.3
    assert len(found.by_layer) == TINY.num_hidden_layers
    assert found.outliers == ()


def test_what_is_far_or_wide_is_named(drama: dict[str, Measured]) -> None:
    odd = dict(drama)
    far, wide = "layers.0.up_proj.weight", "layers.1.down_proj.weight"
    odd[far] = Measured(1e4, drama[far].sample)
    odd[wide] = Measured(drama[wide].largest, drama[wide].sample * 3)

    found = compare(odd, drama)

    assert [(one.tensor, one.why.split()[1]) for one in found.outliers] == [(far, "largest"), (wide, "values")]


def test_a_copy_with_noise_is_like_its_original_and_experts_trained_apart_are_not(drama: dict[str, Measured]) -> None:
    public = joined(drama)
    rng = np.random.default_rng(2)
    one, other = (public + 0.1 * rng.standard_normal(len(public)).astype(np.float32) for _ in range(2))
    copy = one + 0.01 * rng.standard_normal(len(public)).astype(np.float32)

    assert similarity(one, copy, public) > 0.98
    assert abs(similarity(one, other, public)) < 0.1
    assert similarity(public, other, public) == 0.0
