"""Files straight to the object store: in parts, several at a time, each with its SHA-256 in the signed request.

Killed at any moment and started again, an upload sends only the parts that have not arrived.
"""

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import httpx

from client import shapes
from client.api import Guildhall
from client.connection import ATTEMPTS, PASSING, TIMEOUT, Refused, pause_before

LANES = 4  # parts on their way at once; each is held in memory while it is
CHUNK = 2**20

# Called with (path, bytes that are there, bytes in all), from one thread at a time.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file as it is declared to the service before a byte of it is sent."""

    source: Path
    path: str
    size: int
    sha256: str
    written_ns: int  # when it was last written, as of the moment its digest was taken

    def changed(self) -> bool:
        now = self.source.stat()
        return (now.st_size, now.st_mtime_ns) != (self.size, self.written_ns)


@dataclass(frozen=True, slots=True)
class _Span:
    number: int
    start: int
    size: int


def local_files(folder: Path) -> list[LocalFile]:
    """Every file of a package folder with its size and digest. A package is flat: a folder inside it is refused."""
    if not folder.is_dir():
        raise Refused(f"{folder} is not a folder.", status=0, code="no-folder")
    found = []
    for source in sorted(folder.iterdir()):
        if source.is_symlink() or not source.is_file():
            raise Refused(f"{source} is not a plain file; a package holds nothing else.", status=0, code="not-a-file")
        facts = source.stat()
        with source.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        found.append(LocalFile(source, source.name, facts.st_size, f"sha256:{digest}", facts.st_mtime_ns))
    if not found:
        raise Refused(f"{folder} is empty.", status=0, code="empty-folder")
    return found


def store_line() -> httpx.Client:
    """A line to the store for all files of a package; not the service's own: the store must never see who we are."""
    return httpx.Client(timeout=TIMEOUT, limits=httpx.Limits(max_connections=LANES))


def send_file(
    guildhall: Guildhall,
    declared: shapes.File,
    local: LocalFile,
    *,
    store: httpx.Client,
    progress: Progress | None = None,
) -> None:
    """Bring what is missing of one file, then have the service complete it."""
    if declared["completed_at"] is not None:
        _tell(progress, local, local.size)
        return
    arrived = {part["number"]: part["sha256"] for part in guildhall.get_file(declared["id"])["parts"]}
    stop = Event()
    with ThreadPoolExecutor(max_workers=LANES) as lanes:
        sender = _Sender(guildhall, store, declared["id"], local, arrived, stop)
        underway = {lanes.submit(sender.bring, span): span for span in _spans(local.size, declared["part_size"])}
        there = 0
        try:
            for done in as_completed(underway):
                done.result()
                there += underway[done].size
                _tell(progress, local, there)
        except BaseException:
            stop.set()  # the lanes' waiting parts give up at once, so that leaving does not take minutes
            raise
    if local.changed():
        raise Refused(f"{local.source} changed while it was sent; start again.", status=0, code="file-changed")
    guildhall.complete_file(declared["id"])


@dataclass(frozen=True, slots=True)
class _Sender:
    guildhall: Guildhall
    store: httpx.Client
    file_id: str
    local: LocalFile
    arrived: dict[int, str]
    stop: Event

    def bring(self, span: _Span) -> None:
        if self.stop.is_set():
            return
        with self.local.source.open("rb") as file:
            file.seek(span.start)
            data = file.read(span.size)
        digest = hashlib.sha256(data).hexdigest()
        if len(data) == span.size and self.arrived.get(span.number) != digest:
            self._put(span, data, digest)

    def _put(self, span: _Span, data: bytes, digest: str) -> None:
        for attempt in range(ATTEMPTS):
            # Signed anew each time: a URL lives for minutes, a dropped line may last longer.
            [part] = self.guildhall.sign_parts(self.file_id, [{"number": span.number, "sha256": digest}])
            try:
                answer = self.store.put(part["url"], content=data, headers=part["headers"])
            except httpx.TransportError as fault:
                why = str(fault) or type(fault).__name__
            else:
                if answer.is_success:
                    return
                why = f"the store answered {answer.status_code}"
                if answer.status_code not in PASSING | {403}:
                    break
            if self.stop.wait(pause_before(attempt)):
                return
        message = f"Part {span.number} of {self.local.path} could not be sent: {why}. Run it again to go on from here."
        raise Refused(message, status=0, code="upload-broken")


def _spans(size: int, part_size: int) -> Iterator[_Span]:
    # An empty file still has one part: S3 completes no upload without.
    for number, start in enumerate(range(0, max(size, 1), part_size), start=1):
        yield _Span(number, start, min(part_size, size - start))


def _tell(progress: Progress | None, local: LocalFile, there: int) -> None:
    if progress is not None:
        progress(local.path, there, local.size)
