"""A revision brought into a folder: file by file, going on where it broke off, each compared with the manifest.

What lies in the folder then needs no service any more: `guildhall verify model` checks it without one.
"""

import hashlib
import tarfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from client.connection import ATTEMPTS, PASSING, Connection, Refused, pause_before
from client.verify.models import FORMAT, MANIFEST, MAX_MANIFEST, NOT_OURS, PATH
from client.verify.shards import digest_of
from client.verify.strict import DIGEST, NotVerified, field, read_json, shown

UNFINISHED = Path(".cache", "guildhall")  # beside the files, where no loader looks
Progress = Callable[[str, int, int], None]  # path, bytes that are there, bytes in all


@dataclass(frozen=True, slots=True)
class Listed:
    """A file of the revision; without a digest where the manifest does not list it (the proof, the papers)."""

    path: str
    size: int
    digest: str = ""


def pull(
    connection: Connection, model: str, to: Path, *, revision: str = "main", progress: Progress = lambda *_: None
) -> str:
    """The revision that lies in `to` afterwards: the one that was asked for, whole, or an exception that says why."""
    commit = _commit_of(connection, model, revision)
    manifest = _manifest(connection, model, commit)
    _demand_place(to, manifest)
    listed = _listed(manifest)
    files = [*listed.values(), *_others(connection, model, commit, listed)]
    for file in files:
        _bring(connection, f"{_model(model)}/resolve/{commit}/{quote(file.path)}", file, to, progress)
    _clear(to / UNFINISHED)
    return commit


def write_tar(folder: Path, file: Path, *, root: str) -> None:
    """The folder as a tar file: the same folder is the same bytes. It is there whole, or not at all."""
    draft = file.with_name(f"{file.name}.part")
    ours = (path for path in folder.iterdir() if path.name not in NOT_OURS)
    paths = sorted(path for each in ours for path in (each, *each.rglob("*")) if path.is_file())
    with tarfile.open(draft, "w", format=tarfile.PAX_FORMAT) as tar:
        for path in paths:
            entry = tarfile.TarInfo(f"{root}/{path.relative_to(folder).as_posix()}")
            entry.size = path.stat().st_size
            with path.open("rb") as content:
                tar.addfile(entry, content)
    draft.replace(file)


def _model(model: str) -> str:
    organisation, _, name = model.partition("/")
    if not organisation or not name or "/" in name:
        raise Refused(f"{model!r} is not a full name: give organisation/name.", status=0, code="name")
    return f"/{quote(organisation, safe='')}/{quote(name, safe='')}"


def _commit_of(connection: Connection, model: str, revision: str) -> str:
    told = connection.call("GET", f"/api/models{_model(model)}/revision/{quote(revision, safe='')}").json()
    commit = str(told.get("sha", ""))
    if len(commit) != 40 or not commit.isalnum():
        raise NotVerified(f"The service names no revision for {shown(revision)}.")
    return commit


def _manifest(connection: Connection, model: str, commit: str) -> bytes:
    data: bytes = connection.call("GET", f"{_model(model)}/resolve/{commit}/{MANIFEST}").content
    if len(data) > MAX_MANIFEST or hashlib.sha256(data).hexdigest()[:40] != commit:
        raise NotVerified(f"{MANIFEST} is not the one that revision {commit} is named after.")
    return data


def _demand_place(to: Path, manifest: bytes) -> None:
    """Into a folder of the same revision one goes on; another one's files would mix with these."""
    known = to / MANIFEST
    if known.is_file() and known.read_bytes() != manifest:
        raise Refused(f"{to} holds another revision; give a folder of its own.", status=0, code="folder")
    (to / UNFINISHED).mkdir(parents=True, exist_ok=True)


