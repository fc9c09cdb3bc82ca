"""The experiment's bookkeeping: what begins when, figures out of kept results, a page that keeps a person's words."""

import json
from pathlib import Path

import pytest

from experiments.demo.running import ProgramFailed
from experiments.paper.figures import Figure, closed_mean, merge_gap, public_regress
from experiments.paper.measuring import QUESTIONS
from experiments.paper.recipe import DOMAINS, PUBLIC, SMALL, TABLE_1
from experiments.paper.report import BEGIN, END, collect, write_report
from experiments.paper.stages import Stage, run_all, stages
from experiments.paper.training import Workshop

ANCHOR = {PUBLIC: 2.0, **dict.fromkeys(TABLE_1, 3.0)}
PAIRS = {f"{way} {domain}": {PUBLIC: 2.0, domain: 2.0} for way in ("ours", "paper") for domain in TABLE_1}


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    return Workshop(SMALL, 0, tmp_path / "small-0", tmp_path / "corpora")


def bits(public: float, closed: float) -> dict[str, float]:
    return {PUBLIC: public, **dict.fromkeys(TABLE_1, closed)}


def measured(seed: int) -> dict[str, object]:
    methods = {"anchor": ANCHOR, "ours": bits(2.02, 2.04 + seed / 100), "paper": bits(2.4, 2.5), "BTM": bits(2.1, 2.2)}
    methods |= {f"dense {domain}": bits(2.5, 1.9) for domain in TABLE_1}
    chosen = {"classifier": {"right": 0.9}, "prompt": {"right": 0.3}}
    return {"domains": list(TABLE_1), "bits": methods, "pairs": PAIRS, "chosen": chosen}


def test_the_two_figures_to_drive_down() -> None:
    merged = bits(2.02, 2.06)

    assert public_regress(merged, ANCHOR) == pytest.approx(0.01)
    assert merge_gap(merged, PAIRS, "ours") == pytest.approx(0.03)
    assert closed_mean(merged) == pytest.approx(2.06)


def test_several_seeds_show_how_far_they_spread() -> None:
    assert Figure((1.0,)).text() == "1.000"
    assert Figure((1.0, 1.1, 1.3)).text() == "1.133 ± 0.150"


def test_each_stage_is_made_after_what_it_needs_and_nothing_is_made_twice(shop: Workshop) -> None:
    all_of_them = list(stages(shop))
    made = {stage.makes for stage in all_of_them}

    assert len(made) == len(all_of_them)
    assert {path for stage in all_of_them for path in stage.needs} <= made
    assert {f"measure {name}" for name in QUESTIONS} <= {stage.name for stage in all_of_them}
    assert {f"expert {domain} ours" for domain in DOMAINS} <= {stage.name for stage in all_of_them}


def test_what_is_there_is_not_made_again_and_a_failure_names_its_log(shop: Workshop, tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.touch()

    run_all(shop, [Stage("nonsense", there)], cores=2)

    with pytest.raises(ProgramFailed, match="there is no stage nonsense"):
        run_all(shop, [Stage("nonsense", tmp_path / "missing", (there,))], cores=2)


def test_the_page_is_made_of_kept_results_and_keeps_a_persons_words(shop: Workshop, tmp_path: Path) -> None:
    results, page = tmp_path / "results", tmp_path / "docs" / "experiments.md"
    page.parent.mkdir()
    page.write_text(f"# Mine\n\n{BEGIN}\nold\n{END}\n\nAnd this.\n")
    for seed in (0, 1):
        one = Workshop(SMALL, seed, tmp_path / f"small-{seed}", shop.corpora)
        (one.folder / "measured").mkdir(parents=True)
        (one.folder / "measured" / "table-1.json").write_text(json.dumps(measured(seed)))
        collect(one, results)

    write_report(results, page)
    first = page.read_text()
    write_report(results, page)

    assert page.read_text() == first
    assert first.startswith("# Mine\n")
    assert first.endswith("And this.\n")
    assert "old" not in first
    ours = next(line for line in first.splitlines() if "FlexOlmo, ours" in line)
    assert "2.045 ± 0.005" in ours
    assert "+1.0%" in ours
    assert "soup" not in first, "a row without its figures must not appear"
    assert "The classifier sends 90%" in first
