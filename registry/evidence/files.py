"""Documents beside a version: added by its owner, read by those who decide on it, kept as the record of what was shown.

The object comes before its row, so that a row always has its bytes; an object that no row names is swept. Whatever is
added changes the version, so that nobody decides on it without having seen it.
"""

import hashlib
import re
from datetime import timedelta
from functools import partial
from tempfile import TemporaryFile
from typing import IO
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet, Sum
from django.utils import timezone

from registry import storage
from registry.accounts.models import Role
from registry.accounts.queries import demand_role, has_role, is_member, person_id_of
from registry.actors import Actor
from registry.audit import clock
from registry.audit.events import Event
from registry.audit.log import record
from registry.errors import Invalid, NotFound, WrongState
from registry.evidence.contents import ENDINGS, UNSEEN
from registry.evidence.inspecting import media_type_of
from registry.evidence.models import EvidenceFile, FileKind
from registry.experts.models import ExpertVersion, VersionState
from registry.experts.queries import get_version, lock_version

PREFIX = "evidence/"
MAX_BYTES = 20 * 2**20
MAX_BYTES_OF_VERSION = 50 * 2**20
MAX_FILES = 50
MAX_NAME = 120
CHUNK = 2**16
STRAY_HOURS = 24  # an object without a row may be one that is being added; after a day it is not
# Until it is decided, and when it is decided again: a reviewer may have asked for a document.
TAKES_FILES = {VersionState.DRAFT, VersionState.SUBMITTED, VersionState.VERIFIED, VersionState.SUSPENDED}
NAME = re.compile(r"[^/\\:*?\"<>|\x00-\x1f\x7f]+")


def may_read_evidence(actor: Actor, version: ExpertVersion) -> bool:
    """Its owner's people; and, once it was handed in, compliance and auditors. Nobody else, operators included."""
    if actor.person_id is None:
        return False
    if is_member(actor, version.expert.organisation_id):
        return True
    handed_in = version.submitted_at is not None or version.state != VersionState.DRAFT
    return handed_in and (has_role(actor, Role.COMPLIANCE) or has_role(actor, Role.AUDITOR))


def may_add_evidence(actor: Actor, version: ExpertVersion) -> tuple[bool, bool]:
    """May they add files as it stands; and take files off again?"""
    owns = has_role(actor, Role.OWNER, version.expert.organisation)
    return owns and version.state in TAKES_FILES, owns and version.state == VersionState.DRAFT


def evidence_files_of(version: ExpertVersion) -> QuerySet[EvidenceFile]:
    return EvidenceFile.objects.filter(version=version).select_related("added_by").order_by("added_at", "id")


def readable_evidence_of(version: ExpertVersion, *, actor: Actor) -> QuerySet[EvidenceFile]:
    if not may_read_evidence(actor, version):
        raise NotFound("There is no such version whose evidence you may read.")
    return evidence_files_of(version)


def get_readable_file(file_id: UUID, *, actor: Actor) -> EvidenceFile:
    file = EvidenceFile.objects.select_related("version__expert__organisation").filter(id=file_id).first()
    if file is None or not may_read_evidence(actor, file.version):
        raise NotFound("There is no such file.")
    return file


def read_evidence(file: EvidenceFile) -> bytes:
    """The bytes that were taken, and no others: they are compared with their digest before anybody sees them."""
    data = storage.read(file.key, limit=MAX_BYTES)
    if f"sha256:{hashlib.sha256(data).hexdigest()}" != file.sha256:
        raise RuntimeError(f"the object of {file} is not the one that was taken")
    return data


def add_evidence(version_id: UUID, source: IO[bytes], *, kind: str, name: str, by: Actor) -> EvidenceFile:
    """Take a document in. Added again, the same one is answered. Invalid says what is wrong with it."""
    version = get_version(version_id)
    _demand_open(version, by)
    _check_name(kind, name)
    with TemporaryFile() as file:
        size, sha256 = _copied(source, file)
        known = EvidenceFile.objects.filter(version=version, kind=kind, sha256=sha256).first()
        if known is not None:
            return known
        _check_room(version, size)
        media_type = media_type_of(file)
        key = f"{PREFIX}{uuid4()}"
        file.seek(0)
        storage.put_file(key, file)
    row = EvidenceFile(kind=kind, name=name.strip(), media_type=media_type, size=size, sha256=sha256, key=key)
    try:
        return _write(version_id, row, by=by)
    except Exception:
        storage.delete(key)  # killed before this, the sweep does it
        raise


