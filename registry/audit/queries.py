"""Reading the log, in the order it was written."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from registry.audit.log import leaf_hash
from registry.audit.models import Entry


@dataclass(frozen=True, slots=True)
class Told:
    """An entry as a reader sees it: the leaf's own words, not the look-up columns."""

    seq: int
    at: datetime
    event: str
    about: str
    actor: str
    facts: dict[str, Any]
    leaf_hash: str


def told(entry: Entry) -> Told:
    leaf = json.loads(bytes(entry.leaf))
    return Told(
        seq=entry.seq,
        at=entry.at,
        event=leaf["event"],
        about=leaf["about"],
        actor=leaf["actor"],
        facts=leaf["facts"],
        leaf_hash=entry.leaf_hash,
    )


def entries(*, about: str = "", event: str = "", actor: str = "") -> QuerySet[Entry]:
    rows = Entry.objects.order_by("seq")
    if about:
        rows = rows.filter(about=about)
    if event:
        rows = rows.filter(event=event)
    if actor:
        rows = rows.filter(actor=actor)
    return rows


def first_broken() -> int | None:
    """The place of the first entry whose leaf no longer has its hash or its columns; None when all is whole."""
    for entry in Entry.objects.order_by("seq").iterator():
        leaf = json.loads(bytes(entry.leaf))
        columns = (entry.event, entry.about, entry.actor)
        if leaf_hash(bytes(entry.leaf)) != entry.leaf_hash or columns != (
            leaf["event"],
            leaf["about"],
            leaf["actor"],
        ):
            return entry.seq
    return None
