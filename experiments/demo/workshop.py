"""What happens at home, before anybody uploads anything: corpora, the anchor, the experts, and their own figures.

Everything is kept under a name made of what it depends on (recipe, texts, training code), so that a second run finds
it and a changed one makes it anew. What is half made is gone on with: flexcore's training resumes.
"""

import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import flexcore
from experiments.demo.measuring import Measured, measure_folder
from experiments.demo.recipe import PUBLIC, ExpertRecipe, Recipe
from experiments.demo.running import run_together
from experiments.demo.samples import BYTES_A_DOMAIN, write_samples
from experiments.miniflexmix.writing import MANIFEST, is_whole
from flexcore.merging.flexolmo import compose, members_in_order

TRAINING_CODE = ("training", "model", "ops")
CORES = 2


@dataclass(frozen=True, slots=True)
class Workshop:
    """A folder in which everything is made and kept, by one recipe."""

    folder: Path
    recipe: Recipe

    def make_corpora(self) -> Path:
        corpora = self.folder / "corpora"
        if not is_whole(corpora, self.recipe.all_domains):
            command = [sys.executable, "-m", "experiments.miniflexmix", "--out", str(corpora)]
            command += ["--cache", str(self.folder / "packages"), *self.recipe.texts]
            self._run({"corpora": command}, threads=1)
        return corpora

    def make_samples(self, corpora: Path) -> Path:
        return write_samples(corpora, self.recipe.domains, self.folder / "samples.json")

    def make_anchor(self, corpora: Path) -> Path:
        anchor = self.folder / f"anchor-{self._key(corpora)}"
        if not (anchor / "anchor.json").exists():
            command = [*_flexcore("anchor"), "--corpus", str(corpora), "--out", str(anchor)]
            command += ["--steps", str(self.recipe.anchor_steps), "--seed", str(self.recipe.seed), *self.recipe.size]
            self._run({"anchor": command}, threads=CORES)
        return anchor

    def make_experts(self, corpora: Path, anchor: Path) -> dict[str, Path]:
        """Each expert's package by its domain; those that are missing are trained at the same time, a thread each."""
        packages = {domain: self.folder / name for domain, name in self.package_names(corpora).items()}
        missing = {
            f"expert {expert.domain}": self._training(expert, corpora, anchor, out=packages[expert.domain])
            for expert in (*self.recipe.experts, *self.recipe.neighbours)
            if not (packages[expert.domain] / "expert.json").exists()
        }
        self._run(missing, threads=1)
        return packages

    def measure(self, texts: Path, anchor: Path, experts: Mapping[str, Path]) -> dict[str, Measured]:
        """The anchor's own figures, and those of each expert beside it, by domain; PUBLIC stands for the anchor."""
        wanted: dict[str, list[Path]] = {PUBLIC: [], **{domain: [package] for domain, package in experts.items()}}
        folders = {name: self._compose(anchor, packages) for name, packages in wanted.items()}
        cache = self.folder / "no-hub"
        with ThreadPoolExecutor(CORES) as cores:
            asked = {name: cores.submit(measure_folder, folder, texts, cache=cache) for name, folder in folders.items()}
            return {name: answer.result() for name, answer in asked.items()}

    def _training(self, expert: ExpertRecipe, corpora: Path, anchor: Path, *, out: Path) -> list[str]:
        card = self.folder / f"data-card-{expert.domain}.json"
        card.write_text(json.dumps(expert.data_card(), indent=1))
        command = [*_flexcore("train"), "--anchor", str(anchor), "--name", expert.domain, "--out", str(out)]
        command += ["--corpus", str(corpora / expert.domain / "train.jsonl")]
        command += ["--public", str(corpora / PUBLIC / "train.jsonl"), "--replay", str(self.recipe.replay)]
        command += ["--data-card", str(card), "--measure-bytes", str(BYTES_A_DOMAIN // 2)]
        return [*command, "--steps", str(expert.steps), "--seed", str(self.recipe.seed)]

    def _compose(self, anchor: Path, packages: Sequence[Path]) -> Path:
        out = self.folder / "composed" / "-with-".join(path.name for path in (anchor, *packages))
        if not out.exists():
            compose(anchor, members_in_order(packages), out, top_k=1 + len(packages))
        return out

    def package_names(self, corpora: Path) -> dict[str, str]:
        """Under what the experts' packages are kept, by domain."""
        every = (*self.recipe.experts, *self.recipe.neighbours)
        return {each.domain: f"expert-{each.domain}-{self._key(corpora, each)}" for each in every}

    def _key(self, corpora: Path, expert: ExpertRecipe | None = None) -> str:
        made_of: dict[str, Any] = {
            "corpora": _digest_of(corpora / MANIFEST),
            "code": _training_code(),
            "anchor": [self.recipe.anchor_steps, self.recipe.seed, self.recipe.size],
        }
        if expert is not None:
            made_of["expert"] = [expert.steps, self.recipe.replay, expert.data_card()]
        return hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()[:12]

    def _run(self, commands: Mapping[str, Sequence[str]], *, threads: int) -> None:
        run_together(commands, logs=self.folder / "log", threads=threads)


def _flexcore(verb: str) -> list[str]:
    return [sys.executable, "-m", "flexcore.cli", verb]


def _training_code() -> dict[str, str]:
    root = Path(flexcore.__file__).parent
    files = sorted(root.glob("*.py"))
    for room in TRAINING_CODE:
        files += sorted((root / room).rglob("*.py"))
    return {str(file.relative_to(root)): _digest_of(file) for file in files}


def _digest_of(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
