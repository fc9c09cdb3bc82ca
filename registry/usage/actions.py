"""Answering a download. The policies are asked again each time: a consent may have ended since the model was made."""

from collections.abc import Sequence
from datetime import timedelta

from django.db import connection, transaction
from django.utils import timezone

from registry.accounts.queries import person_id_of
from registry.actors import Actor
from registry.audit.events import Event
from registry.audit.log import record
from registry.compositions.models import Composition, RepositoryFile
from registry.compositions.queries import versions_in
from registry.errors import Reason
from registry.experts.models import ExpertVersion
from registry.policy.actions import decide_all
from registry.policy.models import Decision
from registry.policy.queries import DOWNLOAD, judge_all
from registry.policy.rules import Verdict
from registry.usage.models import Download

REFUSED_ONCE_IN = timedelta(hours=1)  # a client that asks again and again must not fill the log

TURN = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"


@transaction.atomic
def answer_download(composition: Composition, file: RepositoryFile, *, by: Actor) -> tuple[Reason, ...]:
    """Why this file may not be read, or nothing: then the download is written down.

    The log hears once of each person and revision; every file of it is a row.
    """
    versions = [version for _, version in versions_in(composition)]
    verdicts = dict(zip(versions, _judge(versions, composition), strict=True))
    refused = [version for version in versions if not verdicts[version].allowed]
    about = {"revision": composition.revision, "model": str(composition.model)}
    if refused:
        for version in refused:
            if not _refused_lately(version, composition, by=by):
                _decide([version], composition, experts=len(versions), by=by)
                facts = {**about, "version": str(version)}
                record(Event.DOWNLOAD_REFUSED, about=str(composition), by=by, facts=facts)
        return tuple(reason for version in refused for reason in verdicts[version].reasons)
    if _first_of(composition, by=by):
        _decide(versions, composition, experts=len(versions), by=by)
        consumer, names = composition.model.organisation.slug, [str(version) for version in versions]
        granted: dict[str, object] = {**about, "consumer": consumer, "versions": names}
        record(Event.DOWNLOAD_GRANTED, about=str(composition), by=by, facts=granted)
    Download.objects.create(
        composition=composition,
        path=file.path,
        bytes=file.size,
        person_id=person_id_of(by),
        organisation=composition.model.organisation,
    )
    return ()


def _first_of(composition: Composition, *, by: Actor) -> bool:
    """Clients ask for many files at once: where there is no row yet, they take turns, and one of them is the first."""
    rows = Download.objects.filter(composition=composition, person=person_id_of(by))
    if rows.exists():
        return False
    with connection.cursor() as cursor:
        cursor.execute(TURN, [f"download {composition.id} {person_id_of(by)}"])
    return not rows.exists()


def _judge(versions: Sequence[ExpertVersion], composition: Composition) -> list[Verdict]:
    model = composition.model
    return judge_all(versions, consumer=model.organisation, action=DOWNLOAD, purpose=model.purpose)


def _decide(versions: Sequence[ExpertVersion], composition: Composition, *, experts: int, by: Actor) -> None:
    model = composition.model
    decide_all(versions, consumer=model.organisation, action=DOWNLOAD, purpose=model.purpose, experts=experts, by=by)


def _refused_lately(version: ExpertVersion, composition: Composition, *, by: Actor) -> bool:
    return Decision.objects.filter(
        version=version,
        consumer=composition.model.organisation,
        person=person_id_of(by),
        action=DOWNLOAD,
        allowed=False,
        created_at__gt=timezone.now() - REFUSED_ONCE_IN,
    ).exists()
