"""Which objects go with a version, and which stay because somebody else needs the same bytes."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from registry.compositions.models import RUNNING, SERVED, Composition, RepositoryFile, Shard
from registry.experts.models import ExpertVersion, UploadedFile, VersionState
from registry.withdrawals.models import LegalHold, Withdrawal

LIVING = {VersionState.SUBMITTED, VersionState.VERIFIED, VersionState.APPROVED, VersionState.PAUSED}


@dataclass(frozen=True, slots=True)
class Doomed:
    """Keys to destroy; and those that stay, with who needs them."""

    keys: tuple[str, ...]
    kept: tuple[str, ...]


def doomed_by(withdrawal: Withdrawal) -> Doomed:
    """The version's own files, its shards, and what only withdrawn models are made of."""
    version = withdrawal.version
    own = set(UploadedFile.objects.filter(version=version).values_list("key", flat=True))
    shards = set(Shard.objects.filter(data_digest=version.data_digest).values_list("key", flat=True))
    twins = same_bytes(version)
    composed = set(RepositoryFile.objects.filter(composition__in=held(version)).values_list("key", flat=True))
    needed = set(RepositoryFile.objects.filter(composition__state__in=RUNNING | SERVED).values_list("key", flat=True))
    needed |= set(UploadedFile.objects.exclude(version=version).values_list("key", flat=True))
    needed |= set(Shard.objects.exclude(data_digest=version.data_digest).values_list("key", flat=True))
    if twins:
        needed |= shards
    return Doomed(
        keys=tuple(sorted((own | shards | composed) - needed)),
        kept=tuple(sorted(f"{key} (needed by {twins[0]})" for key in shards & needed)) if twins else (),
    )


def held(version: ExpertVersion) -> QuerySet[Composition, Any]:
    """Builds that hold the version and are over."""
    rows = Composition.objects.exclude(state__in=RUNNING | SERVED)
    return rows.filter(Q(inclusions__version=version) | Q(decisions__version=version)).values("id")


def same_bytes(version: ExpertVersion) -> list[ExpertVersion]:
    """Other versions in use with the same weights: the owner brought them twice."""
    if not version.data_digest:
        return []
    rows = ExpertVersion.objects.filter(data_digest=version.data_digest, state__in=LIVING).exclude(id=version.id)
    return list(rows.select_related("expert__organisation").order_by("created_at"))


def hold_on(version: ExpertVersion) -> LegalHold | None:
    return LegalHold.objects.filter(version=version, lifted_at=None).first()
