"""Which objects go with a version, and which stay because somebody else needs the same bytes."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from registry import storage
from registry.compositions.models import RUNNING, SERVED, Composition, RepositoryFile, Shard
from registry.compositions.queries import shards_of
from registry.experts.models import STILL_WANTED, ExpertVersion, UploadedFile
from registry.withdrawals.models import LegalHold, Withdrawal


@dataclass(frozen=True, slots=True)
class Doomed:
    """Keys to destroy; and those that stay, with who needs them."""

    keys: tuple[str, ...]
    kept: tuple[str, ...]


def doomed_by(withdrawal: Withdrawal) -> Doomed:
    """The version's own files, its shards, and what only withdrawn models are made of. It looks into the store."""
    version = withdrawal.version
    own = set(UploadedFile.objects.filter(version=version).values_list("key", flat=True))
    shards = set(Shard.objects.filter(data_digest=version.data_digest).values_list("key", flat=True))
    if version.data_digest:
        shards |= storage.names_under(shards_of(version.data_digest))  # and those that no row speaks of yet
    twins = same_bytes(version)
    files = RepositoryFile.objects.filter(composition__in=held(version)).exclude(key="")  # papers lie in no store
    composed = set(files.values_list("key", flat=True))
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
    rows = ExpertVersion.objects.filter(data_digest=version.data_digest, state__in=STILL_WANTED).exclude(id=version.id)
    return list(rows.select_related("expert__organisation").order_by("created_at"))


def hold_on(version: ExpertVersion) -> LegalHold | None:
    return LegalHold.objects.filter(version=version, lifted_at=None).first()