@transaction.atomic
def remove_evidence(file_id: UUID, *, by: Actor) -> None:
    """Take a file off a draft. What was handed in stays: somebody may have decided on it."""
    file = get_readable_file(file_id, actor=by)
    version = lock_version(file.version_id)
    demand_role(by, Role.OWNER, version.expert.organisation)
    if version.state != VersionState.DRAFT:
        raise WrongState(f"{version} is {version.state}; what was handed in with it stays with it.")
    if _drop(file, by=by):
        version.save(update_fields=["changed_at"])


def sweep_evidence(*, by: Actor) -> int:
    """Drop the files of drafts that came to nothing, and objects that no row names; how many files that were."""
    late = timezone.now() - timedelta(hours=settings.UPLOAD_HOURS)
    idle = Q(version__state=VersionState.DRAFT, added_at__lt=late)
    failed = Q(version__state=VersionState.FAILED)
    given_up = Q(version__state=VersionState.WITHDRAWN, version__submitted_at=None)
    dropped = 0
    for file in EvidenceFile.objects.filter(idle | failed | given_up):
        dropped += _drop_if_over(file, by=by)
    old = timezone.now() - timedelta(hours=STRAY_HOURS)
    for key in [key for key, written in storage.keys_under(PREFIX) if written < old]:
        if not EvidenceFile.objects.filter(key=key).exists():
            storage.destroy(key)
    return dropped


def download_name(file: EvidenceFile) -> str:
    """Its name with an ending that says what it really is."""
    endings = ENDINGS[file.media_type]
    return file.name if file.name.lower().endswith(endings) else file.name + endings[0]


def _demand_open(version: ExpertVersion, by: Actor) -> None:
    demand_role(by, Role.OWNER, version.expert.organisation)
    if version.state not in TAKES_FILES:
        raise WrongState(f"{version} is {version.state}; documents are taken until it is decided on.")


def _check_name(kind: str, name: str) -> None:
    if kind not in FileKind.values:
        raise Invalid(f'"{kind[:40]}" is no kind of evidence; choose from {", ".join(FileKind.values)}.')
    bare = name.strip()
    if not bare or len(bare) > MAX_NAME or not NAME.fullmatch(bare) or UNSEEN.search(bare) or bare.strip(".") == "":
        raise Invalid(f"The file needs a name of at most {MAX_NAME} characters, without folders and invisible signs.")


def _copied(source: IO[bytes], to: IO[bytes]) -> tuple[int, str]:
    size, digest = 0, hashlib.sha256()
    while chunk := source.read(CHUNK):
        size += len(chunk)
        if size > MAX_BYTES:
            raise Invalid(f"The file has more than {MAX_BYTES // 2**20} MiB; send a smaller one, or parts of it.")
        digest.update(chunk)
        to.write(chunk)
    return size, f"sha256:{digest.hexdigest()}"


def _check_room(version: ExpertVersion, size: int) -> None:
    rows = EvidenceFile.objects.filter(version=version)
    held = rows.aggregate(bytes=Sum("size"))["bytes"] or 0
    if held + size > MAX_BYTES_OF_VERSION:
        limit = MAX_BYTES_OF_VERSION // 2**20
        raise Invalid(f"With this file the evidence of {version} would have more than {limit} MiB; send a smaller one.")
    if rows.count() >= MAX_FILES:
        raise Invalid(f"{version} has {MAX_FILES} files beside it already; put several documents into one.")


@transaction.atomic
def _write(version_id: UUID, row: EvidenceFile, *, by: Actor) -> EvidenceFile:
    version = lock_version(version_id)
    _demand_open(version, by)
    _check_room(version, row.size)
    row.version, row.added_by_id, row.added_at = version, person_id_of(by), clock.now()
    row.save(force_insert=True)
    facts = {name: getattr(row, name) for name in ("kind", "media_type", "size", "sha256")} | {"file": str(row.id)}
    record(Event.EVIDENCE_ADDED, about=str(version), by=by, facts=facts, private={"name": row.name})
    version.save(update_fields=["changed_at"])  # what reviewers have read is stale now
    return row


def _drop(file: EvidenceFile, *, by: Actor) -> bool:
    """The row goes first; its object follows when the row is gone for good, or else with the next sweep."""
    if not EvidenceFile.objects.filter(id=file.id).delete()[0]:
        return False
    facts = {"file": str(file.id), "kind": file.kind, "sha256": file.sha256}
    record(Event.EVIDENCE_REMOVED, about=str(file.version), by=by, facts=facts)
    transaction.on_commit(partial(storage.destroy, file.key), robust=True)
    return True


@transaction.atomic
def _drop_if_over(file: EvidenceFile, *, by: Actor) -> bool:
    """Decide on the locked version: its owner may be submitting it this very moment."""
    version = lock_version(file.version_id)
    over = version.state in {VersionState.DRAFT, VersionState.FAILED}
    over |= version.state == VersionState.WITHDRAWN and version.submitted_at is None
    return over and _drop(file, by=by)
