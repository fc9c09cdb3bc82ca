"""The store is tidied: what no model needs and what killed workers left behind goes, a little at a time.

Safe to run twice and to be killed anywhere: a row goes before its object, and an object without a row is found by the
next run.
"""

import logging
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TypeVar

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from registry import storage
from registry.actors import SWEEPER
from registry.compositions.leftovers import forget_shard, spoken_of, strays, unused_shards
from registry.jobs import Job
from workers.turns import EVERYTHING, shelf, turn

logger = logging.getLogger(__name__)

AT_ONCE = 20  # objects; builds wait meanwhile
Thing = TypeVar("Thing")


@shared_task(name=Job.TIDY.value, time_limit=3600)
def tidy() -> None:
    with turn(Job.TIDY, EVERYTHING) as ours:
        if not ours:
            return
        before = timezone.now() - timedelta(hours=settings.KEEP_UNUSED_HOURS)
        shards = list(unused_shards(before=before).values_list("id", flat=True))
        for some in _bites(shards):
            with shelf(alone=True):
                for shard_id in some:
                    if key := forget_shard(shard_id, before=before, by=SWEEPER):
                        storage.destroy(key)
        stray = list(strays(before=before))
        for keys in _bites(stray):
            with shelf(alone=True):
                known = spoken_of(keys)
                for key in keys:
                    if key not in known:
                        storage.destroy(key)
        if shards or stray:
            logger.info("Tidied: %s shards that no model holds, %s objects that no row names.", len(shards), len(stray))


def _bites(things: Sequence[Thing]) -> Iterator[Sequence[Thing]]:
    for at in range(0, len(things), AT_ONCE):
        yield things[at : at + AT_ONCE]
