"""What holds for a work that is made of parts under several licences: what has to be done, and what cannot be.

Pure: the parts, a purpose and a reading in, findings out, each with the id of the rule that gave it. Whether a composed
model is a derivative of its parts or a collection of them is for each installation to say; a court has not.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from registry.evidence.licence_data import BANS, LICENCES, NOTICES, OUTPUTS, Terms
from registry.evidence.licences import all_together, alternatives
from registry.evidence.rules import Purpose

DERIVATIVE, COLLECTION = "derivative", "collection"
READINGS = (DERIVATIVE, COLLECTION)

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
# Duties that credits and licence texts do not fulfil by themselves: whoever has the model must be told.
TO_BE_TOLD = {
    "duty.share-alike",
    "duty.stays-under",
    "duty.use-restrictions",
    "duty.only-for",
    "duty.non-commercial",
    "duty.commercial-limit",
    "duty.no-redistribution",
    "duty.stop-at-withdrawal",
    "duty.source-code",
    "duty.network-source",
    "duty.source-of-part",
    "duty.restrictions-passed-on",
    *(f"duty.{name}" for name in NOTICES if name.endswith(("-llama", "-notice", "-in-name", "-stability"))),
    *(f"duty.output-{name}" for name in OUTPUTS),
}


@dataclass(frozen=True, slots=True)
class Part:
    """One of the works that a composition is made of."""

    name: str
    licence: str
    attribution: str = ""
    valid_until: datetime | None = None
    public: bool = False  # the anchor


@dataclass(frozen=True, slots=True)
class Finding:
    """A duty or a conflict: by which rule, in words, and which parts and licences it comes from."""

    rule: str
    sentence: str
    parts: tuple[str, ...]
    licences: tuple[str, ...] = ()

    @property
    def told(self) -> str:
        """The sentence, with the parts where it does not name them itself."""
        named = any(part in self.sentence for part in self.parts)
        return self.sentence if named else f"{self.sentence} ({', '.join(self.parts)})"


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


@dataclass(frozen=True, slots=True)
class _Taken:
    """A part with those of its licences that are relied on."""

    part: Part
    licences: tuple[Terms, ...]


def combine(parts: Sequence[Part], *, purpose: Purpose, counts_as: str, now: datetime) -> Combined:
    """Where a part leaves a choice between licences, the one that goes best with the others is taken."""

    def conflicts_of(taken: Sequence[_Taken]) -> list[Finding]:
        found = [*_of_parts(taken, purpose, counts_as, now)]
        return found + ([*_of_sharing(taken)] if counts_as == DERIVATIVE else [])

    taken = _chosen(parts, conflicts_of)
    shared_as = _target(taken)[0] if counts_as == DERIVATIVE else ""
    duties = [*_duties(taken), *_duties_of_purpose(taken, purpose)]
    if shared_as:
        sharing = [one for one in taken if any(terms.share_alike for terms in one.licences)]
        sentence = f"Pass the whole on under {shared_as} only, as the share-alike of {_listed(_names(sharing))} wants."
        duties.insert(0, Finding("duty.whole-under", sentence, _names(sharing), (shared_as,)))
    return Combined(
        counts_as=counts_as,
        outbound=all_together(part.licence for part in parts),
        shared_as=shared_as,
        duties=tuple(duties),
        conflicts=tuple(conflicts_of(taken)),
    )


def to_be_told(parts: Sequence[Part]) -> list[Finding]:
    """What whoever has the whole must be told besides credits and licence texts, for whatever purpose and reading."""
    taken = [_Taken(part, alternatives(part.licence)[0]) for part in parts]
    return [duty for duty in _duties(taken) if duty.rule in TO_BE_TOLD]


def _chosen(parts: Sequence[Part], conflicts_of: Callable[[Sequence[_Taken]], list[Finding]]) -> list[_Taken]:
    """Of each part the freest alternative, or another one if that leaves fewer conflicts."""
    several = [alternatives(part.licence) for part in parts]
    taken = [_Taken(part, choices[0]) for part, choices in zip(parts, several, strict=True)]
    for index, choices in enumerate(several):
        tried = [[*taken[:index], _Taken(parts[index], choice), *taken[index + 1 :]] for choice in choices]
        if len(tried) > 1:
            taken = min(tried, key=lambda one: len(conflicts_of(one)))
    return taken


def _of_parts(taken: Sequence[_Taken], purpose: Purpose, counts_as: str, now: datetime) -> Iterator[Finding]:
    """What a licence alone has against it, by licence."""
    for terms, names in _by_licence(taken):
        parts = _listed(names)
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
            only = _listed(terms.only_for)
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


def _of_sharing(taken: Sequence[_Taken]) -> Iterator[Finding]:
    """Where all goes into one work, a share-alike wants the whole: what cannot go with it."""
    sharing = _sharing(taken)
    target, obstacles = _target(taken)
    if target:
        for terms, (names, why) in obstacles.items():
            others = tuple(name for found in sharing.values() for name in found)
            sentence = (
                f"The share-alike of {_listed(others)} wants the whole under {target}, but {terms}, the licence of "
                f"{_listed(names)}, {why}; leave one of them out."
            )
            yield Finding("conflict.share-alike-restriction", sentence, _once([*names, *others]), (terms, target))
        return
    ids = list(sharing)
    pairs = [(a, b) for i, a in enumerate(ids) for b in ids[i + 1 :] if not _under(a) & _under(b)]
    for group in pairs or ([tuple(ids)] if ids else []):
        each = _listed([f"{name} ({_listed(sharing[name])})" for name in group])
        sentence = f"{each} each want the whole under themselves, and no licence satisfies all; leave one out."
        yield Finding("conflict.share-alike", sentence, _once(n for g in group for n in sharing[g]), tuple(group))


def _sharing(taken: Sequence[_Taken]) -> dict[str, tuple[str, ...]]:
    return {terms.id: names for terms, names in _by_licence(taken) if terms.share_alike and terms.known}


def _under(name: str) -> set[str]:
    """The licences under which what is made from a work under this one may go."""
    return {name, *LICENCES[name].shares_with}


def _target(taken: Sequence[_Taken]) -> tuple[str, Mapping[str, tuple[tuple[str, ...], str]]]:
    """The licence that all share-alikes can live with, and what stands in its way; empty where there is none."""
    sharing = _sharing(taken)
    if not sharing:
        return "", {}
    common = set.intersection(*map(_under, sharing))
    preferred = _once([*sharing, *(other for name in sharing for other in LICENCES[name].shares_with)])
    tried = []
    for name in (name for name in preferred if name in common):
        found = {
            terms.id: (names, why)
            for terms, names in _by_licence(taken)
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


def _duties(taken: Sequence[_Taken]) -> Iterator[Finding]:
    """What has to be done, whatever it is for."""
    for one in taken:
        if any(terms.attribution for terms in one.licences):
            words = one.part.attribution.strip()
            sentence = f"Name {one.part.name} and whose it is" + (f", in the words “{words}”." if words else ".")
            yield Finding("duty.attribution", sentence, (one.part.name,), tuple(t.id for t in one.licences))
    yield from _by_word(taken, lambda terms: terms.notices, lambda word: (f"duty.{word}", NOTICES[word]))
    for terms, names in _by_licence(taken):
        yield from (Finding(rule, sentence, names, (terms.id,)) for rule, sentence in _said(terms, _listed(names)))
    yield from _by_word(taken, lambda terms: terms.outputs, lambda word: (f"duty.output-{word}", OUTPUTS[word]))


def _said(terms: Terms, parts: str) -> Iterator[tuple[str, str]]:
    if not terms.known:
        return
    bans = [BANS[word].words for word in terms.bans]
    if terms.share_alike:
        others = f" or {_listed(terms.shares_with, 'or')}" if terms.shares_with else ""
        yield "duty.share-alike", f"Share what is made from {parts} under {terms.id}{others}."
    if terms.stays_under:
        yield "duty.stays-under", f"Keep {parts}, changed or not, under {terms.id}; what stands beside it is free."
    if bans:
        yield (
            "duty.use-restrictions",
            f"Because of {parts} ({terms.id}), do not use the whole for: {'; '.join(bans)}.",
        )
    if terms.only_for is not None:
        yield "duty.only-for", f"Because of {parts} ({terms.id}), use the whole for {_listed(terms.only_for)} only."
    if not terms.commercial_use:
        yield "duty.non-commercial", f"Because of {parts} ({terms.id}), do not use the whole commercially."
    if terms.commercial_limit:
        yield (
            "duty.commercial-limit",
            f"Because of {parts} ({terms.id}), use it commercially only {terms.commercial_limit}.",
        )
    if not terms.redistribution:
        yield "duty.no-redistribution", f"Because of {parts} ({terms.id}), do not pass the whole on."
    if terms.revocable:
        yield "duty.stop-at-withdrawal", f"Stop using the whole when {parts} is taken back: {terms.id} allows that."


def _duties_of_purpose(taken: Sequence[_Taken], purpose: Purpose) -> Iterator[Finding]:
    """What somebody has to look at for this purpose, and what each part's choice and end are."""
    for terms, names in _by_licence(taken):
        if asked := [BANS[word].words for word in terms.bans if purpose.id in BANS[word].ask_for]:
            sentence = f"Make sure that {purpose.id} means none of what {terms.id} forbids: {'; '.join(asked)}."
            yield Finding("duty.make-sure", sentence, names, (terms.id,))
    for one in taken:
        ids = tuple(terms.id for terms in one.licences)
        if len(alternatives(one.part.licence)) > 1:
            sentence = f"Of {one.part.licence}, {_listed(ids)} is relied on for {one.part.name}."
            yield Finding("duty.choice", sentence, (one.part.name,), ids)
        if one.part.valid_until is not None:
            sentence = f"The licence of {one.part.name} ends on {one.part.valid_until:%d %B %Y}; stop using it then."
            yield Finding("duty.ends", sentence, (one.part.name,), ids)


