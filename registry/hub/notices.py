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
    licences = list(LicenceTerms.objects.filter(version__in=versions))
    sentences = [
        f"contains {versions[terms.version_id]} ({terms}): attribution required"
        + (f", to {terms.attribution}" if terms.attribution else "")
        for terms in licences
        if terms_of(str(terms)).attribution
    ]
    ends = _ends_soon([*ConsentRecord.objects.filter(version__in=versions), *licences])
    sentences += [f"{versions[version]} leaves on {end:%Y-%m-%d}" for version, end in ends.items()]
    if not sentences:
        return ""
    return f"guildhall-{composition.revision[:12]}; {composition.model}: {'; '.join(sorted(sentences))}."


def _ends_soon(evidence: Iterable[ConsentRecord | LicenceTerms]) -> dict[UUID, datetime]:
    """The day that each version leaves: with its consent or with its licence, whichever ends first."""
    found: dict[UUID, datetime] = {}
    soon = clock.now() + NOTICE_AHEAD
    for each in evidence:
        if each.valid_until is not None and each.valid_until < soon:
            found[each.version_id] = min(each.valid_until, found.get(each.version_id, each.valid_until))
    return found
