"""Uploaded files where they lie: read from the store as a stranger's, and held to what they were announced with."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Protocol, TypeVar

from flexcore.files import Files, SourceFile
from flexcore.package import Malformed
from registry import storage
from registry.experts.models import UploadedFile
from workers.findings import Unfit


class Digested(Protocol):
    """What was made of files, with the SHA-256 of each that was taken on the way."""

    @property
    def file_digests(self) -> Mapping[str, str]: ...


T = TypeVar("T", bound=Digested)


def stored(file: UploadedFile) -> SourceFile:
    """As flexcore reads it: forwards, in bounded memory, nothing on disk."""
    return SourceFile(file.size, partial(storage.opened, file.key))


def read_announced(files: Iterable[UploadedFile], read: Callable[[Files], T]) -> T | Malformed:
    """What `read` makes of them, or what it finds wrong with them; Unfit where they are not those that were announced,
    which is the better reason of the two: they have to be brought again, not mended.
    """
    known = list(files)
    try:
        found = read({file.path: stored(file) for file in known})
    except Malformed as fault:
        for file in known:
            _hold(file, _digest_of(file))
        return fault
    for file in known:
        _hold(file, found.file_digests[file.path])
    return found


def _hold(file: UploadedFile, digest: str) -> None:
    if digest != file.sha256:
        raise Unfit(
            f"{file.path} has the digest {digest}, not {file.sha256} as announced; "
            "bring the file again as it was packaged."
        )


def _digest_of(file: UploadedFile) -> str:
    running, size = hashlib.sha256(), 0
    for chunk in storage.stream(file.key):
        size += len(chunk)
        if size > file.size:
            break
        running.update(chunk)
    if size != file.size:
        raise Unfit(f"{file.path} does not have the {file.size} bytes it was announced with; bring it again.")
    return f"sha256:{running.hexdigest()}"
