"""What is signed at the end of a withdrawal: its certificate, an in-toto statement.

A certificate says what was done, and honestly what could not be: copies on other people's disks, revisions that
clients pinned, rights that a licence gave for good.
"""

from typing import Any

from registry.audit.statements import STATEMENT
from registry.evidence.licences import terms_of
from registry.evidence.models import EvidenceFile, LicenceTerms
from registry.experts.models import ExpertVersion
from registry.notices.queries import deliveries_about
from registry.usage.queries import recipients_of
from registry.withdrawals.models import Withdrawal
from registry.withdrawals.queries import affected_by

PREDICATE = "https://guildhall.dev/withdrawal/v1"


def certificate_of(withdrawal: Withdrawal) -> dict[str, Any]:
    """The statement about one withdrawal, when all but its certificate is done."""
    version = withdrawal.version
    return {
        "_type": STATEMENT,
        "subject": [{"name": str(version), "digest": {"sha256": version.data_digest.removeprefix("sha256:")}}],
        "predicateType": PREDICATE,
        "predicate": {
            "withdrawal": str(withdrawal.id),
            "cause": withdrawal.cause,
            "legal_basis": withdrawal.legal_basis,
            "requested_at": withdrawal.requested_at.isoformat(),
            "steps": [
                {"step": row.name, "at": row.done_at.isoformat(), "facts": row.facts}
                for row in withdrawal.steps.exclude(done_at=None).order_by("done_at", "id")
                if row.done_at
            ],
            "models": [
                {"model": one.model, "revision": one.revision, "now": one.recomposed_revision}
                for one in affected_by(withdrawal)
            ],
            "residuals": residuals_of(withdrawal),
        },
    }


def residuals_of(withdrawal: Withdrawal) -> dict[str, Any]:
    """What a withdrawal cannot reach, by name: revisions that clients may have pinned, recipients, rights."""
    version = withdrawal.version
    terms = LicenceTerms.objects.filter(version=version).first()
    licence = str(terms) if terms else "NONE"
    told: dict[str, dict[str, int]] = {}
    for delivery in deliveries_about(str(withdrawal)):
        count = told.setdefault(delivery.organisation.slug, {"deliveries": 0, "acknowledged": 0})
        count["deliveries"] += 1
        count["acknowledged"] += delivery.acknowledged_at is not None
    recipients = recipients_of(version)
    return {
        "pinned_revisions": sorted({one.revision for one in affected_by(withdrawal) if one.revision}),
        "recipients": [
            {
                "organisation": organisation.slug,
                "revisions": revisions,
                **told.get(organisation.slug, {"deliveries": 0, "acknowledged": 0}),
            }
            for organisation, revisions in recipients.revisions.items()
        ],
        "licence": licence,
        "licence_irrevocable": not terms_of(licence).revocable,
        "says": [
            "Copies on the recipients' own disks are out of our reach; recipients were asked to delete them.",
            "A client that pinned one of these revisions and has it in its cache asks nobody before it loads it.",
            "`guildhall verify model --max-age` refuses such copies where it is run before loading.",
            *_kept(version),
        ],
    }


def _kept(version: ExpertVersion) -> list[str]:
    """The weights are destroyed; the proof that they might be used until then is not."""
    files = EvidenceFile.objects.filter(version=version).count()
    if not files:
        return []
    many = "1 document" if files == 1 else f"{files} documents"
    return [f"What was handed in as evidence ({many}) is kept, as the record of what it was decided on."]
