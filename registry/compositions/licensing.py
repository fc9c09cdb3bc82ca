"""What the licences of a build's parts come to, taken together: duties, and conflicts that refuse the build.

What a licence says of its own expert is the policies' to answer; here is what only the parts together have, and the
anchor, of which no policy is asked.
"""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.conf import settings

from registry.actors import Actor
from registry.audit import clock
from registry.compositions.models import SERVED, Composition, Inclusion
from registry.compositions.queries import candidates, versions_in
from registry.digests import digest_of
from registry.errors import Invalid
from registry.evidence.combining import OF_ONE_PART, READINGS, RULES, Combined, combine
from registry.evidence.duties import Finding, Part
from registry.evidence.licence_data import DATA_DIGEST
from registry.evidence.licences import normalised_licence
from registry.evidence.models import LicenceTerms
from registry.evidence.rules import PURPOSES
from registry.experts.models import Anchor, ExpertVersion
from registry.experts.queries import get_visible_anchor, get_visible_expert

MAX_PARTS = 100
ANY_TEXT = "-"  # the question is asked before anybody has the text


def licences_together(
    versions: Sequence[ExpertVersion],
    *,
    anchor: Anchor | None,
    purpose: str,
    counts_as: str = "",
    beside: Sequence[Part] = (),
) -> Combined:
    """As the evidence stands now, under this reading or the installation's own."""
    rows = {row.version_id: row for row in LicenceTerms.objects.filter(version__in=versions)}
    parts = [] if anchor is None else [_public(anchor)]
    parts += [_part(version, rows.get(version.id)) for version in versions]
    reading = counts_as or settings.COMPOSITION_COUNTS_AS
    return combine([*parts, *beside], purpose=PURPOSES[purpose], counts_as=reading, now=clock.now())


def licences_in_build(composition: Composition) -> Combined:
    """Of what it holds or was to hold."""
    versions = [version for _, version in versions_in(composition)]
    model = composition.model
    return licences_together(versions, anchor=model.anchor, purpose=model.purpose)


def clashes(versions: Sequence[ExpertVersion], *, anchor: Anchor, purpose: str) -> list[dict[str, str]]:
    """What only the parts together have against them, an expert a row, as policies refuse: who, which rule, why."""
    found = licences_together(versions, anchor=anchor, purpose=purpose).conflicts
    public = _public(anchor).name
    return [
        {"expert": name, "policy": conflict.rule, "reason": conflict.sentence}
        for conflict in found
        for name in _blamed(conflict, public)
    ]


def terms_digest(licences: Iterable[str], *, anchor: str, purpose: str) -> str:
    """Of all that the answer follows from: licences, what they are read to say, the reading, and what it is for.

    Ends of terms are not in it: they are one expert's, and the policies ask about them at each download.
    """
    return digest_of({"experts": sorted(licences), "anchor": anchor, "purpose": purpose, "read": licence_rules()})


def licence_rules() -> str:
    """How this installation reads licences: its data, its rules, its reading of a composition."""
    return f"{DATA_DIGEST}-{RULES}-{settings.COMPOSITION_COUNTS_AS}"


def digest_now(versions: Sequence[ExpertVersion], *, anchor: Anchor, purpose: str) -> str:
    rows = {row.version_id: str(row) for row in LicenceTerms.objects.filter(version__in=versions)}
    licences = [rows.get(version.id, "") for version in versions]
    return terms_digest(licences, anchor=anchor.licence, purpose=purpose)


def revisions_to_ask_again() -> list[UUID]:
    """Served revisions whose licences, or what they are read to say, are not what they were when it was last asked.

    After a release that reads a licence otherwise, another setting or another licence concluded: all that it touches.
    """
    served = Composition.objects.filter(state__in=SERVED).order_by("id")
    held: dict[UUID, list[str]] = {}
    licences = {row.version_id: str(row) for row in LicenceTerms.objects.filter(version__in=_included())}
    for build, version in Inclusion.objects.filter(composition__state__in=SERVED).values_list("composition", "version"):
        held.setdefault(build, []).append(licences.get(version, ""))
    rows = served.values_list("id", "terms_digest", "model__anchor__licence", "model__purpose")
    return [
        build
        for build, known, anchor, purpose in rows
        if known != terms_digest(held.get(build, ()), anchor=anchor, purpose=purpose)
    ]


def _included() -> Any:
    return Inclusion.objects.filter(composition__state__in=SERVED).values("version")


def combine_named(
    *,
    anchor: str | None,
    experts: Iterable[str],
    licences: Iterable[str],
    purpose: str,
    counts_as: str | None,
    by: Actor,
) -> Combined:
    """The question by itself, of experts by name, of bare licences, or of both."""
    if purpose not in PURPOSES:
        raise Invalid(f'"{purpose[:40]}" is not a purpose we know; choose one of {", ".join(PURPOSES)}.')
    if counts_as and counts_as not in READINGS:
        raise Invalid(f'"{counts_as[:40]}" is no reading of a composition; choose {" or ".join(READINGS)}.')
    found = [get_visible_expert(name, actor=by) for name in dict.fromkeys(experts)]
    versions = candidates(found, seen_by=by)
    for expert in found:
        if expert.id not in versions:
            raise Invalid(f"{expert} has no version yet; leave it out.")
    read = [normalised_licence(licence, text=ANY_TEXT) for licence in licences]
    bare = [Part(name=f"part {number} ({name})", licence=name) for number, name in enumerate(read, start=1)]
    if not bare and not versions:
        raise Invalid("There is nothing to combine; name experts, licences, or both.")
    if len(bare) + len(versions) > MAX_PARTS:
        raise Invalid(f"At most {MAX_PARTS} parts are combined at once; name fewer.")
    public = get_visible_anchor(anchor, actor=by) if anchor else None
    return licences_together(
        list(versions.values()), anchor=public, purpose=purpose, counts_as=counts_as or "", beside=bare
    )


def _blamed(conflict: Finding, public: str) -> list[str]:
    """The experts that have a part in it; the anchor by itself; nobody where the policies speak of it."""
    experts = [name for name in conflict.parts if name != public]
    if conflict.rule in OF_ONE_PART:
        return [public] if public in conflict.parts else []
    return experts or [public]


def _public(anchor: Anchor) -> Part:
    return Part(name=f"the public model {anchor.slug}", licence=anchor.licence, beside=True)


def _part(version: ExpertVersion, terms: LicenceTerms | None) -> Part:
    """Without any terms on file it is under a licence that nobody has read."""
    if terms is None:
        return Part(name=str(version), licence="LicenseRef-none-stated")
    return Part(name=str(version), licence=str(terms), attribution=terms.attribution, valid_until=terms.valid_until)
