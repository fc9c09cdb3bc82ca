"""How far a build has come: for people to watch, never for the service to decide by."""

from uuid import UUID

from django.utils import timezone

from registry.compositions.models import RUNNING, Composition


def note_progress(composition_id: UUID, *, step: str, done: int, total: int) -> None:
    """Also a sign of life: a build that shows none is sent again by the sweep."""
    progress = {"step": step, "done": done, "total": total}
    Composition.objects.filter(id=composition_id, state__in=RUNNING).update(
        progress=progress, changed_at=timezone.now()
    )
