"""The experiment's bookkeeping: what begins when, figures out of kept results, a page that keeps a person's words."""

import json
from pathlib import Path
from typing import Any

import pytest

from experiments.demo.running import ProgramFailed
from experiments.paper.figures import Figure, closed_mean, merge_gap, public_regress
from experiments.paper.measuring import ABLATIONS, QUESTIONS, passages
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


def ablations(seed: int) -> dict[str, object]:
    pairs = {f"{way} {domain}": {PUBLIC: 2.0, domain: 2.0} for way in ABLATIONS for domain in TABLE_1}
    return {"bits": {way: bits(2.1, 2.2 + seed / 10) for way in ABLATIONS}, "pairs": pairs}


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


def test_each_size_of_a_merge_is_measured_on_its_own_members(shop: Workshop, tmp_path: Path) -> None:
    def all_seven(public: float, closed: float) -> dict[str, float]:
        return {PUBLIC: public, **dict.fromkeys(DOMAINS, closed)}

    pairs = {f"{way} {domain}": {PUBLIC: 2.0, domain: 2.0} for way in ("ours", "paper") for domain in DOMAINS}
    chosen = {"classifier": {"right": 0.9}, "prompt": {"right": 0.3}}
    two: dict[str, Any] = {
        "domains": list(DOMAINS),
        "pairs": pairs,
        "chosen": chosen,
        "bits": {"anchor": all_seven(2.0, 3.0)},
    }
    two["bits"] |= {f"dense {domain}": {PUBLIC: 2.5, domain: 1.9} for domain in DOMAINS}
    sizes = {f"{way} {n}": all_seven(2.0 + n / 100, 2.5) for way in ("ours", "paper") for n in range(2, 8)}
    sizes["ours 2"] |= dict.fromkeys(DOMAINS[:2], 2.1)
    (shop.folder / "measured").mkdir(parents=True)
    (shop.folder / "measured" / "table-2.json").write_text(json.dumps(two))
    (shop.folder / "measured" / "scaling.json").write_text(json.dumps({"bits": sizes}))
    page = tmp_path / "docs" / "experiments.md"
    page.parent.mkdir()
    page.write_text(f"{BEGIN}\n{END}\n")
    collect(shop, tmp_path / "results")

    write_report(tmp_path / "results", page)

    assert "| 2 | +1.0% | +5.0% | +1.0% | +25.0% |" in page.read_text()
    assert "| 7 | +3.5% | +25.0% | +3.5% | +25.0% |" in page.read_text()


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
        told = {
            "table-1": measured(seed),
            "table-1-ablations": ablations(seed),
            "table-1-calibrated": {"bits": {"ours, margin 0": bits(2.04, 2.1)}},
            "feed-forwards": {"alone": {f"dense {domain}": {domain: 1.97, PUBLIC: 2.3} for domain in TABLE_1}},
            "several-at-once": {"bits": {"anchor": 2.9, "ours": 2.2 + seed / 10, "classifier": 2.5}},
            "privacy": {
                "domain": "legal",
                "anchor": bits(2.0, 3.0),
                "bits": {"none": bits(2.01, 2.8), "8": bits(2.0, 2.95)},
                "extraction": {eps: {"documents": 10, "extracted": seed, "nearest": 0.3} for eps in ("none", "8")},
            },
        }
        for name, found in told.items():
            (one.folder / "measured" / f"{name}.json").write_text(json.dumps(found))
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
    replay = next(line for line in first.splitlines() if "paper's recipe and replay" in line)
    assert "2.250 ± 0.050" in replay
    assert "+12.5% ± 2.5%" in replay, "each way has pairs of its own to be measured by"
    assert "| ours, margin 0 | +2.00%" in first
    assert "| classifier routing | 2.500 ± 0.000 |" in first
    assert "| no privacy, the same steps | 2.800 ± 0.000 | 2.010 ± 0.000 | 5.0% | 0.30 |" in first
    assert "| 1.970 ± 0.000 |" in first


def test_a_passage_of_every_domain_is_in_each_mixed_text(shop: Workshop) -> None:
    for domain in (PUBLIC, *TABLE_1):
        (shop.corpora / domain).mkdir(parents=True)
        lines = (json.dumps({"text": f"{domain} {number} " * 40}) for number in range(60))
        (shop.corpora / domain / "test.jsonl").write_text("\n".join(lines) + "\n")

    mixed = passages(shop)

    assert len(mixed) > 10
    assert all(domain in text for text in mixed for domain in (PUBLIC, *TABLE_1))
    assert len({text.split()[0] for text in mixed}) > 1, "none always comes first"
    assert mixed == passages(shop)
