"""`make experiment`: everything that is missing is trained and measured, then docs/experiments.md is written anew.

Started again after a stop, it goes on where it was; `--report` only writes the page from the figures that are kept.
"""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from experiments.demo.running import ProgramFailed
from experiments.paper.measuring import measure
from experiments.paper.recipe import DOMAINS, RECIPES, TABLE_1
from experiments.paper.report import collect, write_report
from experiments.paper.stages import build_corpora, run_all, stages
from experiments.paper.training import (
    Workshop,
    over_train,
    train_an_expert,
    train_btx,
    train_dense,
    train_joint,
    train_private,
    train_the_anchor,
)
from flexcore.training.loop import keep_memory
from flexcore.untrusted import Malformed

ROOT = Path(__file__).resolve().parents[2]
RESULTS, PAGE = ROOT / "experiments" / "results", ROOT / "docs" / "experiments.md"


def main(arguments: Sequence[str] | None = None) -> int:
    asked = _parser().parse_args(arguments)
    try:
        return int(asked.command(asked) or 0)
    except (ProgramFailed, Malformed, OSError) as fault:
        print(f"experiment: {fault}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("experiment: stopped; the same command goes on where it was.", file=sys.stderr)
        return 130


def _everything(asked: argparse.Namespace) -> None:
    recipe = RECIPES["small" if asked.small else "full"]
    if not asked.report:
        corpora = build_corpora(asked.folder)
        for seed in asked.seeds:
            shop = Workshop(recipe, seed, asked.folder / f"{recipe.name}-{seed}", corpora)
            run_all(shop, list(stages(shop)), cores=asked.cores)
            collect(shop, RESULTS)
    write_report(RESULTS, PAGE)


def _stage(asked: argparse.Namespace) -> None:
    recipe = RECIPES[asked.recipe]
    shop = Workshop(recipe, asked.seed, asked.folder / f"{recipe.name}-{asked.seed}", asked.corpora)
    shop.folder.mkdir(parents=True, exist_ok=True)
    keep_memory()
    kind, *rest = asked.what
    found = _made(shop).get(kind)
    if found is None:
        raise Malformed(f"there is no stage {kind}; stages are {', '.join(_made(shop))}.")
    found(*rest)


def _made(shop: Workshop) -> Mapping[str, Callable[..., None]]:
    def file(name: str) -> Path:
        return shop.folder / f"{name}.safetensors"

    return {
        "anchor": partial(train_the_anchor, shop),
        "expert": partial(train_an_expert, shop),
        "dense": partial(train_dense, shop),
        "control": partial(over_train, shop),
        "private": partial(train_private, shop),
        "btx": partial(train_btx, shop, DOMAINS, file("btx")),
        "btx-table-1": partial(train_btx, shop, TABLE_1, file("btx-table-1")),
        "joint": partial(train_joint, shop, DOMAINS, file("joint")),
        "joint-table-1": partial(train_joint, shop, TABLE_1, file("joint-table-1")),
        "measure": partial(measure, shop),
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="experiment", description="The paper's tables at small scale.")
    parser.set_defaults(command=_everything)
    parser.add_argument("--small", action="store_true", help="a smaller anchor and shorter runs")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--cores", type=int, default=2, help="one program of one thread on each")
    parser.add_argument("--report", action="store_true", help="only write the page from the figures that are kept")
    parser.add_argument("--folder", type=Path, default=ROOT / "var" / "experiments", help="where the work is kept")
    stage = parser.add_subparsers().add_parser("stage", help="one step of it, as the whole starts them")
    stage.set_defaults(command=_stage)
    stage.add_argument("what", nargs="+")
    stage.add_argument("--recipe", choices=tuple(RECIPES), required=True)
    stage.add_argument("--seed", type=int, required=True)
    stage.add_argument("--folder", type=Path, required=True)
    stage.add_argument("--corpora", type=Path, required=True)
    return parser
