"""Answering a download. The policies are asked again each time: a consent may have ended since the model was made."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from registry.actors import Actor
from registry.audit.events import Event
from registry.audit.log import record
from registry.compositions.models import Composition, RepositoryFile
from registry.compositions.queries import versions_in
from registry.errors import Reason
from registry.experts.models import ExpertVersion
from registry.policy.actions import decide
from registry.policy.models import Decision
from registry.policy.queries import DOWNLOAD, explain
from registry.usage.models import Download

REFUSED_ONCE_IN = timedelta(hours=1)  # a client that asks again and again must not fill the log


@transaction.atomic
def answer_download(composition: Composition, file: RepositoryFile, *, by: Actor) -> tuple[Reason, ...]:
    """Why this file may not be read, or nothing: then the download is written down.

    The log hears once of each person and revision; every file of it is a row.
    """
    model = composition.model
    versions = [version for _, version in versions_in(composition)]
    asked = {"consumer": model.organisation, "action": DOWNLOAD, "purpose": model.purpose, "anchor": model.anchor}
    verdicts = explain(versions, **asked)
    refused = [version for version in versions if not verdicts[version].allowed]
    if refused:
        for version in refused:
            if not _refused_lately(version, composition, by=by):
                decide(version, **asked, by=by)
                facts = {"version": str(version), "revision": composition.revision, "model": str(model)}
                record(Event.DOWNLOAD_REFUSED, about=str(composition), by=by, facts=facts)
        return tuple(reason for version in refused for reason in verdicts[version].reasons)
    if not Download.objects.filter(composition=composition, person=by.person_id).exists():
        for version in versions:
            decide(version, **asked, by=by)
        facts = {"revision": composition.revision, "model": str(model), "versions": [str(v) for v in versions]}
        record(Event.DOWNLOAD_GRANTED, about=str(composition), by=by, facts=facts)
    Download.objects.create(
        composition=composition,
        path=file.path,
        bytes=file.size,
        person_id=by.person_id,
        organisation=model.organisation,
    )
    return ()


def _refused_lately(version: ExpertVersion, composition: Composition, *, by: Actor) -> bool:
    return Decision.objects.filter(
        version=version,
        consumer=composition.model.organisation,
        person=by.person_id,
        action=DOWNLOAD,
        allowed=False,
        created_at__gt=timezone.now() - REFUSED_ONCE_IN,
    ).exists()
