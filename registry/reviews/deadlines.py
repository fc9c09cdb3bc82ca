"""Saying that a decision is due soon, and that it is overdue: to reviewers, and to the owner when it is late. Each is
said once a round, however many sweeps look.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from registry.accounts.models import Membership, Organisation, Person, Role
from registry.actors import Actor
from registry.audit import clock
from registry.audit.events import Event
from registry.audit.log import record
from registry.experts.models import ExpertVersion
from registry.experts.queries import lock_version
from registry.notices.actions import announce
from registry.reviews.models import ReviewNotice, Said
from registry.reviews.queries import due_at, is_overdue, live_claims, round_of, waiting_longest, waiting_since


def ahead() -> timedelta:
    """How long before it is due; where there is little time at all, when half of it has gone."""
    return timedelta(hours=min(settings.REVIEW_REMIND_HOURS, settings.REVIEW_HOURS / 2))


def mark_of(since: datetime | None) -> Said | None:
    """What is to be said of a version that waits since then."""
    due = due_at(since)
    if due is None or clock.now() < due - ahead():
        return None
    return Said.OVERDUE if is_overdue(since) else Said.DUE


def unsaid_deadlines() -> list[UUID]:
    """What waits, is due soon or overdue, and has not been told so in its round."""
    latest = clock.now() - timedelta(hours=settings.REVIEW_HOURS) + ahead()
    late = waiting_longest(until=latest)
    notices = ReviewNotice.objects.filter(version__in=late, what__in=[Said.DUE, Said.OVERDUE])
    said = set(notices.values_list("version", "round", "what"))
    return [
        version.id
        for version in late
        if (what := mark_of(waiting_since(version))) and (version.id, round_of(version), what.value) not in said
    ]


@transaction.atomic
def remind_of(version_id: UUID, *, by: Actor) -> Said | None:
    """The messages, the row and the record land together, once. None when there is nothing to say."""
    version = lock_version(version_id)  # two sweeps stand in line here
    since = waiting_since(version)
    what, due = mark_of(since), due_at(since)
    if what is None or due is None:
        return None
    number = round_of(version)
    _, new = ReviewNotice.objects.get_or_create(version=version, round=number, what=what)
    if not new:
        return None
    about = f"deadline:{version.id}:{number}:{what}"
    people = list(_reviewers(version))
    if people:
        told = _words_to_reviewers(version, what, due)
        announce(
            f"review.{what}", dict.fromkeys((home for _, home in people), told), people, about=about, asks=False, by=by
        )
    if what == Said.OVERDUE:
        owner = version.expert.organisation
        announce("review.late", {owner: _words_to_owner(version, due)}, about=about, asks=False, by=by)
    facts = {"what": str(what), "round": number, "due_at": due.astimezone(UTC).isoformat()}
    record(Event.REVIEW_REMINDED, about=str(version), by=by, facts=facts)
    return what


def _reviewers(version: ExpertVersion) -> Iterable[tuple[Person, Organisation]]:
    """Whoever may decide on it, in whose name: compliance of other organisations, and not who brought it."""
    held = Membership.objects.filter(role=Role.COMPLIANCE, person__is_active=True)
    own = Membership.objects.filter(organisation=version.expert.organisation_id).values("person")
    brought = Q(person=version.created_by_id) | Q(person=version.submitted_by_id)
    rows = held.exclude(person__in=own).exclude(brought).select_related("person", "organisation")
    return [(row.person, row.organisation) for row in rows.order_by("organisation__slug", "person")]


def _words_to_reviewers(version: ExpertVersion, what: Said, due: datetime) -> dict[str, str]:
    late = what == Said.OVERDUE
    claim = live_claims([version.id]).get(version.id)
    at_it = f" {claim.reviewer.name} has claimed it until {claim.until:%d %B %Y, %H:%M} UTC." if claim else ""
    verb = "was" if late else "is"
    return {
        "title": f"The review of {version} is {'overdue' if late else 'due soon'}",
        "text": f"A decision on {version} {verb} due on {due.astimezone(UTC):%d %B %Y, %H:%M} UTC.{at_it} Its page: "
        f"{settings.GUILDHALL_URL}/reviews/{version.id}",
        "version": str(version),
        "due_at": due.astimezone(UTC).isoformat(),
    }


def _words_to_owner(version: ExpertVersion, due: datetime) -> dict[str, str]:
    return {
        "title": f"The review of {version} is late",
        "text": f"A decision on {version} was due on {due.astimezone(UTC):%d %B %Y, %H:%M} UTC. The reviewers were "
        "reminded. Nothing is lost; its page says what is asked of you, if anything: "
        f"{settings.GUILDHALL_URL}/versions/{version.id}",
        "version": str(version),
        "due_at": due.astimezone(UTC).isoformat(),
    }
