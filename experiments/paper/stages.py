"""The work as a list of programs: what each makes, and what has to be there before it. Two run side by side."""

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from experiments.demo.running import ProgramFailed, Running, start
from experiments.paper.measuring import ABLATIONS, QUESTIONS
from experiments.paper.recipe import DOMAINS, EPSILONS, TABLE_1
from experiments.paper.training import FEED_FORWARDS, Workshop

PAUSE = 0.2


@dataclass(frozen=True, slots=True)
class Stage:
    """`python -m experiments.paper stage NAME` makes `makes`; it can begin once all of `needs` are there."""

    name: str
    makes: Path
    needs: tuple[Path, ...] = ()


def stages(shop: Workshop) -> Iterator[Stage]:
    """What Table 1 asks for comes first; a question is asked as soon as what it needs is there."""
    anchor = (shop.anchor,)
    yield Stage("anchor", shop.anchor)
    for way in ("ours", "paper"):
        for domain in TABLE_1:
            yield Stage(f"expert {domain} {way}", shop.expert(domain, way), anchor)
    for domain in TABLE_1:
        yield Stage(f"dense {domain}", shop.dense(domain), anchor)
    yield from (_question(shop, name) for name in QUESTIONS)
    yield Stage("control", shop.dense("control"), anchor)
    yield Stage("joint-table-1", shop.folder / "joint-table-1.safetensors", anchor)
    some_dense = [shop.dense(domain) for domain in TABLE_1]
    yield Stage("btx-table-1", shop.folder / "btx-table-1.safetensors", (*anchor, *some_dense))
    for domain in TABLE_1:
        yield Stage(f"dense {domain} {FEED_FORWARDS}", shop.dense(domain, FEED_FORWARDS), anchor)
    for way in ABLATIONS:
        for domain in TABLE_1:
            yield Stage(f"expert {domain} {way}", shop.expert(domain, way), anchor)
    for epsilon in EPSILONS:
        yield Stage(f"private {epsilon}", shop.private(epsilon), anchor)
    others = [domain for domain in DOMAINS if domain not in TABLE_1]
    for way in ("ours", "paper"):
        for domain in others:
            yield Stage(f"expert {domain} {way}", shop.expert(domain, way), anchor)
    for domain in others:
        yield Stage(f"dense {domain}", shop.dense(domain), anchor)
    yield Stage("joint", shop.folder / "joint.safetensors", anchor)
    all_dense = [shop.dense(domain) for domain in DOMAINS]
    yield Stage("btx", shop.folder / "btx.safetensors", (*anchor, *all_dense))


def _question(shop: Workshop, name: str) -> Stage:
    needs = (shop.anchor, *QUESTIONS[name].needs(shop))
    return Stage(f"measure {name}", shop.folder / "measured" / f"{name}.json", needs)


def run_all(shop: Workshop, wanted: Sequence[Stage], *, cores: int) -> None:
    """Those whose result is missing, each as soon as it can begin and a core is free. A failure ends all."""
    waiting = [stage for stage in wanted if not stage.makes.exists()]
    running: list[tuple[Stage, Running]] = []
    total, shown = len(waiting), 0.0
    logs = shop.folder / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    try:
        while waiting or running:
            for stage, program in running:
                if program.process.poll() is not None:
                    program.demand_success()
                    if not stage.makes.exists():
                        raise ProgramFailed(f"{stage.name} ended without {stage.makes}; see {program.log}")
            running = [pair for pair in running if pair[1].process.poll() is None]
            ready = [stage for stage in waiting if all(path.exists() for path in stage.needs)]
            if ready and len(running) < cores:
                waiting.remove(ready[0])
                running.append((ready[0], _start(shop, ready[0], logs)))
                continue
            if time.monotonic() - shown > 15:
                shown = time.monotonic()
                print(f"{total - len(waiting) - len(running)} of {total}: ", end="")
                print(" | ".join(program.last_line()[:70] or stage.name for stage, program in running), flush=True)
            time.sleep(PAUSE)
    finally:
        for _, program in running:
            if program.process.poll() is None:
                program.process.terminate()
            program.process.wait()


def _start(shop: Workshop, stage: Stage, logs: Path) -> Running:
    command = [sys.executable, "-m", "experiments.paper", "stage", *stage.name.split()]
    command += ["--recipe", shop.recipe.name, "--seed", str(shop.seed)]
    command += ["--folder", str(shop.folder.parent), "--corpora", str(shop.corpora)]
    return start(stage.name, command, log=logs / f"{stage.name.replace(' ', '-')}.log", threads=1)


def build_corpora(folder: Path) -> Path:
    """The texts and the labelled sets, unless they are there."""
    corpora = folder / "corpora"
    if not (corpora / "manifest.json").exists():
        command = [sys.executable, "-m", "experiments.miniflexmix", "--out", str(corpora), "--benchmarks"]
        subprocess.run([*command, "--cache", str(folder / "packages")], check=True)  # noqa: S603  our own program
    return corpora
