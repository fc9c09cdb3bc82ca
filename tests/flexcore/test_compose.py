"""Composing onto a folder: what stock transformers loads, the same for the same set whatever went before."""

import errno
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import safetensors.torch
import torch
import transformers
from torch import Tensor

from flexcore.manifest import MANIFEST, Recipe, plan, read_manifest
from flexcore.merging.flexolmo import Member, compose, lay_out, members_in_order
from flexcore.package import check_anchor_package, check_expert_package
from flexcore.shards import shard_digest
from flexcore.untrusted import Malformed
from flexcore.weights import sha256
from tests.flexcore.packages import TINY, make_anchor, make_expert

NAMES = ("a", "b", "c")
TEXTS = {"README.md": b"# A model\n", "NOTICE": b"With thanks.\n", "LICENSES/MIT.txt": b"...\n"}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("house")
    anchor = make_anchor(folder / "anchor")
    for name in NAMES:
        make_expert(folder / name, anchor_digest=anchor.digest, seed=name)
    return folder


def members(house: Path, names: Sequence[str]) -> list[Member]:
    return [Member(house / name, f"org/{name}", 1, 1 + NAMES.index(name)) for name in names]


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def expected_state(house: Path, names: Sequence[str]) -> dict[str, Tensor]:
    """The tensors of a composed model, put together by hand from the packages, as transformers holds them in memory."""
    state: dict[str, Tensor] = safetensors.torch.load_file(house / "anchor" / "shared.safetensors")
    folders = [house / name for name in ("anchor", *names)]
    experts = [safetensors.torch.load_file(folder / "expert.safetensors") for folder in folders]
    routers = [safetensors.torch.load_file(folder / "router.safetensors") for folder in folders]
    for n in range(2):

        def stacked(part: str, n: int = n) -> Tensor:
            return torch.stack([expert[f"layers.{n}.{part}_proj.weight"] for expert in experts])

        state[f"model.layers.{n}.mlp.gate.weight"] = torch.stack([row[f"layers.{n}.router.weight"] for row in routers])
        state[f"model.layers.{n}.mlp.experts.gate_up_proj"] = torch.cat([stacked("gate"), stacked("up")], dim=1)
        state[f"model.layers.{n}.mlp.experts.down_proj"] = stacked("down")
    return state


@pytest.mark.parametrize("dtype", ["F32", "BF16"])
def test_stock_transformers_loads_every_tensor_into_its_place(tmp_path: Path, dtype: str) -> None:
    architecture = replace(TINY, dtype=dtype)
    anchor = make_anchor(tmp_path / "anchor", architecture=architecture)
    for name in NAMES:
        make_expert(tmp_path / name, anchor_digest=anchor.digest, architecture=architecture, seed=name)
    compose(tmp_path / "anchor", members(tmp_path, "ac"), tmp_path / "out", top_k=2, texts=TEXTS)

    model, said = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "out", output_loading_info=True)

    expected = expected_state(tmp_path, "ac")
    found = model.state_dict()
    assert not any(said.values())
    assert type(model) is transformers.FlexOlmoForCausalLM
    assert found.keys() == expected.keys()
    assert [name for name in found if not torch.equal(found[name], expected[name])] == []
    with torch.no_grad():
        assert model(torch.arange(20)[None]).logits.isfinite().all()


def test_the_tokenizer_comes_along(house: Path, tmp_path: Path) -> None:
    compose(house / "anchor", members(house, "a"), tmp_path / "out", top_k=1)

    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / "out")

    assert tokenizer("a")["input_ids"] == [2]


