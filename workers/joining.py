"""Files that came in chunks are put together. Safe to run twice, and to be killed: what was begun is begun anew."""

from uuid import UUID

from celery import shared_task
from django.conf import settings

from registry.jobs import Job
from registry.xet.storing import join_object
from workers.turns import turn


@shared_task(name=Job.JOIN_OBJECT.value, acks_late=True, ignore_result=True, time_limit=settings.JOB_SECONDS)
def join_incoming(object_id: str) -> None:
    with turn(Job.JOIN_OBJECT, UUID(object_id)) as ours:
        if ours:
            join_object(UUID(object_id))
