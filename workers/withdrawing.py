"""A withdrawal carried through, step by step, to its certificate. Denying was done with the click.

Every step looks at what is there first, so that it may be run again from anywhere; one that fails is written down and
tried again, and holds up only those that need it.
"""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from celery import shared_task
from django.conf import settings

from registry import storage
from registry.actors import PROPAGATOR
from registry.audit import clock
from registry.audit.statements import sign
from registry.digests import digest_of
from registry.jobs import Job
from registry.notices.actions import announce
from registry.usage.models import Download
from registry.usage.queries import recipients_of
from registry.withdrawals.actions import (
    block_some,
    certify,
    finish_step,
    note_destroyed,
    note_trouble,
    recompose_model,
    reopen_destruction,
)
from registry.withdrawals.destruction import doomed_by
from registry.withdrawals.models import Cause, Step, Withdrawal
from registry.withdrawals.queries import (
    affected_models,
    get_withdrawal,
    settled,
    stopped_by,
    unanswered,
    why_not_destroyed,
)
from registry.withdrawals.rules import next_steps
from registry.withdrawals.statements import certificate_of
from workers.checking import NotGone, Remnants, check_withdrawal
from workers.turns import shelf, turn

logger = logging.getLogger(__name__)

KIND = "version.withdrawn"
WHY: dict[str, str] = {
    Cause.OWNER: "by its owner",
    Cause.CONSENT_EXPIRED: "because the consent behind it ended",
    Cause.LICENCE_EXPIRED: "because its licence ended",
}


@shared_task(name=Job.CARRY_ON_WITHDRAWAL.value)
def carry_on_withdrawal(withdrawal_id: str) -> None:
    """Safe to run twice, and at any time: it does what can be done now."""
    with turn(Job.CARRY_ON_WITHDRAWAL, UUID(withdrawal_id)) as ours:
        if not ours:
            return
        tried: set[Step] = set()
        while step := _next(UUID(withdrawal_id), tried):
            tried.add(step)
            _try(get_withdrawal(UUID(withdrawal_id)), step)


def _next(withdrawal_id: UUID, tried: set[Step]) -> Step | None:
    withdrawal = get_withdrawal(withdrawal_id)
    done = set(withdrawal.steps.exclude(done_at=None).values_list("name", flat=True))
    known = set(withdrawal.steps.values_list("name", flat=True))
    return next((step for step in next_steps(done) if step not in tried and step in known), None)


def _try(withdrawal: Withdrawal, step: Step) -> None:
    try:
        DO[step](withdrawal)
    except Exception as fault:
        logger.exception("%s of %s failed; it is tried again.", step, withdrawal)
        note_trouble(withdrawal.id, step, failure=_sentence(step, fault), by=PROPAGATOR)


def _sentence(step: Step, fault: Exception) -> str:
    if isinstance(fault, NotGone):
        return str(fault)
    return f"The step {step} met trouble ({type(fault).__name__})."


def _block(withdrawal: Withdrawal) -> None:
    while block_some(withdrawal.id, by=PROPAGATOR):
        pass
    revisions = [build.revision for build in stopped_by(withdrawal) if build.revision]
    builds = stopped_by(withdrawal).order_by().values("id")
    last = Download.objects.filter(composition__in=builds).order_by("-at").values_list("at", flat=True).first()
    until = last + timedelta(seconds=settings.PRESIGNED_SECONDS) if last else None
    facts = {
        "revisions": len(revisions),
        # Addresses that were handed out before the click read the store until then, and no longer.
        "presigned_until": until.isoformat() if until and until > clock.now() else None,
    }
    finish_step(withdrawal.id, Step.BLOCK, facts=facts, by=PROPAGATOR)


def _announce(withdrawal: Withdrawal) -> None:
    version, found = withdrawal.version, recipients_of(withdrawal.version)
    facts = {
        organisation: {
            "title": f"{version} was withdrawn",
            "text": f"{version} was withdrawn {WHY[withdrawal.cause]}, and is served no more. Your models are composed "
            "again without it, or stand without a main where you asked for that. Please stop using your copies of the "
            "revisions named here, delete them, and acknowledge this message.",
            "version": str(version),
            "data_digest": version.data_digest,
            "status_index": version.status_index,
            "revisions": revisions[:500],
            "withdrawal": str(withdrawal.id),
        }
        for organisation, revisions in found.revisions.items()
    }
    sent = announce(KIND, facts, found.people, about=str(withdrawal), by=PROPAGATOR) if facts else []
    told = {"organisations": len(facts), "deliveries": len(sent)}
    finish_step(withdrawal.id, Step.ANNOUNCE, facts=told, by=PROPAGATOR)


def _recompose(withdrawal: Withdrawal) -> None:
    for model in unanswered(withdrawal):
        recompose_model(model.id, by=PROPAGATOR)
    if settled(withdrawal):
        facts = {"models": affected_models(withdrawal).count()}
        finish_step(withdrawal.id, Step.RECOMPOSE, facts=facts, by=PROPAGATOR)


def _destroy(withdrawal: Withdrawal) -> None:
    """With nobody putting models together meanwhile: what one of them is about to need must not go."""
    if why_not_destroyed(withdrawal):
        return
    with shelf(alone=True):
        doomed = doomed_by(withdrawal)
        # Written down before it goes: whoever is killed in the middle finds the list whole the next time.
        listed = [(key, version_id, size) for key in doomed.keys for version_id, size in storage.versions_of(key)]
        note_destroyed(withdrawal.id, listed, by=PROPAGATOR)
        for key in doomed.keys:
            if why_not_destroyed(withdrawal):
                return  # a hold was placed meanwhile
            storage.destroy(key)
    rows = list(withdrawal.destroyed.order_by("key", "version_id").values("key", "version_id", "size"))
    facts = {
        "objects": len(rows),
        "bytes": sum(row["size"] for row in rows),
        "manifest_digest": digest_of(rows),
        "kept": list(doomed.kept),
    }
    finish_step(withdrawal.id, Step.DESTROY, facts=facts, by=PROPAGATOR)


def _check(withdrawal: Withdrawal) -> None:
    try:
        report = check_withdrawal(withdrawal)
    except Remnants as found:
        reopen_destruction(withdrawal.id, remnants=found.count, by=PROPAGATOR)
        raise
    finish_step(withdrawal.id, Step.CHECK, facts=report, by=PROPAGATOR)


def _certify(withdrawal: Withdrawal) -> None:
    signed = sign(certificate_of(withdrawal))
    certify(withdrawal.id, envelope=signed.envelope, digest=signed.digest, vkey=signed.vkey, by=PROPAGATOR)


DO: dict[Step, Callable[[Withdrawal], Any]] = {
    Step.BLOCK: _block,
    Step.ANNOUNCE: _announce,
    Step.RECOMPOSE: _recompose,
    Step.DESTROY: _destroy,
    Step.CHECK: _check,
    Step.CERTIFY: _certify,
}
