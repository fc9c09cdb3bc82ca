"""What holds for a work that is made of parts under several licences: what has to be done, and what cannot be.

Pure: the parts, a purpose and a reading in, findings out, each with the id of the rule that gave it. Whether a composed
model is a derivative of its parts or a collection of them is for each installation to say; a court has not.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from registry.evidence.duties import (
    Finding,
    Part,
    Taken,
    by_licence,
    duties_of,
    duties_of_purpose,
    listed,
    names_of,
    once,
)
from registry.evidence.licence_data import BANS, LICENCES, Terms
from registry.evidence.licences import all_together, alternatives
from registry.evidence.rules import Purpose

DERIVATIVE, COLLECTION = "derivative", "collection"
READINGS = (DERIVATIVE, COLLECTION)
LAWYERS = (
    "This holds where a composition counts as a derivative of its parts, as it does here; whether it is a collection "
    "of works that stay their own is for the operator's lawyers to decide (GUILDHALL_COMPOSITION_COUNTS_AS)."
)
RULES = 1  # one more whenever what is said below changes: what is served is asked about again

# What the rules are called, with what each says. A conflict that lies in one part alone is told apart from those that
# only the parts together have.
CONFLICTS = {
    "conflict.share-alike": "Two licences each ask that the whole goes under them alone.",
    "conflict.share-alike-restriction": "A part keeps back what another part's share-alike wants everybody to have.",
    "conflict.no-derivatives": "A part may only be passed on unchanged, and a composition counts as a derivative.",
    "conflict.non-commercial": "A part is not for commercial use, and the purpose is commercial.",
    "conflict.field-of-use": "A part's licence rules out the purpose.",
    "conflict.expired": "A part's licence has ended.",
    "conflict.unread": "Nobody has read a part's licence yet.",
}
OF_ONE_PART = {"conflict.no-derivatives", "conflict.non-commercial", "conflict.expired", "conflict.unread"}


@dataclass(frozen=True, slots=True)
class Combined:
    """What holds for the whole."""

    counts_as: str
    outbound: str  # the expression of all that applies
    shared_as: str  # the licence under which share-alike parts ask the whole to go; empty where none does
    duties: tuple[Finding, ...]
    conflicts: tuple[Finding, ...]

    @property
    def allowed(self) -> bool:
        return not self.conflicts


def combine(parts: Sequence[Part], *, purpose: Purpose, counts_as: str, now: datetime) -> Combined:
    """Where a part leaves a choice between licences, the one that goes best with the others is taken."""

    def conflicts_of(taken: Sequence[Taken]) -> list[Finding]:
        found = [*_of_parts(taken, purpose, counts_as, now)]
        return found + ([*_of_sharing(taken)] if counts_as == DERIVATIVE else [])

    taken = _chosen(parts, conflicts_of)
    shared_as = _target(taken)[0] if counts_as == DERIVATIVE else ""
    duties = [*duties_of(taken), *duties_of_purpose(taken, purpose)]
    if shared_as:
        sharing = [one for one in taken if any(terms.share_alike for terms in one.licences)]
        sentence = f"Pass the whole on under {shared_as} only, as the share-alike of {listed(names_of(sharing))} wants."
        duties.insert(0, Finding("duty.whole-under", sentence, names_of(sharing), (shared_as,)))
    return Combined(
        counts_as=counts_as,
        outbound=all_together(part.licence for part in parts),
        shared_as=shared_as,
        duties=tuple(duties),
        conflicts=tuple(conflicts_of(taken)),
    )


def _chosen(parts: Sequence[Part], conflicts_of: Callable[[Sequence[Taken]], list[Finding]]) -> list[Taken]:
    """Of each part the freest alternative, or another one if that leaves fewer conflicts."""
    several = [alternatives(part.licence) for part in parts]
    taken = [Taken(part, choices[0]) for part, choices in zip(parts, several, strict=True)]
    for index, choices in enumerate(several):
        tried = [[*taken[:index], Taken(parts[index], choice), *taken[index + 1 :]] for choice in choices]
        if len(tried) > 1:
            taken = min(tried, key=lambda one: len(conflicts_of(one)))
    return taken


def _of_parts(taken: Sequence[Taken], purpose: Purpose, counts_as: str, now: datetime) -> Iterator[Finding]:
    """What a licence alone has against it, by licence."""
    for terms, names in by_licence(taken):
        parts = listed(names)
        if not terms.known:
            sentence = f"Nobody has read {terms.id} yet, the licence of {parts}; compliance must conclude one."
            yield Finding("conflict.unread", sentence, names, (terms.id,))
            continue
        if purpose.commercial and not terms.commercial_use:
            sentence = (
                f"{terms.id}, the licence of {parts}, does not allow commercial use, and {purpose.id} is commercial."
            )
            yield Finding("conflict.non-commercial", sentence, names, (terms.id,))
        if terms.only_for is not None and purpose.id not in terms.only_for:
            only = listed(terms.only_for)
            sentence = f"{terms.id}, the licence of {parts}, is for {only} only, not for {purpose.id}."
            yield Finding("conflict.field-of-use", sentence, names, (terms.id,))
        for ban in (BANS[word] for word in terms.bans if purpose.id in BANS[word].forbids):
            sentence = f"{terms.id}, the licence of {parts}, forbids {ban.words}, and that rules out {purpose.id}."
            yield Finding("conflict.field-of-use", sentence, names, (terms.id,))
        if counts_as == DERIVATIVE and not terms.derivatives:
            sentence = (
                f"{terms.id}, the licence of {parts}, forbids derivatives, and a composed model counts as one here."
            )
            yield Finding("conflict.no-derivatives", sentence, names, (terms.id,))
    for part in (one.part for one in taken):
        if part.valid_until is not None and part.valid_until <= now:
            sentence = f"The licence of {part.name}, {part.licence}, ended on {part.valid_until:%d %B %Y}."
            yield Finding("conflict.expired", sentence, (part.name,), (part.licence,))


def _of_sharing(taken: Sequence[Taken]) -> Iterator[Finding]:
    """Where all goes into one work, a share-alike wants the whole: what cannot go with it."""
    sharing = _sharing(taken)
    target, obstacles = _target(taken)
    if target:
        for terms, (names, why) in obstacles.items():
            others = tuple(name for found in sharing.values() for name in found)
            sentence = (
                f"The share-alike of {listed(others)} wants the whole under {target}, but {terms}, the licence of "
                f"{listed(names)}, {why}; {_way_out(taken, names, others, target)}"
            )
            yield Finding("conflict.share-alike-restriction", sentence, once([*names, *others]), (terms, target))
        return
    ids = list(sharing)
    pairs = [(a, b) for i, a in enumerate(ids) for b in ids[i + 1 :] if not _under(a) & _under(b)]
    groups: list[tuple[str, ...]] = [*pairs] or ([tuple(ids)] if ids else [])
    for group in groups:
        each = listed([f"{name} ({listed(sharing[name])})" for name in group])
        sentence = f"{each} each want the whole under themselves, and no licence satisfies all; leave one out."
        sentence += f" {LAWYERS}"
        yield Finding("conflict.share-alike", sentence, once(n for g in group for n in sharing[g]), tuple(group))


def _way_out(taken: Sequence[Taken], restricting: Sequence[str], sharing: Sequence[str], target: str) -> str:
    """What would change it, and who can: whoever asks, an owner, or the operator's lawyers."""
    beside = {one.part.name for one in taken if one.part.beside}
    loose = [name for name in once([*restricting, *sharing]) if name not in beside]
    first = "leave one of them out"
    if beside & {*restricting, *sharing}:
        first = f"leave {listed(loose)} out, or compose beside another public model" if loose else "take another one"
    owned = [name for name in restricting if name not in beside]
    offered = f", or have {listed(owned)} offered under terms that go with {target}" if owned else ""
    return f"{first}{offered}. {LAWYERS}"


