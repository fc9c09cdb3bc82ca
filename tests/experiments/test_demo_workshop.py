"""At home: what is made is kept under a name of what it depends on: nothing is made twice, or passed off as another."""

from dataclasses import replace
from pathlib import Path

import pytest

from experiments.demo.workshop import Workshop
from tests.experiments.recipes import CODE, SUMS, TINY


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    made = Workshop(tmp_path_factory.mktemp("made"), TINY)
    made.make_corpora()
    return made


def names(workshop: Workshop) -> dict[str, str]:
    return workshop.package_names(workshop.folder / "corpora")


def test_the_same_recipe_is_found_again(workshop: Workshop) -> None:
    assert names(workshop) == names(Workshop(workshop.folder, TINY))


def test_corpora_that_are_whole_are_not_built_again(workshop: Workshop) -> None:
    before = (workshop.folder / "corpora" / "manifest.json").stat().st_mtime_ns

    corpora = workshop.make_corpora()

    assert (corpora / "manifest.json").stat().st_mtime_ns == before


def test_another_anchor_takes_other_experts(workshop: Workshop) -> None:
    other = Workshop(workshop.folder, replace(TINY, anchor_steps=50))

    assert not set(names(workshop).values()) & set(names(other).values())


def test_another_recipe_of_one_expert_leaves_the_other_alone(workshop: Workshop) -> None:
    other = Workshop(workshop.folder, replace(TINY, experts=(SUMS, replace(CODE, steps=31))))

    assert names(other)["code"] != names(workshop)["code"]
    assert names(other)["math"] == names(workshop)["math"]


def test_other_texts_make_other_experts(workshop: Workshop, tmp_path: Path) -> None:
    elsewhere = tmp_path / "corpora"
    elsewhere.mkdir()
    (elsewhere / "manifest.json").write_text("other texts")

    assert not set(names(workshop).values()) & set(workshop.package_names(elsewhere).values())
