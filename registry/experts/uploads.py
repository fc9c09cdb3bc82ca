"""Bringing files: parts go straight to S3 by presigned URL; what a row says and what the store holds meet here.

The rows are the truth and the store follows. Killed at any line, the same call made again goes on from there; what
nobody goes on with is swept.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from registry import storage
from registry.accounts.models import Role
from registry.accounts.queries import demand_role, reach_of
from registry.actors import Actor
from registry.audit.events import Event
from registry.audit.log import record
from registry.errors import Invalid, NotFound, Taken, WrongState
from registry.experts.incoming import PREFIX, forget_unnamed
from registry.experts.models import (
    Anchor,
    AnchorState,
    ExpertVersion,
    IncomingObject,
    SignedPart,
    UploadedFile,
    VersionState,
)
from registry.experts.queries import get_file, home_of, lock_anchor, lock_version, parts_of_file
from registry.experts.rules import ANCHOR_FILES, PACKAGE_FILES, check_file, check_part, part_size_for

STRAY_HOURS = 24  # an upload that no row knows may be one that is being begun; after a day it is not


def add_version_file(version_id: UUID, *, path: str, size: int, sha256: str, by: Actor) -> UploadedFile:
    """Open the upload of one file of a draft. Asked again with the same file, the same upload is answered."""
    file = _declare(lock_version, version_id, path=path, size=size, sha256=sha256, by=by)
    return _opened(file, by=by)


def add_anchor_file(anchor_id: UUID, *, path: str, size: int, sha256: str, by: Actor) -> UploadedFile:
    file = _declare(lock_anchor, anchor_id, path=path, size=size, sha256=sha256, by=by)
    return _opened(file, by=by)


def sign_parts(file_id: UUID, parts: Sequence[tuple[int, str]], *, by: Actor) -> list[storage.SignedPart]:
    """URLs for these parts (number, SHA-256 in hex). Each takes exactly those bytes, for a few minutes."""
    file = get_file_for(file_id, actor=by)
    _demand_bringer(home_of(file), by)
    if file.completed_at is not None:
        raise WrongState(f"{file.path} is complete; nothing more is taken for it.")
    cut = parts_of_file(file)
    for number, sha256 in parts:
        check_part(number, sha256, count=cut.count)
    if not file.upload_id:
        file = _opened(file, by=by)
    SignedPart.objects.bulk_create(
        [SignedPart(file=file, number=number, sha256=sha256) for number, sha256 in dict(parts).items()],
        update_conflicts=True,
        unique_fields=["file", "number"],
        update_fields=["sha256"],
    )
    return [
        storage.sign_part(
            file.key,
            file.upload_id,
            number=number,
            sha256=sha256,
            size=cut.size_of(number, file_size=file.size),
        )
        for number, sha256 in parts
    ]


def arrived_parts(file: UploadedFile) -> list[storage.Part]:
    """What the store holds of an unfinished file, so that only the rest is sent."""
    if file.completed_at is not None or not file.upload_id:
        return []
    try:
        parts = storage.parts_of(file.key, file.upload_id)
    except storage.Missing:
        if not _is_joined(file):
            return []
        cut = parts_of_file(file)
        sizes = {number: cut.size_of(number, file_size=file.size) for number in range(1, cut.count + 1)}
        parts = [storage.Part(number, "", "", size) for number, size in sizes.items()]
    return [part for part in _with_digests(file, parts) if part.sha256]


def complete_file(file_id: UUID, *, by: Actor) -> UploadedFile:
    """Join the parts, all of which must be there. Asked again, it answers the same."""
    file = get_file_for(file_id, actor=by)
    _demand_bringer(home_of(file), by)
    if file.completed_at is None:
        _join(file)
        file = _mark_completed(file.id, by=by)
    return file


def get_file_for(file_id: UUID, *, actor: Actor) -> UploadedFile:
    """A file of something that the actor may see from the inside."""
    file = get_file(file_id)
    reach = reach_of(actor)
    inside = file.version is not None and file.version.expert.organisation_id in reach.organisations
    if not (reach.everything or inside):
        raise NotFound("There is no such file.")
    return file


def sweep_uploads(*, by: Actor) -> int:
    """Drop what was never finished, what failed, and what the store holds for no row; how many files that were."""
    dropped = _drop_rows(by=by) | forget_unnamed()
    # In this order: an object that a commit names in between is in the second, if not in the first.
    rows = [*IncomingObject.objects.values_list("key", "upload_id", "completed_at")]
    rows += UploadedFile.objects.values_list("key", "upload_id", "completed_at")
    known = {key for key, _, _ in rows}
    wanted = {(key, upload_id) for key, upload_id, completed_at in rows if completed_at is None}
    old = timezone.now() - timedelta(hours=STRAY_HOURS)
    for key, upload_id, begun in storage.begun_uploads(PREFIX):
        if key in dropped or ((key, upload_id) not in wanted and begun < old):
            storage.abandon_upload(key, upload_id)
    for key, written in storage.keys_under(PREFIX):
        if key in dropped or (key not in known and written < old):
            storage.delete(key)
    return len(dropped)


@transaction.atomic
def _declare(
    lock: Callable[[UUID], ExpertVersion | Anchor], home_id: UUID, *, path: str, size: int, sha256: str, by: Actor
) -> UploadedFile:
    home = lock(home_id)
    _demand_bringer(home, by)
    allowed = PACKAGE_FILES if isinstance(home, ExpertVersion) else ANCHOR_FILES
    check_file(path, size=size, sha256=sha256, allowed=allowed, limit=settings.MAX_FILE_BYTES)
    if home.state != VersionState.DRAFT:
        raise WrongState(f"{home} is {home.state}; files are taken for a draft only.")
    known = home.files.filter(path=path).first()
    if known is not None:
        if (known.size, known.sha256) != (size, sha256):
            raise Taken(f"{home} has another {path} already ({known.sha256}); draft a new version for other bytes.")
        return known
    file_id = uuid4()
    file = home.files.create(
        id=file_id,
        path=path,
        size=size,
        sha256=sha256,
        key=f"{PREFIX}{file_id}/{path}",
        part_size=part_size_for(size, wanted=settings.UPLOAD_PART_BYTES),
    )
    record(Event.UPLOAD_STARTED, about=str(home), by=by, facts={"path": path, "size": size, "sha256": sha256})
    return file


def _opened(file: UploadedFile, *, by: Actor) -> UploadedFile:
    """The file with a multipart upload that takes parts; a new one if there is none, or it is gone."""
    if file.completed_at is not None:
        return file
    if file.upload_id:
        try:
            storage.parts_of(file.key, file.upload_id)
        except storage.Missing:
            if _is_joined(file):
                return _mark_completed(file.id, by=by)
        else:
            return file
    upload_id = storage.begin_upload(file.key)
    changed = UploadedFile.objects.filter(id=file.id, upload_id=file.upload_id, completed_at=None).update(
        upload_id=upload_id
    )
    if not changed:  # somebody else was a moment faster
        storage.abandon_upload(file.key, upload_id)
    return get_file(file.id)


def _is_joined(file: UploadedFile) -> bool:
    """By a call that was killed before it could say so. Of an upload that is gone."""
    return storage.size_of(file.key) == file.size


def _join(file: UploadedFile) -> None:
    cut = parts_of_file(file)
    try:
        parts = storage.parts_of(file.key, file.upload_id) if file.upload_id else []
    except storage.Missing:
        if _is_joined(file):
            return
        raise WrongState(f"The upload of {file.path} is gone; add the file again.") from None
    sizes = {part.number: part.size for part in parts}
    wanted = {number: cut.size_of(number, file_size=file.size) for number in range(1, cut.count + 1)}
    missing = [number for number in wanted if number not in sizes]
    if missing:
        raise WrongState(f"{len(missing)} of {cut.count} parts of {file.path} are missing, the first is {missing[0]}.")
    wrong = [number for number in sizes if sizes[number] != wanted.get(number)]
    if wrong:
        raise Invalid(f"Part {wrong[0]} of {file.path} has {sizes[wrong[0]]} bytes, not {wanted.get(wrong[0], 0)}.")
    try:
        storage.finish_upload(file.key, file.upload_id, _with_digests(file, parts))
    except storage.Mismatch:
        # Which part it is, the store does not say: none of them counts as arrived any more.
        file.signed_parts.all().delete()
        raise Invalid(f"The parts of {file.path} are not those that were signed; send them again.") from None


def _with_digests(file: UploadedFile, parts: Sequence[storage.Part]) -> list[storage.Part]:
    """The parts with the digests they were signed with, where the store does not tell them."""
    signed = dict(file.signed_parts.values_list("number", "sha256"))
    return [replace(part, sha256=part.sha256 or signed.get(part.number, "")) for part in parts]


@transaction.atomic
def _mark_completed(file_id: UUID, *, by: Actor) -> UploadedFile:
    file = UploadedFile.objects.select_for_update(of=("self",)).filter(id=file_id).first()
    if file is None:
        raise NotFound("The file was swept; add it again.")
    if file.completed_at is None:
        file.completed_at = timezone.now()
        file.save(update_fields=["completed_at"])
        file.signed_parts.all().delete()
        facts = {"path": file.path, "size": file.size, "sha256": file.sha256}
        record(Event.UPLOAD_COMPLETED, about=str(home_of(file)), by=by, facts=facts)
    return file


def _demand_bringer(home: ExpertVersion | Anchor, by: Actor) -> None:
    if isinstance(home, ExpertVersion):
        demand_role(by, Role.OWNER, home.expert.organisation)
    else:
        demand_role(by, Role.OPERATOR)


@transaction.atomic
def _drop_rows(*, by: Actor) -> set[str]:
    """Forget files of drafts that nobody finished in time, and of what failed; the keys to delete."""
    late = timezone.now() - timedelta(hours=settings.UPLOAD_HOURS)
    idle = Q(created_at__lt=late) & (Q(version__state=VersionState.DRAFT) | Q(anchor__state=AnchorState.DRAFT))
    failed = Q(version__state=VersionState.FAILED) | Q(anchor__state=AnchorState.FAILED)
    given_up = Q(version__state=VersionState.WITHDRAWN, completed_at=None)
    dropped = set()
    for file_id in list(UploadedFile.objects.filter(idle | failed | given_up).values_list("id", flat=True)):
        file = UploadedFile.objects.get(id=file_id)
        if _lock_and_is_over(file):
            facts = {"path": file.path, "size": file.size, "sha256": file.sha256}
            record(Event.UPLOAD_SWEPT, about=str(home_of(file)), by=by, facts=facts)
            dropped.add(file.key)
            file.delete()
    return dropped


def _lock_and_is_over(file: UploadedFile) -> bool:
    """Decide on the locked row: its owner may be submitting it this very moment."""
    home: ExpertVersion | Anchor
    home = lock_version(file.version_id) if file.version_id is not None else lock_anchor(home_of(file).id)
    over = home.state in {VersionState.DRAFT, VersionState.FAILED}
    return over or (home.state == VersionState.WITHDRAWN and file.completed_at is None)
