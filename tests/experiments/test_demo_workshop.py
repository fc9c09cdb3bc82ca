"""At home, at a size of seconds: texts, an anchor, two experts at once, their figures; and nothing made twice."""

from dataclasses import replace
from pathlib import Path

import pytest

from experiments.demo.workshop import Workshop
from flexcore.package import check_anchor_package, check_expert_package
from tests.experiments.recipes import CODE, SUMS, TINY


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
    other_expert = Workshop(tmp_path, replace(TINY, experts=(SUMS, replace(CODE, steps=31))))

    names = [each.package_names(corpora) for each in (workshop, other_anchor, other_expert)]

    assert names[0] == Workshop(tmp_path, TINY).package_names(corpora)
    assert not set(names[0].values()) & set(names[1].values())
    assert names[2]["code"] != names[0]["code"]
    assert names[2]["math"] == names[0]["math"]
