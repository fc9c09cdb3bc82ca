"""Finding anchors, experts, versions and their files. What an actor may not see is not found."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

from registry.accounts.queries import reach_of
from registry.actors import Actor
from registry.errors import NotFound
from registry.experts.models import (
    STILL_WANTED,
    Anchor,
    AnchorState,
    Expert,
    ExpertVersion,
    UploadedFile,
    VersionState,
)
from registry.experts.rules import Parts, parts_for

T = TypeVar("T")
# Seen by everybody who is signed in, even when it is withdrawn; the others only by their organisation and by those who
# check. What was withdrawn before it was approved stays as private as it was.
PUBLIC = Q(approved_at__isnull=False)


def visible_anchors(actor: Actor) -> QuerySet[Anchor]:
    rows = Anchor.objects.order_by("-created_at", "id")
    return rows if reach_of(actor).everything else rows.filter(state=AnchorState.VERIFIED)


def visible_versions(actor: Actor) -> QuerySet[ExpertVersion]:
    rows = ExpertVersion.objects.select_related("expert__organisation", "expert__anchor", "created_by", "signed_with")
    return rows.filter(reach_of(actor).rows("expert__organisation") | PUBLIC)


def visible_experts(actor: Actor) -> QuerySet[Expert]:
    """Experts with the versions that the actor may see in `seen_versions`, the newest first."""
    public = ExpertVersion.objects.filter(PUBLIC, expert=OuterRef("id"))
    return (
        Expert.objects.filter(reach_of(actor).rows() | Exists(public))
        .select_related("organisation", "anchor")
        .prefetch_related(
            Prefetch("versions", queryset=visible_versions(actor).order_by("-number"), to_attr="seen_versions")
        )
        .order_by("-created_at", "id")
    )


def find_experts(
    actor: Actor, *, domain: str = "", anchor: str = "", organisation: str = "", state: str = "", q: str = ""
) -> QuerySet[Expert]:
    """The catalogue, narrowed down. `state`: some version that the actor may see is in it."""
    rows = visible_experts(actor)
    if domain:
        rows = rows.filter(domain=domain)
    if anchor:
        rows = rows.filter(anchor__slug=anchor)
    if organisation:
        rows = rows.filter(organisation__slug=organisation)
    if state:
        in_state = visible_versions(actor).filter(expert=OuterRef("id"), state=state)
        rows = rows.filter(Exists(in_state.order_by()))
    for word in q.split():
        rows = rows.filter(
            Q(name__icontains=word)
            | Q(title__icontains=word)
            | Q(description__icontains=word)
            | Q(domain__icontains=word)
            | Q(organisation__slug__icontains=word)
        )
    return rows


def get_anchor(slug: str) -> Anchor:
    return _found(Anchor.objects.filter(slug=slug).first(), f"There is no anchor called {slug}.")


def get_visible_anchor(slug: str, *, actor: Actor) -> Anchor:
    return _found(visible_anchors(actor).filter(slug=slug).first(), f"There is no anchor called {slug}.")


def lock_anchor(anchor_id: UUID) -> Anchor:
    return _found(Anchor.objects.select_for_update().filter(id=anchor_id).first(), "There is no such anchor.")


def split_name(full_name: str) -> tuple[str, str]:
    organisation, _, name = full_name.partition("/")
    return organisation, name


def get_expert(full_name: str) -> Expert:
    """By "organisation/name"."""
    organisation, name = split_name(full_name)
    rows = Expert.objects.select_related("organisation", "anchor")
    return _found(
        rows.filter(organisation__slug=organisation, name=name).first(), f"There is no expert called {full_name}."
    )


def get_visible_expert(full_name: str, *, actor: Actor) -> Expert:
    organisation, name = split_name(full_name)
    rows = visible_experts(actor).filter(organisation__slug=organisation, name=name)
    return _found(rows.first(), f"There is no expert called {full_name}.")


def get_version(version_id: UUID) -> ExpertVersion:
    rows = ExpertVersion.objects.select_related("expert__organisation", "expert__anchor", "created_by", "signed_with")
    return _found(rows.filter(id=version_id).first(), "There is no such version.")


def get_visible_version(version_id: UUID, *, actor: Actor) -> ExpertVersion:
    return _found(visible_versions(actor).filter(id=version_id).first(), "There is no such version.")


def lock_version(version_id: UUID) -> ExpertVersion:
    """The version, so that nobody else changes it until the transaction ends."""
    rows = ExpertVersion.objects.select_related("expert__organisation", "expert__anchor")
    return _found(rows.select_for_update(of=("self",)).filter(id=version_id).first(), "There is no such version.")


def approved_versions_of(expert: Expert) -> QuerySet[ExpertVersion]:
    """The newest first."""
    return expert.versions.filter(state=VersionState.APPROVED).order_by("-number")


def files_of(home: ExpertVersion | Anchor) -> QuerySet[UploadedFile]:
    return home.files.order_by("path")


def get_file(file_id: UUID) -> UploadedFile:
    rows = UploadedFile.objects.select_related("version__expert__organisation", "anchor")
    return _found(rows.filter(id=file_id).first(), "There is no such file.")


def home_of(file: UploadedFile) -> ExpertVersion | Anchor:
    """A constraint of the table holds it: there is exactly one."""
    if file.version is not None:
        return file.version
    return _found(file.anchor, "This file belongs to nothing.")


def parts_of_file(file: UploadedFile) -> Parts:
    return parts_for(file.size, file.part_size)


def neighbours_of(version: ExpertVersion) -> Iterator[tuple[ExpertVersion, bytes]]:
    """All other experts of its anchor that are used or may be, with their samples; a few at a time."""
    rows = ExpertVersion.objects.filter(
        expert__anchor=version.expert.anchor_id, state__in=STILL_WANTED, weight_sample__isnull=False
    ).exclude(id=version.id)
    for other in rows.select_related("weight_sample", "expert__organisation").iterator(chunk_size=64):
        yield other, bytes(other.weight_sample.data)


def submitted_ids(*, before: datetime) -> tuple[Sequence[UUID], Sequence[UUID]]:
    """Anchors and versions that were submitted and have no verdict yet; for the sweep, which sends their jobs again."""
    versions = ExpertVersion.objects.filter(state=VersionState.SUBMITTED, submitted_at__lt=before)
    anchors = Anchor.objects.filter(state=AnchorState.SUBMITTED, submitted_at__lt=before)
    return list(anchors.values_list("id", flat=True)), list(versions.values_list("id", flat=True))


def _found(row: T | None, sentence: str) -> T:
    if row is None:
        raise NotFound(sentence)
    return row
