"""Erasing what the log only commits to. The log itself stays as it is, and so does every proof."""

from collections.abc import Sequence

from django.db import transaction

from registry.actors import Actor
from registry.audit.events import Event
from registry.audit.log import record
from registry.audit.models import Payload


@transaction.atomic
def erase_payloads(entry_ids: Sequence[int], *, reason: str, by: Actor) -> int:
    """Forget the private words behind these entries, for good; how many there were. The caller has asked who may."""
    rows = Payload.objects.select_for_update().filter(entry__in=entry_ids)
    erased = sorted(set(rows.values_list("entry_id", flat=True)))
    if not erased:
        return 0
    count, _ = rows.delete()
    for start in range(0, len(erased), 1000):
        facts = {"entries": erased[start : start + 1000]}
        record(Event.PAYLOADS_ERASED, about="log", by=by, facts=facts, private={"reason": reason})
    return count
