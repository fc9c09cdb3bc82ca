"""What a verification notes on its way. Nothing is decided by it, so the log need not hear of it."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from registry.experts.models import ExpertVersion, VersionState, WeightSample


def note_checks(version_id: UUID, checks: Sequence[Mapping[str, Any]]) -> None:
    """The checks that were made so far, for whoever watches."""
    ExpertVersion.objects.filter(id=version_id, state=VersionState.SUBMITTED).update(checks=list(checks))


def keep_anchor_sample(anchor_id: UUID, data: bytes) -> None:
    """Follows from the anchor's bytes; kept so that they are not read for each of its experts."""
    WeightSample.objects.get_or_create(anchor_id=anchor_id, defaults={"data": data})
