"""A revision's files as the hub lists them: flat rows in the database, folders and pages on the wire."""

from collections.abc import Iterable, Iterator
from typing import Any

from registry.compositions.models import Composition, RepositoryFile
from registry.digests import sha256
from registry.hub.wire import EntryNotFound

POINTER_BYTES = 134  # what an LFS pointer would take; clients want the number, nobody reads the pointer


def entity_tag(file: RepositoryFile) -> str:
    """Names the bytes. Of a shard it is the shard digest, from the first day on: it never changes under a client."""
    return file.digest.removeprefix("sha256:")


def entry_of(file: RepositoryFile) -> dict[str, Any]:
    """Never `xetHash`: with it a client asks for a protocol that is not spoken here."""
    entry: dict[str, Any] = {"type": "file", "path": file.path, "size": file.size, "oid": entity_tag(file)[:40]}
    if file.sha256:
        entry["lfs"] = {"oid": file.sha256, "size": file.size, "pointerSize": POINTER_BYTES}
    return entry


def entries_under(composition: Composition, folder: str, *, recursive: bool) -> list[dict[str, Any]]:
    """What lies in a folder ("" is the root), ordered by path; EntryNotFound where there is no such folder."""
    inside = f"{folder}/" if folder else ""
    files = [file for file in composition.files.order_by("path") if file.path.startswith(inside)]
    if not files:
        raise EntryNotFound(f"There is no folder {folder[:120]} in this revision.", commit=composition.revision)
    entries = [entry_of(file) for file in files if recursive or "/" not in file.path.removeprefix(inside)]
    folders = folders_of((file.path for file in files), inside=inside, recursive=recursive)
    return sorted([*entries, *folders], key=lambda entry: str(entry["path"]))


def folders_of(paths: Iterable[str], *, inside: str, recursive: bool) -> Iterator[dict[str, Any]]:
    found = set()
    for path in paths:
        names = path.removeprefix(inside).split("/")[:-1]
        depth = len(names) if recursive else min(1, len(names))
        found |= {inside + "/".join(names[: count + 1]) for count in range(depth)}
    for folder in found:
        yield {"type": "directory", "path": folder, "size": 0, "oid": sha256(folder.encode())[7:47]}
