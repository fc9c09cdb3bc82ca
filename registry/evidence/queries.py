"""What speaks for versions, found by version."""

from collections.abc import Iterable
from uuid import UUID

from registry.errors import NotFound
from registry.evidence.models import ConsentRecord, LicenceTerms, Provenance
from registry.experts.models import ExpertVersion


def licence_of(version: ExpertVersion) -> LicenceTerms:
    found = LicenceTerms.objects.filter(version=version).first()
    if found is None:
        raise NotFound(f"{version} declares no licence.")
    return found


def consent_of(version: ExpertVersion) -> ConsentRecord:
    found = ConsentRecord.objects.filter(version=version).first()
    if found is None:
        raise NotFound(f"{version} has no consent record.")
    return found


def provenance_of(version: ExpertVersion) -> Provenance:
    found = Provenance.objects.filter(version=version).first()
    if found is None:
        raise NotFound(f"{version} says nothing of its provenance.")
    return found


def licences_of(version_ids: Iterable[UUID]) -> dict[UUID, str]:
    """The licence that counts, concluded or else declared, of many versions at once."""
    rows = LicenceTerms.objects.filter(version__in=list(version_ids))
    return {row.version_id: row.concluded or row.declared for row in rows}