def _listed(manifest: bytes) -> dict[str, Listed]:
    told = read_json(manifest, MANIFEST)
    if told.get("format") != FORMAT:
        raise NotVerified(f"{MANIFEST} is not of the format {FORMAT}.")
    found = {MANIFEST: Listed(MANIFEST, len(manifest), f"sha256:{hashlib.sha256(manifest).hexdigest()}")}
    for item in field(told, "files", list, MANIFEST):
        file = _file(item if isinstance(item, dict) else {}, MANIFEST)
        if not DIGEST.fullmatch(file.digest) or file.path in found:
            raise NotVerified(f"{MANIFEST} lists {shown(file.path)} in a way that cannot be right.")
        found[file.path] = file
    return found


def _file(item: Mapping[str, Any], label: str) -> Listed:
    path, size = field(item, "path", str, label), field(item, "size", int, label)
    if not PATH.fullmatch(path) or size < 0:
        raise NotVerified(f"{label} lists {shown(path)} in a way that cannot be right.")
    return Listed(path, size, str(item.get("digest", "")))


def _others(connection: Connection, model: str, commit: str, listed: Mapping[str, Listed]) -> Iterator[Listed]:
    """What stands beside the files of the manifest."""
    address, params = f"/api/models{_model(model)}/tree/{commit}", {"recursive": "true"}
    while True:
        answer = connection.call("GET", address, params=params)
        for item in answer.json():
            if item.get("type") == "file" and item.get("path") not in listed:
                oid = (item.get("lfs") or {}).get("oid", "")
                yield _file({**item, "digest": f"sha256:{oid}" if oid else ""}, "The list of files")
        if "next" not in answer.links:
            return
        params = dict(parse_qsl(urlsplit(answer.links["next"]["url"]).query))


def _bring(connection: Connection, address: str, file: Listed, to: Path, progress: Progress) -> None:
    place = to / file.path
    if place.is_file() and place.stat().st_size == file.size and _is_right(place, file):
        progress(file.path, file.size, file.size)
        return
    # By its digest: what was begun of another file is not gone on with.
    name = hashlib.sha256(f"{file.path}\n{file.size}\n{file.digest}".encode()).hexdigest()[:32]
    part = to / UNFINISHED / name
    _fetch(connection, address, file, part, progress)
    if not _is_right(part, file):
        part.unlink()
        raise NotVerified(
            f"{file.path} did not come as {MANIFEST} lists it; pull again, and tell the service if it stays."
        )
    place.parent.mkdir(parents=True, exist_ok=True)
    part.replace(place)


def _is_right(place: Path, file: Listed) -> bool:
    if place.stat().st_size != file.size:
        return False
    try:
        return not file.digest or digest_of(place, file.path)[0] == file.digest
    except NotVerified:
        return False  # not even a file of this kind


def _fetch(connection: Connection, address: str, file: Listed, part: Path, progress: Progress) -> None:
    """The whole file into `part`. A line that drops is taken up again, as long as something comes or it may pass."""
    attempt = 0
    while True:
        before = part.stat().st_size if part.exists() else 0
        if before > file.size:
            part.unlink()
            before = 0
        if before == file.size and part.exists():
            return
        try:
            _go_on(connection, address, file, part, start=before, progress=progress)
        except Refused as refusal:
            if refusal.status not in PASSING | {0} or attempt + 1 >= ATTEMPTS:
                raise
        came = part.stat().st_size if part.exists() else 0
        if came == file.size and part.exists():
            return
        attempt = 0 if came > before else attempt + 1
        if attempt >= ATTEMPTS:
            raise Refused(f"{file.path} does not come any further than {came} bytes.", status=0, code="incomplete")
        time.sleep(pause_before(attempt))


def _go_on(connection: Connection, address: str, file: Listed, part: Path, *, start: int, progress: Progress) -> None:
    with connection.stream(address, start=start) as answer:
        there = start if answer.status_code == 206 else 0
        with part.open("ab" if there else "wb") as target:
            for piece in answer.iter_bytes():
                there += len(piece)
                if there > file.size:
                    raise NotVerified(f"{file.path} is longer than the {file.size} bytes that were announced.")
                target.write(piece)
                progress(file.path, there, file.size)


def _clear(folder: Path) -> None:
    for left in folder.iterdir():
        left.unlink()
    folder.rmdir()
    if not any(folder.parent.iterdir()):
        folder.parent.rmdir()
