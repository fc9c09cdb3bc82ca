"""Files straight to the object store: in parts, several at a time, each with its SHA-256 in the signed request.

Killed at any moment and started again, an upload sends only the parts that have not arrived.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock

import httpx

from client import shapes
from client.api import Guildhall
from client.connection import ATTEMPTS, PASSING, TIMEOUT, Refused, pause_before

LANES = 4  # parts of a file on their way at once; each is held in memory while it is
FILES = 2  # at once
TOGETHER = 4  # parts that are asked for in one request
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


def send_files(
    guildhall: Guildhall,
    files: Sequence[LocalFile],
    *,
    declare: Callable[[LocalFile], shapes.File],
    progress: Progress | None = None,
) -> None:
    """Declare each file, bring what is missing of it, have the service complete it. The largest begins, and the small
    ones go beside it: for them it is the asking that takes the time.
    """
    stop, lock = Event(), Lock()
    # Not the service's own line: the store must never see who we are.
    with (
        httpx.Client(timeout=TIMEOUT, limits=httpx.Limits(max_connections=LANES)) as store,
        ThreadPoolExecutor(max_workers=FILES) as beside,
    ):
        line = _Line(guildhall, store, stop)
        ordered = sorted(files, key=lambda file: file.size, reverse=True)
        underway = [beside.submit(_send, line, declare, _Told(file, progress, lock)) for file in ordered]
        try:
            for done in as_completed(underway):
                done.result()
        except BaseException:
            stop.set()  # what waits gives up at once, so that leaving does not take minutes
            raise


@dataclass(frozen=True, slots=True)
class _Line:
    guildhall: Guildhall
    store: httpx.Client
    stop: Event


@dataclass(slots=True)
class _Told:
    """A file, and somebody who is told how far it is; by one at a time."""

    local: LocalFile
    progress: Progress | None
    lock: Lock
    there: int = 0

    def add(self, size: int) -> None:
        with self.lock:
            self.there += size
            if self.progress is not None:
                self.progress(self.local.path, self.there, self.local.size)


def _send(line: _Line, declare: Callable[[LocalFile], shapes.File], told: _Told) -> None:
    if line.stop.is_set():
        return
    local = told.local
    declared = declare(local)
    if declared["completed_at"] is not None:
        told.add(local.size)
        return
    arrived = {part["number"]: part["sha256"] for part in line.guildhall.get_file(declared["id"])["parts"]}
    spans = list(_spans(local.size, declared["part_size"]))
    with ThreadPoolExecutor(max_workers=LANES) as lanes:
        sender = _Sender(line, declared["id"], told, arrived)
        try:
            for done in as_completed([lanes.submit(sender.bring, few) for few in _by_lanes(spans)]):
                done.result()
        except BaseException:
            line.stop.set()
            raise
    if line.stop.is_set():
        return
    _refuse_changed(local)
    line.guildhall.complete_file(declared["id"])


@dataclass(frozen=True, slots=True)
class _Sender:
    line: _Line
    file_id: str
    told: _Told
    arrived: dict[int, str]

    @property
    def local(self) -> LocalFile:
        return self.told.local

    def bring(self, spans: Sequence[_Span]) -> None:
        """What has not arrived of these parts. They are asked for together, and one is in memory at a time."""
        missing: dict[int, str] = {}
        for span in spans:
            data = self._read(span)
            digest = hashlib.sha256(data).hexdigest()
            if self.arrived.get(span.number) == digest:
                self.told.add(span.size)
            elif len(data) == span.size:  # else it was cut while we read, which is told at its end
                missing[span.number] = digest
        if missing and not self.line.stop.is_set():
            signed = self._sign(missing)
            for span in spans:
                if span.number in missing:
                    self._put(span, missing[span.number], signed[span.number])
                    self.told.add(span.size)

    def _read(self, span: _Span) -> bytes:
        with self.local.source.open("rb") as file:
            file.seek(span.start)
            return file.read(span.size)

    def _sign(self, digests: Mapping[int, str]) -> dict[int, shapes.SignedPart]:
        asked: list[shapes.ArrivedPart] = [{"number": number, "sha256": digest} for number, digest in digests.items()]
        return {part["number"]: part for part in self.line.guildhall.sign_parts(self.file_id, asked)}

    def _put(self, span: _Span, digest: str, part: shapes.SignedPart) -> None:
        data = self._read(span)
        _refuse_changed(self.local)  # else the store refuses what is not what was signed for, again and again
        for attempt in range(ATTEMPTS):
            if attempt:  # a URL lives for minutes, and a dropped line may last longer
                part = self._sign({span.number: digest})[span.number]
            try:
                answer = self.line.store.put(part["url"], content=data, headers=part["headers"])
            except httpx.TransportError as fault:
                why = str(fault) or type(fault).__name__
            else:
                if answer.is_success:
                    return
                why = f"the store answered {answer.status_code}"
                if answer.status_code not in PASSING | {403}:
                    break
            if self.line.stop.wait(pause_before(attempt)):
                return
        message = f"Part {span.number} of {self.local.path} could not be sent: {why}. Run it again to go on from here."
        raise Refused(message, status=0, code="upload-broken")


def _refuse_changed(local: LocalFile) -> None:
    if local.changed():
        raise Refused(f"{local.source} changed while it was sent; start again.", status=0, code="file-changed")


def _by_lanes(spans: Sequence[_Span]) -> Iterator[Sequence[_Span]]:
    """A few neighbours together, and few enough that no lane waits for long for the last of another."""
    few = min(TOGETHER, max(1, len(spans) // (2 * LANES)))
    for begin in range(0, len(spans), few):
        yield spans[begin : begin + few]


def _spans(size: int, part_size: int) -> Iterator[_Span]:
    # An empty file still has one part: S3 completes no upload without.
    for number, start in enumerate(range(0, max(size, 1), part_size), start=1):
        yield _Span(number, start, min(part_size, size - start))