def _sharing(taken: Sequence[Taken]) -> dict[str, tuple[str, ...]]:
    return {terms.id: names for terms, names in by_licence(taken) if terms.share_alike and terms.known}


def _under(name: str) -> set[str]:
    """The licences under which what is made from a work under this one may go."""
    return {name, *LICENCES[name].shares_with}


def _target(taken: Sequence[Taken]) -> tuple[str, Mapping[str, tuple[tuple[str, ...], str]]]:
    """The licence that all share-alikes can live with, and what stands in its way; empty where there is none."""
    sharing = _sharing(taken)
    if not sharing:
        return "", {}
    common = set.intersection(*map(_under, sharing))
    preferred = once([*sharing, *(other for name in sharing for other in LICENCES[name].shares_with)])
    tried = []
    for name in (name for name in preferred if name in common):
        found = {
            terms.id: (names, why)
            for terms, names in by_licence(taken)
            if terms.known and terms.id not in sharing and (why := _obstacle(terms, LICENCES[name]))
        }
        tried.append((name, found))
    return min(tried, key=lambda one: len(one[1])) if tried else ("", {})


def _obstacle(terms: Terms, target: Terms) -> str:
    """Why a work under these terms cannot become part of one under that licence; empty when it can."""
    narrower = [BANS[word].words for word in terms.bans if word not in target.bans]
    reasons = [
        (target.id in terms.not_with, "cannot live under it"),
        (not terms.redistribution, "may not be passed on"),
        (not terms.commercial_use and target.commercial_use, "keeps commercial use back"),
        (bool(terms.commercial_limit) and not target.commercial_limit, "limits commercial use"),
        (terms.only_for is not None and target.only_for is None, "allows some purposes only"),
        (bool(narrower), f"forbids {narrower[0]}" if narrower else ""),
        (terms.revocable and not target.revocable, "can be taken back"),
    ]
    return next((why for holds, why in reasons if holds), "")