def _by_licence(taken: Sequence[_Taken]) -> list[tuple[Terms, tuple[str, ...]]]:
    """Each licence that is relied on, with the parts that stand under it."""
    found: dict[str, tuple[Terms, list[str]]] = {}
    for one in taken:
        for terms in one.licences:
            found.setdefault(terms.id, (terms, []))[1].append(one.part.name)
    return [(terms, _once(names)) for terms, names in found.values()]


def _by_word(
    taken: Sequence[_Taken],
    words_of: Callable[[Terms], Iterable[str]],
    told: Callable[[str], tuple[str, str]],
) -> Iterator[Finding]:
    """One finding for each word that licences use, with all parts and licences that it comes from."""
    found: dict[str, tuple[list[str], list[str]]] = {}
    for terms, names in _by_licence(taken):
        for word in words_of(terms):
            parts, licences = found.setdefault(word, ([], []))
            parts.extend(names)
            licences.append(terms.id)
    for word, (parts, licences) in found.items():
        rule, sentence = told(word)
        yield Finding(rule, sentence, _once(parts), tuple(licences))


def _names(taken: Sequence[_Taken]) -> tuple[str, ...]:
    return _once(one.part.name for one in taken)


def _once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _listed(names: Sequence[str], word: str = "and") -> str:
    return f"{', '.join(names[:-1])} {word} {names[-1]}" if len(names) > 1 else "".join(names)
