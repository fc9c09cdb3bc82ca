"""Bytes that stock clients of the hub's protocol bring: first by digest alone, then, with a commit, as a draft's files.

As in `uploads` the rows are the truth and the store follows: asked again, each call goes on where the last one was
killed, and what nobody names in a commit is swept.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from registry import digests, storage
from registry.accounts.models import Role
from registry.accounts.queries import demand_role, person_id_of
from registry.actors import Actor
from registry.audit.events import Event
from registry.audit.log import record
from registry.errors import Busy, Invalid, NotFound, WrongState
from registry.experts.models import Expert, ExpertVersion, IncomingObject, UploadedFile, VersionState
from registry.experts.queries import lock_version
from registry.experts.rules import DIGEST, MIB, PACKAGE_FILES, check_file, parts_for

PREFIX = "uploads/"
MOST_PARTS = 500  # all their addresses stand in one answer
MOST_UNNAMED = 32  # objects of one expert that no commit has named yet


@dataclass(frozen=True, slots=True)
class Named:
    """A file as a commit names it: with its bytes where they are few, else with the digest of what was brought."""

    path: str
    sha256: str
    size: int
    data: bytes | None = None

    @classmethod
    def of_bytes(cls, path: str, data: bytes) -> "Named":
        return cls(path, digests.sha256(data), len(data), data)


def newest_draft(expert: Expert) -> ExpertVersion | None:
    return expert.versions.filter(state=VersionState.DRAFT).order_by("-number").first()


def is_here(expert: Expert, *, sha256: str, size: int) -> bool:
    """Have these bytes arrived in full, for its draft or for a commit to come?"""
    objects = IncomingObject.objects.filter(expert=expert, sha256=sha256, size=size, completed_at__isnull=False)
    draft = newest_draft(expert)
    files = UploadedFile.objects.filter(version=draft, sha256=sha256, size=size, completed_at__isnull=False)
    return objects.exists() or (draft is not None and files.exists())


def open_object(expert: Expert, *, sha256: str, size: int, by: Actor) -> IncomingObject:
    """Room for bytes with this digest. Asked again, the same object is answered."""
    row = declare_object(expert, sha256=sha256, size=size, by=by)
    if row.completed_at is not None or _is_open(row):
        return row
    if _is_joined(row):
        return _mark_completed(row)
    upload_id = storage.begin_unchecked_upload(row.key)
    rows = IncomingObject.objects.filter(id=row.id, upload_id=row.upload_id, completed_at=None)
    if not rows.update(upload_id=upload_id):  # somebody else was a moment faster
        storage.abandon_upload(row.key, upload_id)
    row.refresh_from_db()
    return row


def part_urls(row: IncomingObject) -> list[str]:
    """Where each part is put, from the first to the last."""
    cut = parts_for(row.size, row.part_size)
    return [
        storage.sign_unchecked_part(
            row.key,
            row.upload_id,
            number=number,
            size=cut.size_of(number, file_size=row.size),
            seconds=settings.HUB_UPLOAD_SECONDS,
        )
        for number in range(1, cut.count + 1)
    ]


def complete_object(object_id: UUID, *, by: Actor) -> IncomingObject:
    """Join the parts, all of which must be there, each of its size. Asked again, it answers the same."""
    row = IncomingObject.objects.select_related("expert__organisation").filter(id=object_id).first()
    if row is None:
        raise NotFound("This upload is over, or was swept; upload the file again.")
    demand_role(by, Role.OWNER, row.expert.organisation)
    if row.completed_at is None:
        _join(row)
        row = _mark_completed(row)
    return row


def change_draft(
    version_id: UUID, files: Sequence[Named], *, without: AbstractSet[str] = frozenset(), by: Actor
) -> ExpertVersion:
    """Put files into a draft, whole ones only, and take others off; all of it or nothing."""
    for file in files:
        check_file(file.path, size=file.size, sha256=file.sha256, allowed=PACKAGE_FILES, limit=settings.MAX_FILE_BYTES)
    staged = {}
    for file in files:
        if file.data is not None:
            staged[file.path] = f"{PREFIX}{uuid4()}/{file.path}"
            storage.put(staged[file.path], file.data)
    return _change(version_id, files, staged, without=without, by=by)


def forget_unnamed() -> set[str]:
    """Forget what no commit has named in time; the keys to delete."""
    late = timezone.now() - timedelta(hours=settings.UPLOAD_HOURS)
    dropped = set()
    for row in IncomingObject.objects.filter(created_at__lt=late):
        if IncomingObject.objects.filter(id=row.id).delete()[0]:  # else a commit took it this very moment
            dropped.add(row.key)
    return dropped


@transaction.atomic
def declare_object(expert: Expert, *, sha256: str, size: int, by: Actor) -> IncomingObject:
    """The row of bytes with this digest, one for each expert."""
    demand_role(by, Role.OWNER, expert.organisation)
    if not DIGEST.fullmatch(sha256) or not 1 <= size <= settings.MAX_FILE_BYTES:
        raise Invalid(f"A file of {size} bytes is not taken; one has 1 to {settings.MAX_FILE_BYTES} bytes.")
    Expert.objects.select_for_update(of=("self",)).get(id=expert.id)
    known = IncomingObject.objects.filter(expert=expert, sha256=sha256, size=size).first()
    if known is not None:
        return known
    if IncomingObject.objects.filter(expert=expert).count() >= MOST_UNNAMED:
        raise Busy(f"{expert} has {MOST_UNNAMED} uploads that no commit has named; name them, or wait for the sweep.")
    object_id = uuid4()
    return IncomingObject.objects.create(
        id=object_id,
        expert=expert,
        sha256=sha256,
        size=size,
        key=f"{PREFIX}{object_id}/incoming",
        part_size=max(settings.UPLOAD_PART_BYTES, -(-size // MOST_PARTS // MIB) * MIB),
        brought_by_id=person_id_of(by),
    )


def _is_open(row: IncomingObject) -> bool:
    if not row.upload_id:
        return False
    try:
        storage.parts_of(row.key, row.upload_id)
    except storage.Missing:
        return False
    return True


def _is_joined(row: IncomingObject) -> bool:
    """By a call that was killed before it could say so. Of an upload that is gone."""
    return bool(row.upload_id) and storage.size_of(row.key) == row.size


def _mark_completed(row: IncomingObject) -> IncomingObject:
    IncomingObject.objects.filter(id=row.id, completed_at=None).update(completed_at=timezone.now())
    row.refresh_from_db()
    return row


def _join(row: IncomingObject) -> None:
    cut = parts_for(row.size, row.part_size)
    try:
        parts = storage.parts_of(row.key, row.upload_id)
    except storage.Missing:
        if _is_joined(row):
            return
        raise WrongState("This upload is gone; upload the file again.") from None
    wanted = {number: cut.size_of(number, file_size=row.size) for number in range(1, cut.count + 1)}
    if {part.number: part.size for part in parts} != wanted:
        raise WrongState(f"{len(parts)} of {cut.count} parts have arrived as they should; upload the file again.")
    storage.finish_upload(row.key, row.upload_id, parts)


@transaction.atomic
def _change(
    version_id: UUID, files: Sequence[Named], staged: Mapping[str, str], *, without: AbstractSet[str], by: Actor
) -> ExpertVersion:
    version = lock_version(version_id)
    demand_role(by, Role.OWNER, version.expert.organisation)
    if version.state != VersionState.DRAFT:
        raise WrongState(f"{version} is {version.state}; files are taken for a draft only.")
    there = {row.path: row for row in version.files.all()}
    named = {file.path: file for file in files}
    for path in sorted(without - set(named)):
        if path in there:
            _remove(version, there[path], by=by)
    for path, file in named.items():
        old = there.get(path)
        if old is not None and old.completed_at and (old.sha256, old.size) == (file.sha256, file.size):
            _forget_later(staged.get(path))
            continue
        if old is not None:
            _remove(version, old, by=by)
        _name(version, file, key=staged.get(path), by=by)
    return version


def _name(version: ExpertVersion, file: Named, *, key: str | None, by: Actor) -> None:
    part_size = settings.UPLOAD_PART_BYTES
    if key is None:
        rows = IncomingObject.objects.select_for_update().filter(expert=version.expert, completed_at__isnull=False)
        brought = rows.filter(sha256=file.sha256, size=file.size).first()
        if brought is None:
            raise WrongState(f"The bytes of {file.path} have not arrived; upload it again.")
        key, part_size = brought.key, brought.part_size
        brought.delete()
    now = timezone.now()
    version.files.create(
        path=file.path, size=file.size, sha256=file.sha256, key=key, part_size=part_size, completed_at=now
    )
    facts = {"path": file.path, "size": file.size, "sha256": file.sha256}
    record(Event.UPLOAD_STARTED, about=str(version), by=by, facts=facts)
    record(Event.UPLOAD_COMPLETED, about=str(version), by=by, facts=facts)


def _remove(version: ExpertVersion, row: UploadedFile, *, by: Actor) -> None:
    facts = {"path": row.path, "size": row.size, "sha256": row.sha256}
    record(Event.UPLOAD_REMOVED, about=str(version), by=by, facts=facts)
    _forget_later(row.key)
    row.delete()


def _forget_later(key: str | None) -> None:
    """Once the rows do not speak of it any more. Killed in between, it is a stray, and swept."""
    if key is not None:
        transaction.on_commit(partial(storage.destroy, key), robust=True)
