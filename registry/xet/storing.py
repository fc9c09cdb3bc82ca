"""Keeping xorbs, and putting files together from them. A xorb lies in the store under its row until it is spent.

The object comes before its row, so that a row always has its bytes; an object that no row names is swept.
"""

import hashlib
import logging
import struct
from collections.abc import Iterator, Sequence
from datetime import timedelta
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from registry import storage
from registry.accounts.models import Role
from registry.accounts.queries import demand_role, person_id_of
from registry.actors import Actor
from registry.errors import Busy, Invalid, WrongState
from registry.experts.incoming import declare_object
from registry.experts.models import Expert, IncomingObject
from registry.experts.rules import part_size_for
from registry.jobs import Job, after_commit
from registry.xet.formats import HEADER, Chunk, File, Malformed, Term, read_shard, read_xorb, stored_size, unpack
from registry.xet.models import StoredXorb

logger = logging.getLogger(__name__)

PREFIX = "xorbs/"
STRAY_HOURS = 1
MOST_XORBS = 4096  # of one expert
PAIR = struct.Struct("<II")


def take_xorb(expert: Expert, name: str, data: bytes, *, by: Actor) -> bool:
    """Keep a xorb, once its content has the name that it goes by. False: it is here already."""
    demand_role(by, Role.OWNER, expert.organisation)
    rows = StoredXorb.objects.filter(expert=expert)
    if rows.filter(brought_by=person_id_of(by), hash=name).exists():
        return False
    try:
        xorb = read_xorb(data)
    except Malformed as fault:
        raise Invalid(str(fault)) from fault
    if xorb.hash != name:
        raise Invalid("The content of the xorb has another name than it was sent under; upload again.")
    kept = rows.aggregate(bytes=Sum("size"))["bytes"] or 0
    if rows.count() >= MOST_XORBS or kept + xorb.length > settings.MAX_FILE_BYTES:
        raise Busy(f"{expert} has as many bytes under way as it may; commit them, or wait until they are swept.")
    row_id = uuid4()
    key = f"{PREFIX}{row_id}"
    storage.put(key, data[: xorb.length])
    StoredXorb.objects.bulk_create(
        [
            StoredXorb(
                id=row_id,
                expert=expert,
                brought_by_id=person_id_of(by),
                hash=name,
                size=xorb.length,
                chunks=b"".join(PAIR.pack(chunk.stored, chunk.size) for chunk in xorb.chunks),
                key=key,
            )
        ],
        ignore_conflicts=True,  # somebody else was a moment faster; what we put is a stray
    )
    return True


def take_shard(expert: Expert, data: bytes, *, by: Actor) -> list[UUID]:
    """Have the files of a shard put together by a worker; the objects that they will be."""
    demand_role(by, Role.OWNER, expert.organisation)
    try:
        files = read_shard(data)
    except Malformed as fault:
        raise Invalid(str(fault)) from fault
    wanted = {term.xorb for file in files for term in file.terms}
    rows = StoredXorb.objects.filter(expert=expert, brought_by=person_id_of(by), hash__in=wanted)
    here = {row.hash: row for row in rows}
    return [_ask_for(expert, file, here, by=by) for file in files]


def join_object(object_id: UUID) -> None:
    """Put a file together from its chunks, one chunk in memory; done only if it has the digest that it goes by."""
    row = IncomingObject.objects.filter(id=object_id, completed_at=None, failure="").exclude(terms=None).first()
    if row is None:
        return
    for key, begun, _ in list(storage.begun_uploads(row.key)):
        if key == row.key:  # of a worker that was killed, or of the other road, which can begin anew
            storage.abandon_upload(key, begun)
    digest = hashlib.sha256()
    part_bytes = part_size_for(row.size, wanted=settings.UPLOAD_PART_BYTES)  # one is held in memory
    try:
        upload = storage.write(row.key, _hashed(_content_of(row), digest), part_bytes=part_bytes)
    except (storage.Missing, Malformed, StoredXorb.DoesNotExist):
        _fail(row, "What a file is put together from is gone; upload it again.")
        return
    if digest.hexdigest() != row.sha256.removeprefix("sha256:"):
        upload.abandon()
        _fail(row, f"The bytes that arrived are not those of {row.sha256}; upload the file again.")
        return
    upload.finish()
    IncomingObject.objects.filter(id=row.id).update(completed_at=timezone.now(), terms=None)


