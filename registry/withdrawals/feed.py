"""What was withdrawn, for everybody, the newest first: a JSON Feed (1.1) that programs and people may follow."""

from datetime import datetime
from typing import Any

from django.conf import settings

from registry.audit.events import Event
from registry.audit.queries import entries, told
from registry.compositions.models import Inclusion
from registry.experts.models import ExpertVersion
from registry.withdrawals.models import Withdrawal

A_PAGE = 50


def withdrawals_feed(before: datetime | None = None) -> dict[str, Any]:
    """A page of the feed: the newest, or those before a moment. Only what was ever approved is anybody's business."""
    rows = Withdrawal.objects.filter(version__status_index__isnull=False).order_by("-requested_at", "id")
    rows = rows.select_related("version__expert__organisation")
    page = list((rows.filter(requested_at__lt=before) if before else rows)[: A_PAGE + 1])
    shown = page[:A_PAGE]
    places = _places([str(one.version) for one in shown])
    revisions = _revisions([one.version for one in shown])
    address = f"{settings.GUILDHALL_URL}/feed/withdrawals.json"
    feed: dict[str, Any] = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "Withdrawn experts",
        "home_page_url": settings.GUILDHALL_URL,
        "feed_url": address,
        "items": [_item(one, places.get(str(one.version)), revisions.get(one.version_id, [])) for one in shown],
    }
    if len(page) > A_PAGE:
        feed["next_url"] = f"{address}?before={shown[-1].requested_at.isoformat().replace('+00:00', 'Z')}"
    return feed


def _item(withdrawal: Withdrawal, place: int | None, revisions: list[str]) -> dict[str, Any]:
    version = withdrawal.version
    return {
        "id": f"{settings.GUILDHALL_URL}/versions/{version.id}",
        "url": f"{settings.GUILDHALL_URL}/versions/{version.id}",
        "title": f"{version} was withdrawn",
        "content_text": f"{version} was withdrawn. {len(revisions)} revisions that hold it are blocked.",
        "date_published": withdrawal.requested_at.isoformat(),
        "_guildhall": {
            "version": str(version),
            "data_digest": version.data_digest,
            "status_index": version.status_index,
            "revisions": revisions,
            "log_index": place,
        },
    }


def _places(versions: list[str]) -> dict[str, int | None]:
    """Where the log tells of each; none while the entry is on its way."""
    found = entries(event=Event.VERSION_WITHDRAWN).filter(about__in=versions)
    return {entry.about: told(entry).index for entry in found}


def _revisions(versions: list[ExpertVersion]) -> dict[Any, list[str]]:
    """Every revision that holds each of them: whoever has one pinned should let it go."""
    held: dict[Any, list[str]] = {}
    rows = Inclusion.objects.filter(version__in=versions).exclude(composition__revision="")
    for version, revision in rows.order_by("composition__revision").values_list("version", "composition__revision"):
        held.setdefault(version, []).append(revision)
    return held
