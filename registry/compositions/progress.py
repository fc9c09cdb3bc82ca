"""How far a build has come: for people to watch, never for the service to decide by."""

import time
from typing import Any
from uuid import UUID

from django.utils import timezone

from registry.compositions.models import RUNNING, Composition

TELLING = 1.0  # seconds; what went on for less says nothing of its pace


def note_progress(
    composition_id: UUID,
    *,
    step: str,
    done: int,
    total: int,
    bytes_done: int | None = None,
    bytes_total: int | None = None,
) -> None:
    """Also a sign of life: a build that shows none is sent again by the sweep. Bytes are told where they are known."""
    running = Composition.objects.filter(id=composition_id, state__in=RUNNING)
    before = running.values_list("progress", flat=True).first() or {}
    now = time.time()
    began = before.get("began", now) if before.get("step") == step else now
    progress: dict[str, Any] = {"step": step, "done": done, "total": total, "began": began}
    share = done / total if total else 0.0
    if bytes_done is not None and bytes_total:
        progress |= {"bytes_done": bytes_done, "bytes_total": bytes_total}
        share = bytes_done / bytes_total
    if share > 0 and now - began >= TELLING:
        progress["seconds_left"] = round((now - began) * (1 - share) / share)
    running.update(progress=progress, changed_at=timezone.now())
