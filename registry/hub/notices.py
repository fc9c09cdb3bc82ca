"""What a reader of a revision has to know: whom to name, and what leaves soon. Clients print it once."""

from datetime import timedelta

from django.utils import timezone

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
    sentences += [
        f"{versions[consent.version_id]} leaves on {consent.valid_until:%Y-%m-%d}"
        for consent in ConsentRecord.objects.filter(version__in=versions, valid_until__lt=timezone.now() + NOTICE_AHEAD)
    ]
    if not sentences:
        return ""
    return f"guildhall-{composition.revision[:12]}; {composition.model}: {'; '.join(sorted(sentences))}."
