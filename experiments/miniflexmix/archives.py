"""Reads wheels, npm tarballs and Debian packages, member by member; nothing is ever unpacked to disk.

A package is somebody else's file: a name that leads out of the archive or comes twice makes all of it
refused, and a member larger than MEMBER_LIMIT is never read.
"""

import re
import shutil
import subprocess
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Protocol

from experiments.miniflexmix.refusals import CannotBuild

MEMBER_LIMIT = 256 * 1024 * 1024


class Archive(Protocol):
    """A package's files: one by name, or all whose name matches, in an order that never changes."""

    def names(self) -> list[str]: ...

    def read(self, name: str) -> bytes: ...

    def matching(self, pattern: str) -> Iterator[tuple[str, bytes]]: ...

    def close(self) -> None: ...


def open_archive(path: Path) -> Archive:
    """Open a package by what its name says it is."""
    try:
        archive: Archive = ZipArchive(path) if path.suffix == ".whl" else TarArchive(path)
    except (zipfile.BadZipFile, tarfile.TarError, OSError, EOFError) as fault:
        raise CannotBuild(f"{path.name} is not an archive that can be read ({fault}); delete it.") from fault
    try:
        _check_names(path.name, archive.names())
    except CannotBuild:
        archive.close()
        raise
    return archive


class ZipArchive:
    """A wheel. Its files come in the order of their names."""

    def __init__(self, path: Path) -> None:
        self._label = path.name
        self._zip = zipfile.ZipFile(path)

    def names(self) -> list[str]:
        return sorted(member.filename for member in self._zip.infolist() if not member.is_dir())

    def close(self) -> None:
        self._zip.close()

    def read(self, name: str) -> bytes:
        try:
            _check_size(self._label, name, self._zip.getinfo(name).file_size)
            return self._zip.read(name)
        except KeyError as fault:
            raise CannotBuild(f"{self._label} holds no {name}; it is not the package that was meant.") from fault
        except zipfile.BadZipFile as fault:
            raise CannotBuild(f"{self._label} is damaged at {name} ({fault}); delete it.") from fault

    def matching(self, pattern: str) -> Iterator[tuple[str, bytes]]:
        for name in self.names():
            if re.search(pattern, name):
                yield name, self.read(name)


class TarArchive:
    """An npm tarball, or a Debian package's data. Its files come as they lie; links are not followed."""

    def __init__(self, path: Path) -> None:
        self._label = path.name
        with ExitStack() as opened:  # an archive that turns out to be none is closed again
            file = opened.enter_context(_debian_data(path) if path.suffix == ".deb" else path.open("rb"))
            self._tar = opened.enter_context(tarfile.open(fileobj=file))
            self._files = [member for member in self._tar if member.isfile()]
            self._opened = opened.pop_all()

    def names(self) -> list[str]:
        return [member.name for member in self._files]

    def close(self) -> None:
        self._opened.close()

    def read(self, name: str) -> bytes:
        for _, content in self.matching(rf"\A{re.escape(name)}\Z"):
            return content
        raise CannotBuild(f"{self._label} holds no {name}; it is not the package that was meant.")

    def matching(self, pattern: str) -> Iterator[tuple[str, bytes]]:
        for member in self._files:
            if re.search(pattern, member.name):
                _check_size(self._label, member.name, member.size)
                file = self._tar.extractfile(member)
                if file is not None:  # never so: only regular files are listed
                    yield member.name, file.read()


def _check_names(label: str, names: list[str]) -> None:
    seen: set[str] = set()
    for name in names:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name:
            raise CannotBuild(f"{label} holds {name!r}, a name that leads out of the archive; delete the file.")
        if str(path) in seen:
            raise CannotBuild(f"{label} holds {name!r} twice, so that readers may differ; delete the file.")
        seen.add(str(path))


def _check_size(label: str, name: str, size: int) -> None:
    if size > MEMBER_LIMIT:
        raise CannotBuild(f"{label} holds {name!r} of {size:,} bytes; the limit is {MEMBER_LIMIT:,}. Delete the file.")


def _debian_data(path: Path) -> BinaryIO:
    tool = shutil.which("dpkg-deb")
    if tool is None:
        raise CannotBuild(f"{path.name} needs dpkg-deb to be read; leave this domain out, or use a Debian machine.")
    with ExitStack() as opened:
        data = opened.enter_context(tempfile.TemporaryFile())
        done = subprocess.run(  # noqa: S603  a fixed program, the path is a cache file's
            [tool, "--fsys-tarfile", str(path)], stdout=data, stderr=subprocess.PIPE, check=False
        )
        if done.returncode:
            fault = done.stderr.decode(errors="replace").strip()
            raise CannotBuild(f"{path.name} is not a Debian package that can be read ({fault}); delete it.")
        data.seek(0)
        opened.pop_all()
        return data
