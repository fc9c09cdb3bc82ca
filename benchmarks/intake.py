"""How fast a package comes in and is read, beside boto3 and sha256sum with the same bytes in the same run.

Run beside a site of its own (`make bench-intake`), once for each size. The draft is not submitted, so that no worker of
the site reads beside us: the reading task's own code runs in a process of benchmarks.intake_inside, where its memory
can be told.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.made_up import ANCHOR, SMALL, evidence_of, found_town, write_anchor, write_expert
from benchmarks.timing import table
from client.api import Guildhall
from client.signing import make_key, sign_package
from client.uploads import local_files, send_files
from flexcore.config import Architecture

LAYERS, HIDDEN = 4, 1024
SIZES = {"0.1": 0.1e9, "1": 1e9, "5": 5e9}  # bytes of an expert


def architecture_of(size: str) -> Architecture:
    wide = int(SIZES[size] / (3 * LAYERS * HIDDEN * 4)) // 64 * 64
    return replace(SMALL, hidden_size=HIDDEN, intermediate_size=wide, num_hidden_layers=LAYERS)


def send(owner: Guildhall, folder: Path, *, expert: str, anchor_digest: str) -> tuple[str, float]:
    """A draft with all files of the folder: its id, and the seconds from the first look at the files."""
    began = time.perf_counter()
    files = local_files(folder)
    draft = owner.draft_version(expert, evidence_of(anchor_digest))
    send_files(
        owner,
        files,
        declare=lambda file: owner.add_file(draft["id"], path=file.path, size=file.size, sha256=file.sha256),
    )
    return draft["id"], time.perf_counter() - began


def inside(work: str, **given: Any) -> dict[str, Any]:
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks.intake_inside", work, json.dumps(given)],
        stdout=subprocess.PIPE,
        check=True,
    )
    told: dict[str, Any] = json.loads(ran.stdout)
    return told


def sha256sum(path: Path) -> float:
    program = shutil.which("sha256sum")
    if program is None:
        raise SystemExit("There is no sha256sum here to compare with; install coreutils.")
    began = time.perf_counter()
    subprocess.run([program, path], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def measured(size: str, folder: Path, lines: ExitStack) -> list[str]:
    architecture = architecture_of(size)
    url, operator = (
        os.environ["GUILDHALL_URL"],
        (os.environ["GUILDHALL_OPERATOR_EMAIL"], os.environ["GUILDHALL_OPERATOR_PASSWORD"]),
    )
    town = found_town(lines, url, operator=operator, experts=(), consumers=0, architecture=architecture, patience=900)
    digest = write_anchor(folder / "anchor", architecture)
    shutil.rmtree(folder / "anchor")
    package = folder / "package"
    write_expert(package, architecture, name="one", anchor_digest=digest)
    key = make_key(folder / "keys", name="weighed")
    sign_package(package, private_key=key.private)
    town.owner.register_key("makers", name="weighed", public_key=key.public_pem)
    town.owner.create_expert("makers/one", anchor=ANCHOR, title="one", domain="none")
    whole = sum(path.stat().st_size for path in package.iterdir())
    theirs, ours = [], []
    for _ in range(1 if size == "5" else 3):
        theirs.append(inside("boto3", folder=str(package))["seconds"])
        draft, seconds = send(town.owner, package, expert="makers/one", anchor_digest=digest)
        ours.append(seconds)
    sums = [sha256sum(package / "expert.safetensors") for _ in range(3)]
    shutil.rmtree(package)
    inside("read", version=draft)  # the first also measures the anchor, which is kept
    read = inside("read", version=draft)
    mb = whole / 1e6
    return [
        size,
        f"{mb / min(ours):.0f}",
        f"{mb / min(theirs):.0f}",
        f"{min(theirs) / min(ours):.2f}",
        f"{mb / read['seconds']:.0f}",
        f"{mb / min(sums):.0f}",
        f"{min(sums) / read['seconds']:.2f}",
        f"{read['grown'] / 2**20:.0f}",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.intake", description=__doc__)
    parser.add_argument("--size", choices=SIZES, default="0.1", help="GB of the expert")
    parser.add_argument("--folder", type=Path, default=None, help="where the packages are written for a while")
    chosen = parser.parse_args()
    head = ["expert, GB", "sent, MB/s", "boto3, MB/s", "ratio", "read, MB/s", "sha256sum, MB/s", "ratio", "MiB more"]
    with TemporaryDirectory(dir=chosen.folder) as folder, ExitStack() as lines:
        print(table(head, [measured(chosen.size, Path(folder), lines)]))


if __name__ == "__main__":
    main()
