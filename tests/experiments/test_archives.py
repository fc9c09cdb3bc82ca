"""Reading packages: their files come in one order, and a hostile one is refused by name."""

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from experiments.miniflexmix import archives
from experiments.miniflexmix.archives import open_archive
from experiments.miniflexmix.refusals import CannotBuild

HOSTILE = ["../../outside.txt", "/etc/passwd", "a/../../b", "a\\b.txt"]


def wheel(folder: Path, *names: str) -> Path:
    path = folder / "words-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as file:
        for name in names:
            file.writestr(zipfile.ZipInfo(name), f"text of {name}")
    return path


def tarball(folder: Path, *names: str) -> Path:
    path = folder / "words-1.0.tgz"
    with tarfile.open(path, "w:gz") as file:
        for name in names:
            content = f"text of {name}".encode()
            member = tarfile.TarInfo(name)
            member.size = len(content)
            file.addfile(member, io.BytesIO(content))
    return path


def test_a_wheels_files_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    archive = open_archive(wheel(tmp_path, "data/b.txt", "data/a.txt", "other.py"))

    found = list(archive.matching(r"\.txt\Z"))

    archive.close()
    assert found == [("data/a.txt", b"text of data/a.txt"), ("data/b.txt", b"text of data/b.txt")]


def test_a_tarballs_files_come_as_they_lie(tmp_path: Path) -> None:
    archive = open_archive(tarball(tmp_path, "package/b.txt", "package/a.txt"))

    found = [name for name, _ in archive.matching(r"\.txt\Z")]

    archive.close()
    assert found == ["package/b.txt", "package/a.txt"]


def test_a_link_in_a_tarball_is_not_followed(tmp_path: Path) -> None:
    path = tmp_path / "words-1.0.tgz"
    with tarfile.open(path, "w:gz") as file:
        link = tarfile.TarInfo("package/secret.txt")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
        file.addfile(link)

    archive = open_archive(path)

    assert list(archive.matching(".")) == []
    archive.close()


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("make", [wheel, tarball])
def test_a_name_that_leads_out_is_refused(tmp_path: Path, make: type, name: str) -> None:
    path = make(tmp_path, "good.txt", name)

    with pytest.raises(CannotBuild, match="leads out of the archive"):
        open_archive(path)


def test_a_name_that_comes_twice_is_refused(tmp_path: Path) -> None:
    path = tarball(tmp_path, "package/a.txt", "package/./a.txt")

    with pytest.raises(CannotBuild, match="twice"):
        open_archive(path)


@pytest.mark.parametrize("make", [wheel, tarball])
def test_a_member_over_the_limit_is_never_read(tmp_path: Path, make: type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MEMBER_LIMIT", 10)
    archive = open_archive(make(tmp_path, "large.txt"))

    with pytest.raises(CannotBuild, match=r"'large.txt' of 17 bytes; the limit is 10"):
        archive.read("large.txt")

    archive.close()


@pytest.mark.parametrize("name", ["words-1.0-py3-none-any.whl", "words-1.0.tgz", "words_1.0_all.deb"])
def test_what_is_no_archive_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"no archive at all" * 100)

    with pytest.raises(CannotBuild, match=r"words.1\.0"):
        open_archive(path)


def test_a_file_that_should_be_there_is_missed_by_name(tmp_path: Path) -> None:
    archive = open_archive(wheel(tmp_path, "a.txt"))

    with pytest.raises(CannotBuild, match=r"holds no b\.txt"):
        archive.read("b.txt")

    archive.close()
