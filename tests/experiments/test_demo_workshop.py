"""At home, at a size of seconds: texts, an anchor, two experts at once, their figures; and nothing made twice."""

from dataclasses import replace
from pathlib import Path

import pytest

from experiments.demo.recipe import ExpertRecipe, Recipe
from experiments.demo.workshop import Workshop
from flexcore.package import check_anchor_package, check_expert_package

CODE = ExpertRecipe("code", 30, "This Python's modules", "PSF-2.0", "0.2 MB", "Top-level modules.")
SUMS = ExpertRecipe("math", 30, "Sums", "CC0-1.0", "0.1 MB", "Generated.")
TINY = Recipe(
    (CODE, SUMS),
    anchor_steps=40,
    texts=("--local-fixture",),
    size=("--vocabulary", "512", "--width", "48", "--inner-width", "96", "--layers", "2", "--heads", "2"),
)


def times(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in folder.glob("*/*.safetensors")}


@pytest.mark.timeout(600)
def test_everything_is_made_once_and_experts_gain_on_their_own_domain(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, TINY)

    corpora = workshop.make_corpora()
    texts = workshop.make_samples(corpora)
    anchor = workshop.make_anchor(corpora)
    experts = workshop.make_experts(corpora, anchor)
    first = workshop.measure(texts, anchor, experts)
    made = times(tmp_path)
    again = Workshop(tmp_path, TINY)
    same = (again.make_corpora(), again.make_anchor(corpora), again.make_experts(corpora, anchor))

    public = check_anchor_package(anchor)
    for package in experts.values():
        check_expert_package(package, anchor_digest=public.digest, architecture=public.architecture)
    assert set(first) == {"public", "code", "math"}
    assert first["code"].figures["code"] < first["public"].figures["code"]
    assert first["math"].figures["math"] < first["public"].figures["math"]
    assert same == (corpora, anchor, experts)
    assert times(tmp_path) == made


def test_another_recipe_is_kept_under_another_name(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, TINY)
    corpora = workshop.make_corpora()
    other_anchor = Workshop(tmp_path, replace(TINY, anchor_steps=50))
    other_expert = Workshop(tmp_path, replace(TINY, experts=(replace(CODE, steps=31), SUMS)))

    names = [each.package_names(corpora) for each in (workshop, other_anchor, other_expert)]

    assert names[0] == Workshop(tmp_path, TINY).package_names(corpora)
    assert not set(names[0].values()) & set(names[1].values())
    assert names[2]["code"] != names[0]["code"]
    assert names[2]["math"] == names[0]["math"]
