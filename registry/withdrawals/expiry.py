"""Consents and licences that end: which versions in use have come to their end, and who is told of it ahead.

The policies deny from the very moment; what is here follows it, and may be late without harm.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import transaction

from registry.accounts.models import Organisation
from registry.actors import Actor
from registry.audit import clock
from registry.audit.events import Event
from registry.audit.log import record
from registry.evidence.models import ConsentRecord, LicenceTerms
from registry.experts.models import VersionState
from registry.experts.queries import lock_version
from registry.notices.actions import announce
from registry.usage.queries import recipients_of
from registry.withdrawals.models import Cause, ExpiryNotice

KIND = "version.expiring"
MARKS = (1, 7, 30)  # days ahead
IN_USE = (VersionState.APPROVED, VersionState.PAUSED, VersionState.SUSPENDED)
CAUSES = {"consent": Cause.CONSENT_EXPIRED, "licence": Cause.LICENCE_EXPIRED}


@dataclass(frozen=True, slots=True)
class Ending:
    """What of a version ends first, and when."""

    version_id: UUID
    what: str  # consent | licence
    at: datetime

    @property
    def cause(self) -> Cause:
        return CAUSES[self.what]


def endings(now: datetime) -> list[Ending]:
    """Versions in use that end within the longest notice, or have ended: each with its first end, soonest first."""
    first: dict[UUID, Ending] = {}
    soon = {"version__state__in": IN_USE, "valid_until__lte": now + timedelta(days=max(MARKS))}
    found = [
        *(("consent", row) for row in ConsentRecord.objects.filter(**soon).values_list("version", "valid_until")),
        *(("licence", row) for row in LicenceTerms.objects.filter(**soon).values_list("version", "valid_until")),
    ]
    for what, (version_id, at) in found:
        if at is not None and (version_id not in first or at < first[version_id].at):
            first[version_id] = Ending(version_id, what, at)
    return sorted(first.values(), key=lambda ending: (ending.at, str(ending.version_id)))


def mark_of(at: datetime, *, now: datetime) -> int | None:
    """The nearest of the marks that are passed, in days; None when none is, or when the end has come."""
    if at <= now:
        return None
    return next((days for days in MARKS if now >= at - timedelta(days=days)), None)


def unsaid(found: Iterable[Ending], *, now: datetime) -> list[Ending]:
    """Those whose nearest mark nobody has been told of."""
    found = list(found)
    said = set(
        ExpiryNotice.objects.filter(version__in=[ending.version_id for ending in found]).values_list(
            "version", "what", "days"
        )
    )
    marks = [(ending, mark_of(ending.at, now=now)) for ending in found]
    return [ending for ending, days in marks if days is not None and (ending.version_id, ending.what, days) not in said]


@transaction.atomic
def notify_expiry(ending: Ending, *, by: Actor) -> bool:
    """Tell the owner and who holds it that it ends. The messages, the row and the record land together, once."""
    version = lock_version(ending.version_id)  # two sweeps stand in line here
    days = mark_of(ending.at, now=clock.now())
    if version.state not in IN_USE or days is None:
        return False
    _, new = ExpiryNotice.objects.get_or_create(version=version, what=ending.what, days=days)
    if not new:
        return False
    found, owner = recipients_of(version), version.expert.organisation
    ends_on = ending.at.astimezone(UTC)
    facts = {
        "title": f"{version} leaves on {ends_on:%d %B %Y}",
        "text": f"The {ending.what} of {version} ends on {ends_on:%d %B %Y at %H:%M} UTC. From then on it is not "
        "served, models that hold it are composed again without it, and its stored data is destroyed. "
        "To stay in use it needs a new version with new terms.",
        "version": str(version),
        "what": ending.what,
        "ends_on": ends_on.isoformat(),
        "days": days,
    }
    told: dict[Organisation, dict[str, object]] = {owner: {**facts, "revisions": []}}
    for organisation, revisions in found.revisions.items():
        told[organisation] = {**facts, "revisions": revisions[:500]}
    announce(KIND, told, found.people, about=f"expiry:{version.id}:{ending.what}:{days}", by=by, asks=False)
    said = {"what": ending.what, "ends_on": ends_on.isoformat(), "days": days}
    record(Event.EXPIRY_NOTIFIED, about=str(version), by=by, facts=said)
    return True
