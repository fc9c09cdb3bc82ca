"""Telling those who hold a version that it is reviewed again, and that it was approved again, each once a round.

Its owner is told with the deed itself (`registry/reviews/actions.py`); who holds it is known only up here.
"""

from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet, Subquery

from registry.actors import Actor
from registry.experts.models import ExpertVersion, VersionState
from registry.experts.queries import lock_version
from registry.notices.actions import announce
from registry.reviews.models import ReviewNotice, Said, Suspension
from registry.reviews.queries import round_of
from registry.usage.queries import recipients_of

SAYS = {
    Said.SUSPENDED: (
        "{version} is reviewed again",
        "Compliance decides on {version} again, and it is denied until then: the revisions named here are not served, "
        "and no new model is composed with it. Please do not load your copies of them meanwhile. You are told when it "
        "is approved again, or rejected.",
    ),
    Said.APPROVED: (
        "{version} was approved again",
        "{version} was approved in a new review. The revisions that hold it are served again, as far as the policies "
        "allow.",
    ),
}


def versions_to_tell_of() -> QuerySet[ExpertVersion]:
    """Suspended, or approved after that, in a round in which those who hold it have not been told so."""
    last = Suspension.objects.filter(version=OuterRef("pk")).order_by("-round").values("round")[:1]
    rows = ExpertVersion.objects.annotate(last_round=Subquery(last)).filter(last_round__isnull=False)
    suspended = rows.filter(~_said(Said.SUSPENDED), state=VersionState.SUSPENDED)
    approved = rows.filter(_said(Said.SUSPENDED), ~_said(Said.APPROVED), state=VersionState.APPROVED)
    return (suspended | approved).order_by("id")


def _said(what: Said) -> Exists:
    return Exists(ReviewNotice.objects.filter(version=OuterRef("pk"), round=OuterRef("last_round"), what=what))


@transaction.atomic
def tell_holders(version_id: UUID, *, by: Actor) -> bool:
    """The messages and the row that says so land together. True when something was to be said."""
    version = lock_version(version_id)  # two workers stand in line here
    number = round_of(version)
    said = set(ReviewNotice.objects.filter(version=version, round=number).values_list("what", flat=True))
    what = _what(version, said)
    if what is None:
        return False
    ReviewNotice.objects.create(version=version, round=number, what=what)
    title, text = (words.format(version=version) for words in SAYS[what])
    found = recipients_of(version)
    facts = {
        home: {
            "title": title,
            "text": f"{text} Its page: {settings.GUILDHALL_URL}/versions/{version.id}",
            "version": str(version),
            "status_index": version.status_index,
            "revisions": revisions[:500],
        }
        for home, revisions in found.revisions.items()
    }
    about = f"{what}:{version.id}:{number}"
    if facts:
        announce(f"version.{what}", facts, found.people, about=about, asks=False, by=by)
    return True


def _what(version: ExpertVersion, said: set[str]) -> Said | None:
    if version.state == VersionState.SUSPENDED and Said.SUSPENDED not in said:
        return Said.SUSPENDED
    if version.state == VersionState.APPROVED and Said.SUSPENDED in said and Said.APPROVED not in said:
        return Said.APPROVED
    return None
