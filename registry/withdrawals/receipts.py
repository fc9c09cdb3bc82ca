"""Receipts of how a consent ended, made with the withdrawal that ended it."""

import logging

from django.db import transaction
from django.db.models import Exists, OuterRef

from registry.actors import Actor
from registry.evidence.models import ConsentReceipt, ConsentRecord, ConsentState
from registry.evidence.receipts import issue_receipt, without_receipt
from registry.experts.queries import lock_version
from registry.withdrawals.models import Cause, LegalBasis, Withdrawal

logger = logging.getLogger(__name__)
AT_ONCE = 100


def ended_as(withdrawal: Withdrawal) -> ConsentState:
    """The standard's word for how the consent ended."""
    if withdrawal.cause == Cause.CONSENT_EXPIRED:
        return ConsentState.LAPSED
    if withdrawal.cause == Cause.LICENCE_EXPIRED:
        return ConsentState.TERMINATED
    never = withdrawal.legal_basis == LegalBasis.NEVER_HELD
    return ConsentState.INVALIDATED if never else ConsentState.WITHDRAWN


def issue_end_receipt(withdrawal: Withdrawal, *, by: Actor) -> None:
    """In the withdrawal's transaction. Denial waits for no signature: what cannot be signed now, the sweep signs."""
    try:
        with transaction.atomic():
            issue_receipt(
                withdrawal.version,
                ended_as(withdrawal),
                at=withdrawal.requested_at,
                party=withdrawal.requested_by,
                by=by,
            )
    except Exception:
        logger.exception("The receipt of %s could not be made.", withdrawal)


def issue_missing_receipts(*, by: Actor) -> None:
    """For versions from before there were receipts, and for moments when none could be made."""
    for version_id in without_receipt(limit=AT_ONCE):
        with transaction.atomic():
            version = lock_version(version_id)
            at = version.submitted_at or version.created_at
            issue_receipt(version, ConsentState.GIVEN, at=at, party=f"person:{version.submitted_by_id}", by=by)
    ended = ConsentReceipt.objects.filter(consent__version=OuterRef("version")).exclude(state=ConsentState.GIVEN)
    consents = ConsentRecord.objects.filter(version=OuterRef("version"))
    rows = Withdrawal.objects.filter(~Exists(ended), Exists(consents), version__submitted_at__isnull=False)
    for withdrawal in rows.select_related("version__expert__organisation").order_by("requested_at")[:AT_ONCE]:
        issue_end_receipt(withdrawal, by=by)