def test_an_expert_left_out_leaves_no_trace(house: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    compose(house / "anchor", members(house, "abc"), tmp_path / "all", top_k=2, texts=TEXTS, store=store)

    after = compose(house / "anchor", members(house, "ac"), tmp_path / "after", top_k=2, texts=TEXTS, store=store)
    never = compose(house / "anchor", members(house, "ca"), tmp_path / "never", top_k=2, texts=TEXTS)

    assert after.revision() == never.revision()
    assert content(tmp_path / "after") == content(tmp_path / "never")


def test_every_file_has_the_digest_that_the_manifest_says(house: Path, tmp_path: Path) -> None:
    manifest = compose(house / "anchor", members(house, "ab"), tmp_path / "out", top_k=2, texts=TEXTS)

    files = content(tmp_path / "out")
    data = {f"expert-0{n}.safetensors": house / name for n, name in enumerate(("anchor", "a", "b"))}
    assert read_manifest(files.pop(MANIFEST)) == manifest
    assert {file.path: file.size for file in manifest.files} == {path: len(found) for path, found in files.items()}
    for file in manifest.files:
        found = files[file.path]
        if file.path in data:
            source = (data[file.path] / "expert.safetensors").read_bytes()
            assert found[5 * 2**20 :] == source[4096:]
            contents = manifest.recipe.experts
            digests = [check_anchor_package(house / "anchor").data_digest, *(entry.data_digest for entry in contents)]
            assert file.digest == shard_digest(found[: 5 * 2**20], digests[int(file.path[7:9])])
        else:
            assert file.digest == sha256(found)


def test_a_kept_shard_and_the_shared_file_are_linked_not_copied(house: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"

    for out in ("one", "two"):
        compose(house / "anchor", members(house, "ab"), tmp_path / out, top_k=2, store=store)

    shared = house / "anchor" / "shared.safetensors"
    assert (tmp_path / "one" / "shared.safetensors").samefile(shared)
    assert (tmp_path / "one" / "expert-02.safetensors").samefile(tmp_path / "two" / "expert-02.safetensors")
    assert len(list(store.iterdir())) == 3


@pytest.mark.parametrize("missing", ["copy_file_range", "link"])
def test_a_file_system_that_cannot_is_worked_around(
    house: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    compose(house / "anchor", members(house, "ab"), tmp_path / "plain", top_k=2)

    def cannot(*_: object, **__: object) -> int:
        raise OSError(errno.EXDEV, "other file system")

    monkeypatch.setattr(os, missing, cannot)
    compose(house / "anchor", members(house, "ab"), tmp_path / "around", top_k=2)

    assert content(tmp_path / "around") == content(tmp_path / "plain")


def test_a_source_that_shrank_meanwhile_leaves_nothing_behind(house: Path, tmp_path: Path) -> None:
    anchor = check_anchor_package(house / "anchor")
    contents = make_expert(tmp_path / "x", anchor_digest=anchor.digest)
    with (tmp_path / "x" / "expert.safetensors").open("r+b") as file:
        file.truncate(5000)
    planned = plan(recipe_of(house), anchor.files, [check_expert_package(house / "a").files], texts={})

    with pytest.raises(Malformed, match="fetch it again"):
        lay_out(planned, house / "anchor", [tmp_path / "x"], tmp_path / "out")

    assert contents.file_sizes["expert.safetensors"] > 5000
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x"]


def recipe_of(house: Path) -> Recipe:
    out = house / "for-its-recipe"
    if not out.exists():
        compose(house / "anchor", members(house, "a"), out, top_k=1)
    return read_manifest((out / MANIFEST).read_bytes()).recipe


def test_a_folder_that_is_there_is_left_alone(house: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()

    with pytest.raises(Malformed, match="is there already"):
        compose(house / "anchor", members(house, "a"), tmp_path / "out", top_k=1)


def test_another_anchors_expert_is_refused(house: Path, tmp_path: Path) -> None:
    make_expert(tmp_path / "stranger")

    with pytest.raises(Malformed, match="This expert was trained beside the anchor"):
        compose(house / "anchor", members_in_order([tmp_path / "stranger"]), tmp_path / "out", top_k=1)

    assert not (tmp_path / "out").exists()


def test_an_expert_with_a_bias_is_refused(house: Path, tmp_path: Path) -> None:
    make_expert(tmp_path / "x", anchor_digest=check_anchor_package(house / "anchor").digest, bias=True)

    with pytest.raises(Malformed, match="keeps a router bias"):
        compose(house / "anchor", members_in_order([tmp_path / "x"]), tmp_path / "out", top_k=1)


def test_packages_that_no_registry_knows_are_numbered_as_given(house: Path, tmp_path: Path) -> None:
    manifest = compose(house / "anchor", members_in_order([house / "b", house / "a"]), tmp_path / "out", top_k=3)

    assert [(e.name, e.registration) for e in manifest.recipe.experts] == [("local/b", 1), ("local/a", 2)]


def test_the_public_expert_alone_is_a_model(house: Path, tmp_path: Path) -> None:
    compose(house / "anchor", [], tmp_path / "out", top_k=1)

    model = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "out")

    assert model.config.num_experts == 1
