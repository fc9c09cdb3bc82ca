"""What a reader of a revision has to know: whom to name, and what leaves soon. Clients print it once."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from registry.audit import clock
from registry.compositions.models import Composition
from registry.evidence.licences import terms_of
from registry.evidence.models import ConsentRecord, LicenceTerms

NOTICE_AHEAD = timedelta(days=30)


def notice_of(composition: Composition) -> str:
    """`topic; message` as clients expect it in X-HF-Warning, or nothing. One topic a revision: each is shown once."""
    inclusions = composition.inclusions.select_related("version__expert__organisation").order_by("slot")
    versions = {inclusion.version_id: str(inclusion.version) for inclusion in inclusions}
    sentences = [
        f"contains {versions[terms.version_id]} ({terms}): attribution required"
        + (f", to {terms.attribution}" if terms.attribution else "")
        for terms in LicenceTerms.objects.filter(version__in=versions)
        if terms_of(str(terms)).attribution
    ]
    sentences += [f"{versions[version]} leaves on {end:%Y-%m-%d}" for version, end in _ends_soon(versions).items()]
    if not sentences:
        return ""
    return f"guildhall-{composition.revision[:12]}; {composition.model}: {'; '.join(sorted(sentences))}."


def _ends_soon(versions: Iterable[UUID]) -> dict[UUID, datetime]:
    """The day that each leaves: with its consent or with its licence, whichever ends first."""
    found: dict[UUID, datetime] = {}
    soon = {"version__in": list(versions), "valid_until__lt": clock.now() + NOTICE_AHEAD}
    ends = [
        *ConsentRecord.objects.filter(**soon).values_list("version", "valid_until"),
        *LicenceTerms.objects.filter(**soon).values_list("version", "valid_until"),
    ]
    for version, end in ends:
        if end is not None:
            found[version] = min(end, found.get(version, end))
    return found
