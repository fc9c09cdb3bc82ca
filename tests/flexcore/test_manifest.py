"""A composition's plan: the same recipe gives the same files and the same revision, whatever order it came in."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from flexcore.manifest import MANIFEST, ExpertEntry, Recipe, plan, read_manifest, recipe_digest
from flexcore.package import AnchorContents, Contents
from flexcore.untrusted import Malformed
from flexcore.weights import sha256
from tests.flexcore.packages import make_anchor, make_expert

TEXTS = {"README.md": b"# A model\n", "NOTICE": b"With thanks.\n", "LICENSES/CC0-1.0.txt": b"...\n"}


@pytest.fixture(scope="module")
def anchor(tmp_path_factory: pytest.TempPathFactory) -> AnchorContents:
    return make_anchor(tmp_path_factory.mktemp("house") / "anchor")


@pytest.fixture(scope="module")
def experts(tmp_path_factory: pytest.TempPathFactory, anchor: AnchorContents) -> list[Contents]:
    folder = tmp_path_factory.mktemp("experts")
    return [make_expert(folder / seed, anchor_digest=anchor.digest, seed=seed) for seed in ("a", "b")]


def entry(contents: Contents, registration: int) -> ExpertEntry:
    name = f"org/expert-{registration}"
    return ExpertEntry(name, 1, contents.data_digest, contents.router_digest, registration)


@pytest.fixture(scope="module")
def recipe(anchor: AnchorContents, experts: list[Contents]) -> Recipe:
    return Recipe(anchor.digest, tuple(entry(contents, n) for n, contents in enumerate(experts, 3)), top_k=2)


def test_a_plan_names_every_file_once(anchor: AnchorContents, experts: list[Contents], recipe: Recipe) -> None:
    planned = plan(recipe, anchor.files, [e.files for e in experts], texts=TEXTS)

    assert [file.path for file in planned.manifest.files] == [
        "LICENSES/CC0-1.0.txt",
        "NOTICE",
        "README.md",
        "config.json",
        "expert-00.safetensors",
        "expert-01.safetensors",
        "expert-02.safetensors",
        "generation_config.json",
        "model.safetensors.index.json",
        "router.safetensors",
        "shared.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    ]
    assert planned.small.keys() == {
        file.path for file in planned.manifest.files if not file.path.startswith(("expert-", "shared"))
    } | {MANIFEST}
    assert planned.small[MANIFEST] == planned.manifest.canonical()


def test_slots_follow_registration_and_not_the_order_given(
    anchor: AnchorContents, experts: list[Contents], recipe: Recipe
) -> None:
    turned = Recipe(recipe.anchor_digest, tuple(reversed(recipe.experts)), top_k=2)

    planned = plan(turned, anchor.files, [e.files for e in experts], texts={})

    assert turned == recipe
    assert [shard.data_digest for shard in planned.shards] == [anchor.data_digest, *(e.data_digest for e in experts)]


def test_the_revision_is_of_everything_in_it(anchor: AnchorContents, experts: list[Contents], recipe: Recipe) -> None:
    files = [e.files for e in experts]
    first = plan(recipe, anchor.files, files, texts=TEXTS).manifest

    again = plan(recipe, anchor.files, files, texts=dict(reversed(TEXTS.items()))).manifest
    others = [
        plan(replace(recipe, top_k=1), anchor.files, files, texts=TEXTS).manifest,
        plan(recipe, anchor.files, files, texts=TEXTS | {"NOTICE": b"other"}).manifest,
        plan(replace(recipe, experts=recipe.experts[:1]), anchor.files, files[:1], texts=TEXTS).manifest,
    ]

    assert again.revision() == first.revision() == sha256(first.canonical())[7:47]
    assert len({manifest.revision() for manifest in [first, *others]}) == 4


def test_a_recipe_without_tuning_has_the_digests_that_it_always_had(
    anchor: AnchorContents, experts: list[Contents], recipe: Recipe
) -> None:
    """Written down, so that another machine, or a later version of this code, that finds others is found out."""
    manifest = plan(recipe, anchor.files, [e.files for e in experts], texts=TEXTS).manifest

    assert recipe_digest(recipe) == "sha256:93261ac4ebec0e0b494d5b40f04ac621b2d073031092666ce4fb3e89a88cdb04"
    assert manifest.revision() == "2c1f4950e908f9101d1ae384120142dbe28219c3"


def test_where_an_expert_lies_in_its_file_changes_no_revision(
    anchor: AnchorContents, experts: list[Contents], recipe: Recipe
) -> None:
    files = [e.files for e in experts]
    moved = [replace(files[0], data_offset=8192), files[1]]

    assert plan(recipe, anchor.files, files, texts={}).manifest == plan(recipe, anchor.files, moved, texts={}).manifest


def test_a_manifest_survives_the_way_out_and_back(
    anchor: AnchorContents, experts: list[Contents], recipe: Recipe
) -> None:
    manifest = plan(recipe, anchor.files, [e.files for e in experts], texts=TEXTS).manifest

    assert read_manifest(manifest.canonical()) == manifest


def test_a_manifest_in_another_form_is_refused(anchor: AnchorContents, experts: list[Contents], recipe: Recipe) -> None:
    canonical = plan(recipe, anchor.files, [e.files for e in experts], texts={}).manifest.canonical()
    value = json.loads(canonical)
    other = json.dumps(value | {"made_at": "today"}, sort_keys=True, separators=(",", ":")).encode()

    for data in (canonical + b"\n", json.dumps(value, indent=1).encode(), other):
        with pytest.raises(Malformed, match="not in its canonical form"):
            read_manifest(data)


@pytest.mark.parametrize(
    "path", ["../x", "config.json", "README.md/x", "expert-00.safetensors", "LICENSES/../x.txt", ""]
)
def test_a_text_takes_no_other_files_place(
    anchor: AnchorContents, experts: list[Contents], recipe: Recipe, path: str
) -> None:
    with pytest.raises(Malformed, match="is no text of a composition"):
        plan(recipe, anchor.files, [e.files for e in experts], texts={path: b""})


def test_files_that_are_not_the_recipes_are_refused(
    anchor: AnchorContents, experts: list[Contents], recipe: Recipe
) -> None:
    a, b = (contents.files for contents in experts)

    for wrong in ([b, a], [a, replace(b, router=a.router)]):
        with pytest.raises(Malformed, match="are not those of the recipe"):
            plan(recipe, anchor.files, wrong, texts={})
    with pytest.raises(Malformed, match="names 2 experts, but 1 were given"):
        plan(recipe, anchor.files, [a], texts={})
    with pytest.raises(Malformed, match="The recipe asks for the anchor"):
        plan(recipe, replace(anchor.files, digest="sha256:" + "2" * 64), [a, b], texts={})


def test_two_versions_of_one_expert_are_refused(recipe: Recipe) -> None:
    both = (recipe.experts[0], replace(recipe.experts[0], version=2))

    with pytest.raises(Malformed, match="share the registration number 3"):
        Recipe(recipe.anchor_digest, both, top_k=1)


@pytest.mark.parametrize("top_k", [0, 4])
def test_a_token_asks_no_more_experts_than_there_are(recipe: Recipe, top_k: int) -> None:
    with pytest.raises(Malformed, match="choose it from 1 to 3"):
        replace(recipe, top_k=top_k)


def test_an_entry_is_named_in_full(recipe: Recipe) -> None:
    for change in ({"name": "drama"}, {"name": "org/../x"}, {"version": 0}, {"registration": 0}, {"data_digest": "x"}):
        with pytest.raises(Malformed):
            replace(recipe.experts[0], **change)


def test_a_recipe_has_a_digest_of_its_own(recipe: Recipe) -> None:
    assert recipe_digest(recipe) == recipe_digest(replace(recipe))
    assert recipe_digest(recipe) != recipe_digest(replace(recipe, top_k=1))


def test_the_registry_reads_all_this_without_torch() -> None:
    code = (
        "import sys, flexcore.manifest, flexcore.package, flexcore.shards, flexcore.packing, flexcore.merging.flexolmo;"
        "sys.exit(sorted({'torch', 'transformers', 'safetensors'} & set(sys.modules)) or None)"
    )

    done = subprocess.run([sys.executable, "-c", code], check=False, cwd=Path(__file__).parents[2])

    assert done.returncode == 0