def waiting_objects() -> list[UUID]:
    """What no worker has put together yet; for the sweep."""
    rows = IncomingObject.objects.filter(completed_at=None, failure="").exclude(terms=None)
    return list(rows.values_list("id", flat=True))


def failure_of(object_ids: Sequence[UUID]) -> str | None:
    """Why one of them cannot be had; nothing when all are here; None while they are being put together."""
    rows = IncomingObject.objects.filter(id__in=object_ids)  # what a commit has named is no longer among them
    told = list(rows.values_list("completed_at", "failure"))
    failures = [failure for _, failure in told if failure]
    if failures:
        return str(failures[0])
    return "" if all(completed for completed, _ in told) else None


def spend_xorbs(expert: Expert, *, by: Actor) -> None:
    """After a commit nothing is put together from them any more; the sweep drops their objects."""
    StoredXorb.objects.filter(expert=expert, brought_by=person_id_of(by)).delete()


def sweep_xorbs() -> None:
    """Drop what nobody put together in time, and what no row names."""
    late = timezone.now() - timedelta(hours=settings.UPLOAD_HOURS)
    StoredXorb.objects.filter(created_at__lt=late).delete()
    old = timezone.now() - timedelta(hours=STRAY_HOURS)
    found = [(key, written) for key, written in storage.keys_under(PREFIX) if written < old]
    known = set(StoredXorb.objects.values_list("key", flat=True))
    for key, _ in found:
        if key not in known:
            storage.delete(key)


@transaction.atomic
def _ask_for(expert: Expert, file: File, here: dict[str, StoredXorb], *, by: Actor) -> UUID:
    for term in file.terms:
        _check(term, here.get(term.xorb))
    row = declare_object(expert, sha256=f"sha256:{file.sha256}", size=file.size, by=by)
    if row.completed_at is None:
        row.terms = [[str(here[term.xorb].id), term.start, term.end] for term in file.terms]
        row.failure = ""
        row.save(update_fields=["terms", "failure"])
        after_commit(Job.JOIN_OBJECT, row.id)
    return row.id


def _check(term: Term, xorb: StoredXorb | None) -> None:
    if xorb is None:
        raise WrongState("A file is made of chunks that have not arrived; upload it again.")
    chunks = _chunks_of(xorb)
    if term.end > len(chunks) or sum(chunk.size for chunk in chunks[term.start : term.end]) != term.size:
        raise Invalid("A file is made of chunks that its xorb does not have; upload it again.")


def _content_of(row: IncomingObject) -> Iterator[bytes]:
    for xorb_id, start, end in row.terms or []:
        xorb = StoredXorb.objects.get(id=xorb_id)
        chunks = _chunks_of(xorb)
        first = sum(chunk.stored for chunk in chunks[:start])
        length = sum(chunk.stored for chunk in chunks[start:end])
        yield from _unpacked(storage.stream(xorb.key, start=first, end=first + length))


def _unpacked(stream: Iterator[bytes]) -> Iterator[bytes]:
    held = bytearray()
    for piece in stream:
        held += piece
        while len(held) >= HEADER and len(held) >= (whole := stored_size(bytes(held[:HEADER]))):
            yield unpack(bytes(held[:whole]))
            del held[:whole]
    if held:
        raise Malformed("A run of chunks ends within one.")


def _hashed(pieces: Iterator[bytes], digest: "hashlib._Hash") -> Iterator[bytes]:
    for piece in pieces:
        digest.update(piece)
        yield piece


def _chunks_of(xorb: StoredXorb) -> list[Chunk]:
    return [Chunk(stored, size) for stored, size in PAIR.iter_unpack(bytes(xorb.chunks))]


def _fail(row: IncomingObject, failure: str) -> None:
    logger.warning("%s cannot be put together: %s", row, failure)
    IncomingObject.objects.filter(id=row.id).update(failure=failure, terms=None)
