"""How fast a model is composed, and how little of it the worker touches: on a disk and in the object store, beside what
others do with the same bytes in the same run.

Run beside a site of its own (`make bench-compose`), once for each size. One expert of the anchor is left out, so that
the slots of all behind it are new to them. The store's half runs in a process of benchmarks.compose_inside.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from safetensors import safe_open
from safetensors.numpy import save_file

from benchmarks.made_up import SMALL, found_town, write_anchor, write_expert
from benchmarks.timing import table
from flexcore.config import Architecture
from flexcore.headers import layout_size
from flexcore.layout import expert_layout
from flexcore.manifest import ExpertEntry, Plan, Recipe, plan
from flexcore.merging.flexolmo import EXPERT, lay_out
from flexcore.package import AnchorFiles, check_anchor_package, check_expert_package

LAYERS = {"0.3": 2, "1.2": 8, "5": 33}  # GB of a model with the public expert and three others
NAMES = ("one", "two", "three", "four")
CHOSEN = NAMES[1:]
ROUNDS = 3


def architecture_of(size: str) -> Architecture:
    return replace(SMALL, hidden_size=1024, intermediate_size=2752, num_hidden_layers=LAYERS[size])


@dataclass(frozen=True, slots=True)
class OnDisk:
    """Checked packages, and the plan of the model that is composed of them."""

    anchor: Path
    packages: tuple[Path, ...]
    planned: Plan

    @property
    def bytes(self) -> int:
        return sum(file.size for file in self.planned.manifest.files)


def bring_home(folder: Path, architecture: Architecture) -> OnDisk:
    write_anchor(folder / "anchor", architecture)
    public = check_anchor_package(folder / "anchor")
    entries, experts = [], []
    for number, name in enumerate(NAMES, start=1):
        write_expert(folder / name, architecture, name=name, anchor_digest=public.digest)
        if name in CHOSEN:
            found = check_expert_package(folder / name, anchor_digest=public.digest, architecture=architecture)
            entries.append(ExpertEntry(f"makers/{name}", 1, found.data_digest, found.router_digest, number))
            experts.append(found.files)
    files: AnchorFiles = public.files
    planned = plan(Recipe(public.digest, tuple(entries), 2), files, experts, texts={})
    return OnDisk(folder / "anchor", tuple(folder / name for name in CHOSEN), planned)


def load_and_save(home: OnDisk, out: Path) -> None:
    """Every tensor through memory under its new name, as mergekit and save_pretrained do; then to the disk."""
    out.mkdir()
    shutil.copyfile(home.anchor / "shared.safetensors", out / "shared.safetensors")
    for slot, source in enumerate([home.anchor, *home.packages]):
        with safe_open(source / EXPERT, "np") as file:
            tensors = {f"model.{slot}.{name}": file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  no mapping
        save_file(tensors, out / f"expert-{slot}.safetensors", metadata={"format": "pt"})
    _to_disk(out)


def cp(home: OnDisk, out: Path) -> None:
    """The same bytes under another name by coreutils; then to the disk."""
    out.mkdir()
    sources = [home.anchor / "shared.safetensors", *(source / EXPERT for source in [home.anchor, *home.packages])]
    for number, source in enumerate(sources):
        subprocess.run([tool("cp"), "--reflink=never", source, out / str(number)], check=True)
    _to_disk(out)


def tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise SystemExit(f"There is no {name} here to compare with; install coreutils.")
    return found


def _to_disk(folder: Path) -> None:
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())


def on_disk(size: str, folder: Path) -> str:
    home = bring_home(folder, architecture_of(size))
    store = folder / "shards"
    ways: dict[str, Callable[[Path], None]] = {
        "load, rename, save": lambda out: load_and_save(home, out),
        "cp": lambda out: cp(home, out),
        "ours, every shard new": lambda out: lay_out(home.planned, home.anchor, home.packages, out),
        "ours, shards there": lambda out: lay_out(home.planned, home.anchor, home.packages, out, store=store),
    }
    lay_out(home.planned, home.anchor, home.packages, folder / "first", store=store)
    best = dict.fromkeys(ways, float("inf"))
    for _ in range(ROUNDS):
        for name, way in ways.items():
            os.sync()
            began = time.perf_counter()
            way(folder / "out")
            best[name] = min(best[name], time.perf_counter() - began)
            shutil.rmtree(folder / "out")
    rows = [
        [name, f"{1000 * took:.0f}", f"{best['load, rename, save'] / took:.1f}", f"{took / best['cp']:.3f}"]
        for name, took in best.items()
    ]
    asked = [tool("stat"), "-f", "-c", "%T", str(folder)]
    kind = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    head = [f"{home.bytes / 1e9:.2f} GB on {kind}", "ms", "times faster than load and save", "of cp's time"]
    return table(head, rows)


def inside(work: str, **given: object) -> Any:
    command = [sys.executable, "-m", "benchmarks.compose_inside", work, json.dumps(given)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def in_the_store(size: str) -> str:
    architecture = architecture_of(size)
    operator = os.environ["GUILDHALL_OPERATOR_EMAIL"], os.environ["GUILDHALL_OPERATOR_PASSWORD"]
    with ExitStack() as lines:
        began = time.perf_counter()
        url = os.environ["GUILDHALL_URL"]
        found_town(lines, url, operator=operator, experts=NAMES, consumers=1, architecture=architecture, patience=900)
        print(f"brought, verified and approved in {time.perf_counter() - began:.0f} s", flush=True)
    experts = [f"makers/{name}" for name in CHOSEN]
    first = inside("compose", name="first", experts=experts)
    second = inside("compose", name="second", experts=experts[:2])
    copied = min((inside("copy", experts=experts) for _ in range(2)), key=lambda one: one["seconds"])
    carried = inside("carry", experts=experts)
    displaced = 1 + len(experts)
    rows = []
    for what, one in (
        ("ours, every shard new", first),
        ("ours, another model of the same shards", second),
        ("the store's own copy of the same bytes", copied),
        ("through a worker: fetch, rename, put", carried),
    ):
        through = one["sent"] + one["received"]
        rows.append(
            [
                what,
                f"{one['seconds']:.2f}",
                f"{one['seconds'] / copied['seconds']:.2f}",
                f"{through / 1e6:.2f}",
                f"{through / one['bytes']:.3%}",
                f"{through / displaced / 2**20:.2f}",
            ]
        )
    data = layout_size(expert_layout(architecture.dimensions), architecture.dtype)
    head = [
        f"{first['bytes'] / 1e9:.2f} GB in the store, {displaced} shards of {data / 1e9:.2f} GB",
        "s",
        "of the store's own copy",
        "MB through the worker",
        "of the model",
        "MiB a shard",
    ]
    return table(head, rows)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compose", description=__doc__)
    parser.add_argument("--size", choices=LAYERS, default="0.3", help="of the model, in GB")
    parser.add_argument("--folder", type=Path, default=None, help="on the disk to measure; else a temporary one")
    parser.add_argument("--only", choices=("disk", "store"), default=None)
    given = parser.parse_args()
    if given.only != "store":
        with TemporaryDirectory(dir=given.folder) as folder:
            print(f"{on_disk(given.size, Path(folder))}\n", flush=True)
    if given.only != "disk":
        print(in_the_store(given.size), flush=True)


if __name__ == "__main__":
    main()
