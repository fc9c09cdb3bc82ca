"""What got stuck is sent again, what ended is withdrawn, reviews that are late are said to be, and uploads that nobody
finished are dropped. Several sweeps at once do no harm.

The rows say what is stuck: a job that the queue lost, or whose worker died, shows as a row that does not move.
"""

import logging
from datetime import timedelta
from uuid import UUID

from celery import shared_task
from django.conf import settings
from django.core.cache import cache
from django.utils import timezone

from registry import storage
from registry.actors import SWEEPER
from registry.audit import clock
from registry.compositions.answers import drop_old_answers
from registry.compositions.licensing import licence_rules
from registry.compositions.models import CompositionState
from registry.compositions.queries import SHARDS, stuck_compositions
from registry.compositions.selectors import models_to_follow
from registry.evidence.files import sweep_evidence
from registry.experts.queries import submitted_ids
from registry.experts.uploads import sweep_uploads
from registry.jobs import Job, send
from registry.notices.queries import due_deliveries
from registry.reviews.deadlines import remind_of, unsaid_deadlines
from registry.withdrawals.actions import expire_version
from registry.withdrawals.expiry import Ending, endings, notify_expiry, unsaid
from registry.withdrawals.holders import versions_to_tell_of
from registry.withdrawals.queries import open_withdrawals
from registry.withdrawals.recalls import open_recalls, versions_to_recall
from registry.withdrawals.receipts import issue_missing_receipts
from registry.xet.storing import sweep_xorbs, waiting_objects
from workers.reviewed import mind_the_licences
from workers.turns import EVERYTHING, turn

logger = logging.getLogger(__name__)

MESSAGES = 1000  # a sweep
UPLOADS_EVERY = 600  # seconds; it looks through the store
TIDY_EVERY = 3600
POLICIES_EVERY = 300  # an approval that is too old is denied from its second on; this only sends it back
LICENCES_EVERY = 300  # and at once when a release, or a setting, reads them otherwise
JOB_IN: dict[str, Job] = {
    CompositionState.DECIDED: Job.COMPOSE,
    CompositionState.ASSEMBLING: Job.COMPOSE,
    CompositionState.VALIDATING: Job.VALIDATE_COMPOSITION,
    CompositionState.PROVING: Job.PUBLISH_COMPOSITION,
}


@shared_task(name=Job.SWEEP.value, time_limit=300)
def sweep() -> None:
    with turn(Job.SWEEP, EVERYTHING) as ours:
        if not ours:
            return
        mind_the_ends()
        mind_the_reviews()
        send_again_what_is_stuck()
        if cache.add(f"licences-asked:{licence_rules()}", 1, timeout=LICENCES_EVERY):
            mind_the_licences()
        if cache.add("policies-followed", 1, timeout=POLICIES_EVERY):
            send(Job.FOLLOW_POLICIES)
        if cache.add("uploads-swept", 1, timeout=UPLOADS_EVERY):
            sweep_uploads(by=SWEEPER)
            sweep_evidence(by=SWEEPER)
            sweep_xorbs()
            issue_missing_receipts(by=SWEEPER)
            drop_old_answers()
            _drop_half_made_shards()
        if cache.add("tidied", 1, timeout=TIDY_EVERY):
            send(Job.TIDY)


def send_again_what_is_stuck() -> None:
    idle = timedelta(seconds=settings.STUCK_SECONDS)
    anchors, versions = submitted_ids(before=timezone.now() - idle)
    for anchor_id in anchors:
        _send_again(Job.VERIFY_ANCHOR, anchor_id)
    for version_id in versions:
        _send_again(Job.VERIFY_VERSION, version_id)
    for object_id in waiting_objects():
        _send_again(Job.JOIN_OBJECT, object_id)
    for composition in stuck_compositions(older_than=idle):
        if composition.state in JOB_IN:
            _send_again(JOB_IN[composition.state], composition.id)
    for model_id in models_to_follow():
        _send_again(Job.FOLLOW_SELECTOR, model_id)
    for withdrawal in open_withdrawals().filter(requested_at__lt=timezone.now() - idle):
        _send_again(Job.CARRY_ON_WITHDRAWAL, withdrawal.id)
    for version in (*versions_to_tell_of(), *versions_to_recall()):
        _send_again(Job.FOLLOW_REVIEW, version.id)
    for recall in open_recalls().filter(opened_at__lt=timezone.now() - idle):
        _send_again(Job.CARRY_ON_RECALL, recall.id)
    for delivery in due_deliveries(clock.now())[:MESSAGES]:
        _send_again(Job.DELIVER, delivery.id)


def mind_the_ends() -> None:
    """Versions whose consent or licence has ended are withdrawn, and what ends soon is said ahead."""
    now = clock.now()
    found = endings(now)
    for ending in (one for one in found if one.at <= now):
        _mind(ending)
    for ending in unsaid(found, now=now):
        _mind(ending)


def mind_the_reviews() -> None:
    """Decisions that are due soon or late are said to be, each once."""
    for version_id in unsaid_deadlines():
        try:
            remind_of(version_id, by=SWEEPER)
        except Exception:
            logger.exception("The deadline of version %s could not be minded.", version_id)


def _mind(ending: Ending) -> None:
    """One that meets trouble must not keep the others waiting; the next sweep tries it again."""
    try:
        if ending.at <= clock.now():
            expire_version(ending.version_id, cause=ending.cause, by=SWEEPER)
        else:
            notify_expiry(ending, by=SWEEPER)
    except Exception:
        logger.exception("The end of version %s could not be minded.", ending.version_id)


def _drop_half_made_shards() -> None:
    """What a worker that was killed while it copied left in the store. Nobody copies longer than a job may take."""
    late = timezone.now() - timedelta(seconds=settings.JOB_SECONDS)
    for key, upload_id, begun in storage.begun_uploads(SHARDS):
        if begun < late:
            storage.abandon_upload(key, upload_id)


def _send_again(job: Job, thing: UUID) -> None:
    """Not more often than things get stuck: a long job is not asked for at every sweep."""
    if cache.add(f"sent-again:{job.value}:{thing}", 1, timeout=settings.STUCK_SECONDS):
        send(job, thing)
