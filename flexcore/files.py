"""The files of a package, wherever they lie: known names only, no links, no folders, nothing that runs.

A folder is read here; a store of objects hands in its own `SourceFile`s and is checked by the same code.
"""

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from flexcore.untrusted import Malformed, Readable, read_exactly, shown

PICKLES = frozenset({".pkl", ".pickle", ".pt", ".pth", ".bin", ".ckpt", ".joblib", ".npy", ".npz"})
PROGRAMS = frozenset({".py", ".pyc", ".sh", ".so", ".exe", ".dll", ".js", ".jar", ".bat", ".ps1", ".whl"})


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file of known size that can be read forwards, as often as it is opened."""

    size: int
    open: Callable[[], AbstractContextManager[Readable]]


Files = Mapping[str, SourceFile]


def folder_files(folder: Path) -> dict[str, SourceFile]:
    """The plain files of a folder; a link, a folder or a device in it is refused, not followed."""
    if not folder.is_dir():
        raise Malformed(f"There is no folder {shown(folder)}; give the folder that holds the package.")
    found: dict[str, SourceFile] = {}
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        facts = entry.stat(follow_symlinks=False)
        if not stat.S_ISREG(facts.st_mode):
            raise Malformed(f"{shown(entry.name)} is {_kind(facts.st_mode)}; put plain files only into a package.")
        found[entry.name] = SourceFile(facts.st_size, _opener(Path(entry.path)))
    return found


def check_names(names: Iterable[str], *, required: Iterable[str], optional: Iterable[str] = ()) -> None:
    """Refuse, by name, a file that has no place in a package, and a package that lacks one."""
    given, wanted = set(names), list(required)
    for name in sorted(given.difference(wanted, optional)):
        suffix = Path(name).suffix.lower()
        if suffix in PICKLES:
            raise Malformed(f"{shown(name)} may run code when it is opened; save weights as safetensors.")
        if suffix in PROGRAMS:
            raise Malformed(f"{shown(name)} is a program; a package holds none, leave it out.")
        raise Malformed(f"{shown(name)} does not belong to a package; leave it out.")
    for name in wanted:
        if name not in given:
            raise Malformed(f"The package lacks {name}; add it.")


def read_small(files: Files, name: str, *, max_bytes: int) -> bytes:
    """A whole file whose size is bounded before it is read."""
    source = files[name]
    if source.size > max_bytes:
        raise Malformed(f"{name} has {source.size} bytes; make it {max_bytes} or smaller.")
    with source.open() as file:
        data = read_exactly(file, source.size, name)
        if file.read(1):
            raise Malformed(f"{name} is longer than the {source.size} bytes it was announced with; send it again.")
    return data


def _kind(mode: int) -> str:
    if stat.S_ISLNK(mode):
        return "a link"
    return "a folder" if stat.S_ISDIR(mode) else "not a file"


def _opener(path: Path) -> Callable[[], AbstractContextManager[Readable]]:
    @contextmanager
    def opened() -> Iterator[Readable]:
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError as fault:
            raise Malformed(f"{shown(path.name)} cannot be read ({fault.strerror}); send it again.") from None
        with os.fdopen(descriptor, "rb") as file:
            yield file

    return opened
