"""The command line: from text to a composed model that stock `transformers` loads, and one sentence for bad input."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from flexcore.cli import main
from flexcore.loading import load
from flexcore.training import CODE_VERSION
from tests.flexcore.texts import write_corpora

TINY = {"vocabulary": 280, "width": 32, "inner-width": 48, "layers": 2, "heads": 4, "positions": 32}
EXACT = ("--precision", "fp32", "--learning-rate", 1e-2)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus, an anchor and two experts of it, all made by the command line."""
    home = tmp_path_factory.mktemp("home")
    corpora = write_corpora(home / "corpora")
    size = [text for option, number in TINY.items() for text in (f"--{option}", number)]
    assert run("anchor", "--corpus", corpora, "--out", home / "anchor", "--steps", 80, *size, *EXACT) == 0
    assert run(*train(home, "sums"), "--steps", 120) == 0
    assert run(*train(home, "prose", domain="public"), "--steps", 5) == 0
    return home


def run(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


def train(home: Path, name: str, *, domain: str = "sums") -> list[object]:
    corpora = home / "corpora"
    return [
        *("train", "--anchor", home / "anchor", "--corpus", corpora / domain / "train.jsonl"),
        *("--public", corpora / "public" / "train.jsonl", "--out", home / name),
        *("--data-card", corpora / "data-card.json", *EXACT),
    ]


def bits(capsys: pytest.CaptureFixture[str], home: Path, *arguments: object) -> dict[str, float]:
    capsys.readouterr()
    assert run("evaluate", "--corpus", home / "corpora", "--json", *arguments) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return {line["domain"]: line["bits_per_byte"] for line in lines}


def test_a_composed_model_knows_the_new_domain(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    packages = (home / "sums", home / "prose")
    assert run("compose", "--anchor", home / "anchor", "--out", tmp_path / "model", *packages) == 0

    before, after = bits(capsys, home, "--model", home / "anchor"), bits(capsys, home, "--model", tmp_path / "model")

    assert after["sums"] < 0.8 * before["sums"]
    assert after["public"] < 1.05 * before["public"]


def test_opting_out_gives_the_figure_of_never_having_been_in(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    packages = (home / "sums", home / "prose")
    assert run("compose", "--anchor", home / "anchor", "--out", tmp_path / "both", *packages) == 0
    assert run("compose", "--anchor", home / "anchor", "--out", tmp_path / "one", home / "prose") == 0

    opted_out = bits(capsys, home, "--model", tmp_path / "both", "--active", 0, 2)
    without = bits(capsys, home, "--model", tmp_path / "one")
    beside = bits(capsys, home, "--model", home / "anchor", "--package", home / "prose")

    assert opted_out == without == beside


def test_stock_transformers_loads_what_was_composed(home: Path, tmp_path: Path) -> None:
    assert run("compose", "--anchor", home / "anchor", "--out", tmp_path / "model", home / "sums") == 0

    stock = AutoModelForCausalLM.from_pretrained(tmp_path / "model")
    token_BS = AutoTokenizer.from_pretrained(tmp_path / "model")("1 + 1 = 2", return_tensors="pt").input_ids

    ours = load(tmp_path / "model")(token_BS)
    torch.testing.assert_close(ours, stock(token_BS).logits, rtol=0, atol=1e-5)


def test_the_package_says_how_it_was_made_and_how_good_it_is(home: Path) -> None:
    card = json.loads((home / "sums" / "expert.json").read_text())

    anchor = json.loads((home / "anchor" / "anchor.json").read_text())
    assert card["training"]["tokens"] == 120 * 4 * 32
    assert card["training"]["public_replay"] == 0.25
    assert card["training"]["router_rows"] == "discriminant"
    assert card["training"]["code"] == f"guildhall-flexcore {CODE_VERSION}"
    assert card["domain_embedding"]["digest"] == anchor["embedder"]["digest"]
    assert len(card["domain_embedding"]["vector"]) == len(anchor["public_vector"]) == 384
    assert card["privacy"]["mechanism"] == "none"
    own = card["evaluation"]["own"]
    assert own["bits_per_byte_after"] < own["bits_per_byte_before"]


def test_the_code_version_is_the_projects() -> None:
    import tomllib

    project = tomllib.loads(Path("pyproject.toml").read_text())["project"]

    assert project["version"] == CODE_VERSION


@pytest.mark.parametrize("what", ["anchor", "sums"])
def test_inspect_tells_of_a_package(home: Path, capsys: pytest.CaptureFixture[str], what: str) -> None:
    capsys.readouterr()

    status = run("inspect", home / what)

    said = json.loads(capsys.readouterr().out)
    assert status == 0
    assert said["kind"] == ("anchor" if what == "anchor" else "expert")
    assert said["digest"].startswith("sha256:")
    assert "expert.safetensors" in said["files"]


def test_the_journal_stays_beside_the_package_and_is_drawn(home: Path, tmp_path: Path) -> None:
    journal = home / "sums.metrics.jsonl"

    assert run("plot", journal, "--out", tmp_path / "run.svg") == 0

    assert len(journal.read_text().splitlines()) == 120
    assert "<polyline" in (tmp_path / "run.svg").read_text()
    assert not (home / "sums" / journal.name).exists()


def test_split_and_join_are_each_others_way_back(home: Path, tmp_path: Path) -> None:
    card = home / "corpora" / "data-card.json"
    assert run("join", "--anchor", home / "anchor", "--out", tmp_path / "flex", home / "sums", home / "prose") == 0
    assert run("split", tmp_path / "flex", "--out", tmp_path / "anchor") == 0
    theirs = ("--slot", 1, "--anchor", tmp_path / "anchor", "--data-card", card)
    assert run("split", tmp_path / "flex", *theirs, "--out", tmp_path / "sums") == 0

    for package, file in (("anchor", "shared"), ("anchor", "expert"), ("anchor", "router"), ("sums", "expert")):
        name = f"{package}/{file}.safetensors"
        assert (tmp_path / name).read_bytes() == (home / name).read_bytes()


def test_a_private_training_says_what_it_cost_and_nothing_of_its_text(home: Path) -> None:
    assert run(*train(home, "private"), "--steps", 4, "--epsilon", 8, "--delta", 1e-3, "--bias") == 0

    card = json.loads((home / "private" / "expert.json").read_text())
    assert card["privacy"]["mechanism"] == "DP-SGD"
    assert card["privacy"]["epsilon"] <= 8
    assert card["training"]["bits_per_byte_in_training"] is None


KILLABLE = """
import sys
from pathlib import Path
import numpy as np
from flexcore.training.expert import ExpertOrder, make_expert
from flexcore.training.loop import Plan
home, out = Path(sys.argv[1]), Path(sys.argv[2])
plan = Plan(steps=60, positions=32, learning_rate=1e-2, warmup=6)
corpus, public = (home / "corpora" / domain / "train.jsonl" for domain in ("sums", "public"))
card = {"name": "x", "license": "x", "inLanguage": ["en"], "contentSize": "x", "rai:dataCollection": "x",
        "rai:personalSensitiveInformation": []}
order = ExpertOrder(
    anchor=home / "anchor", corpus=corpus, public=public, out=out, name="x", data_card=card, plan=plan
)
make_expert(order, lambda anchor, pair: {}, domain_vector=np.ones(384, dtype=np.float32), pause=0.0)
"""


def test_a_training_killed_in_the_middle_goes_on_to_the_same_package(home: Path, tmp_path: Path) -> None:
    def command(out: Path) -> list[str]:
        return [sys.executable, "-c", KILLABLE, str(home), str(out)]

    process = subprocess.Popen(command(tmp_path / "killed"), stderr=subprocess.DEVNULL)
    while process.poll() is None and not (tmp_path / ".killed.checkpoint").exists():
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    status = process.wait()
    left = sorted(path.name for path in tmp_path.iterdir() if path.suffix not in {".partial", ".jsonl"})
    again = subprocess.run(command(tmp_path / "killed"), capture_output=True, check=True, text=True)
    subprocess.run(command(tmp_path / "whole"), capture_output=True, check=True)

    assert status == -signal.SIGKILL
    assert left == [".killed.checkpoint"]
    assert "0.00/7.68k" not in again.stderr.splitlines()[0]
    for name in ("expert.safetensors", "router.safetensors", "expert.json"):
        assert (tmp_path / "killed" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def refusal(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """What a wrong call is told: one sentence, and status 2."""
    capsys.readouterr()
    assert run(*arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    return said.err


def test_a_folder_that_is_there_already_is_not_written_over(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "is there already" in refusal(capsys, *train(home, "sums"))


def test_an_anchor_that_is_none_is_refused(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = train(home, "other")
    arguments[2] = tmp_path

    assert "flexcore: " in refusal(capsys, *arguments)


def test_a_broken_corpus_is_refused_before_any_training(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "train.jsonl").write_text('{"txt": "oops"}\n')
    (tmp_path / "validation.jsonl").write_text('{"text": "fine"}\n')
    arguments = train(home, "other")
    arguments[4] = tmp_path / "train.jsonl"

    assert 'line 1 has no "text"' in refusal(capsys, *arguments)


def test_a_data_card_without_a_licence_is_refused_before_any_training(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "card.json").write_text('{"name": "mine"}')
    arguments = [tmp_path / "card.json" if a == home / "corpora" / "data-card.json" else a for a in train(home, "no")]

    assert "data-card.json" in refusal(capsys, *arguments)


def test_a_package_with_a_foreign_file_is_refused(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package = tmp_path / "package"
    package.mkdir()
    for file in (home / "sums").iterdir():
        (package / file.name).write_bytes(file.read_bytes())
    (package / "setup.py").write_text("print('hello')")

    assert "setup.py" in refusal(capsys, "inspect", package)


def test_experts_that_are_not_there_cannot_be_opened(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("evaluate", "--model", home / "anchor", "--corpus", home / "corpora", "--active", 3)

    assert "not a choice out of 1" in refusal(capsys, *arguments)


def test_more_experts_a_token_than_there_are_is_refused(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ("compose", "--anchor", home / "anchor", "--out", tmp_path / "m", "--top-k", 3, home / "sums")

    assert "choose it from 1 to 2" in refusal(capsys, *arguments)
