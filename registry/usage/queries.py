"""What left the house, who has it, and what the log says of an organisation's experts."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from registry.accounts.models import Organisation, Person
from registry.audit.events import Event
from registry.audit.queries import entries, published_size
from registry.compositions.models import Composition, Inclusion
from registry.errors import Invalid
from registry.experts.models import ExpertVersion
from registry.usage.models import Download
from registry.usage.statements import RECORDED, Statement, statement_of

MONTH = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])", re.ASCII)
MANY = 1000


@dataclass(frozen=True, slots=True)
class Recipients:
    """Who has, or may have, something of a version: each consumer with its revisions, and who downloaded for it."""

    revisions: dict[Organisation, list[str]]
    people: list[tuple[Person, Organisation]]

    @property
    def organisations(self) -> list[Organisation]:
        return list(self.revisions)


def downloads_of(composition: Composition) -> QuerySet[Download]:
    return Download.objects.filter(composition=composition)


def recipients_of(version: ExpertVersion) -> Recipients:
    """Consumers whose models hold or held it, downloaded or not, and everybody in the download record of these."""
    held = Inclusion.objects.filter(version=version)
    rows = held.values_list("composition__model__organisation", "composition__revision")
    revisions: dict[UUID, list[str]] = {}
    for home, revision in rows.order_by("composition__created_at"):
        revisions.setdefault(home, []).append(revision)
    downloads = Download.objects.filter(composition__in=held.values("composition"))
    pairs = sorted(set(downloads.values_list("person", "organisation")))
    homes = Organisation.objects.in_bulk([*revisions, *(home for _, home in pairs)])
    people = Person.objects.in_bulk([somebody for somebody, _ in pairs])
    for _, home in pairs:
        revisions.setdefault(home, [])
    return Recipients(
        revisions={homes[home]: held_by for home, held_by in sorted(revisions.items(), key=lambda one: str(one[0]))},
        people=[(people[somebody], homes[home]) for somebody, home in pairs],
    )


def readers_of(composition: Composition) -> Recipients:
    """Of one revision: whose model it is, and everybody in its download record."""
    home = composition.model.organisation
    rows = downloads_of(composition).select_related("person", "organisation")
    people = {(row.person_id, row.organisation_id): (row.person, row.organisation) for row in rows}
    revisions = {organisation: [composition.revision] for _, organisation in people.values()}
    return Recipients({home: [composition.revision]} | revisions, list(people.values()))


def usage_of(organisation: Organisation, *, month: str | None = None) -> Statement:
    """The statement of a month, or of all time, by the published log: what a stranger can recompute."""
    size = published_size()
    leaves = _leaves(organisation.slug, month, size)
    return statement_of(leaves, organisation=organisation.slug, month=month, size=size)


def _leaves(owner: str, month: str | None, size: int) -> Iterator[dict[str, Any]]:
    """The published entries that can matter, in the log's order."""
    found: list[tuple[int, dict[str, Any]]] = []
    since, until = _bounds(month)
    own = entries(event=Event.INCLUSION_RECORDED, since=since, until=until).filter(about__startswith=f"{owner}/")
    granted = entries(event=Event.DOWNLOAD_GRANTED, since=since, until=until)
    for rows in (own, granted):
        found += _read(rows.filter(place__index__lt=size))
    builds = sorted({f"composition:{leaf['facts']['composition']}" for _, leaf in found if leaf["event"] == RECORDED})
    for event in (Event.COMPOSITION_CANCELLED, Event.COMPOSITION_FAILED):
        for start in range(0, len(builds), MANY):
            some = entries(event=event).filter(about__in=builds[start : start + MANY], place__index__lt=size)
            found += _read(some)
    found.sort(key=lambda one: one[0])
    return (leaf for _, leaf in found)


def _bounds(month: str | None) -> tuple[datetime | None, datetime | None]:
    if month is None:
        return None, None
    if not MONTH.fullmatch(month) or month[:4] in {"0000", "9999"}:
        raise Invalid("month: write it as 2026-11.")
    year, number = int(month[:4]), int(month[5:])
    begin = datetime(year, number, 1, tzinfo=UTC)
    return begin, datetime(year + number // 12, number % 12 + 1, 1, tzinfo=UTC)


def _read(rows: Any) -> Iterator[tuple[int, dict[str, Any]]]:
    """The leaves' own words; the columns only helped to find them."""
    for place, leaf in rows.values_list("place__index", "leaf").iterator(chunk_size=5000):
        yield place, json.loads(bytes(leaf))
