"""What the licences of a work's parts ask of whoever has the whole, united: each duty once, with where it comes from.

Pure. A duty has the id of its rule, `duty.` and a word of licences.toml or of this file.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from registry.evidence.licence_data import BANS, NOTICES, OUTPUTS, Terms
from registry.evidence.licences import alternatives
from registry.evidence.rules import Purpose

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
    beside: bool = False  # the public model: it cannot be left out, only another one be composed beside


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
class Taken:
    """A part with those of its licences that are relied on."""

    part: Part
    licences: tuple[Terms, ...]


def to_be_told(parts: Sequence[Part]) -> list[Finding]:
    """What whoever has the whole must be told besides credits and licence texts, for whatever purpose and reading."""
    taken = [Taken(part, alternatives(part.licence)[0]) for part in parts]
    return [duty for duty in duties_of(taken) if duty.rule in TO_BE_TOLD]


def duties_of(taken: Sequence[Taken]) -> Iterator[Finding]:
    """What has to be done, whatever it is for."""
    for one in taken:
        if any(terms.attribution for terms in one.licences):
            words = one.part.attribution.strip()
            sentence = f"Name {one.part.name} and whose it is" + (f", in the words “{words}”." if words else ".")
            yield Finding("duty.attribution", sentence, (one.part.name,), tuple(t.id for t in one.licences))
    yield from _by_word(taken, lambda terms: terms.notices, lambda word: (f"duty.{word}", NOTICES[word]))
    for terms, names in by_licence(taken):
        yield from (Finding(rule, sentence, names, (terms.id,)) for rule, sentence in _said(terms, listed(names)))
    yield from _by_word(taken, lambda terms: terms.outputs, lambda word: (f"duty.output-{word}", OUTPUTS[word]))


def _said(terms: Terms, parts: str) -> Iterator[tuple[str, str]]:
    if not terms.known:
        return
    bans = [BANS[word].words for word in terms.bans]
    if terms.share_alike:
        others = f" or {listed(terms.shares_with, 'or')}" if terms.shares_with else ""
        yield "duty.share-alike", f"Share what is made from {parts} under {terms.id}{others}."
    if terms.stays_under:
        yield "duty.stays-under", f"Keep {parts}, changed or not, under {terms.id}; what stands beside it is free."
    if bans:
        yield (
            "duty.use-restrictions",
            f"Because of {parts} ({terms.id}), do not use the whole for: {'; '.join(bans)}.",
        )
    if terms.only_for is not None:
        yield "duty.only-for", f"Because of {parts} ({terms.id}), use the whole for {listed(terms.only_for)} only."
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


def duties_of_purpose(taken: Sequence[Taken], purpose: Purpose) -> Iterator[Finding]:
    """What somebody has to look at for this purpose, and what each part's choice and end are."""
    for terms, names in by_licence(taken):
        if asked := [BANS[word].words for word in terms.bans if purpose.id in BANS[word].ask_for]:
            sentence = f"Make sure that {purpose.id} means none of what {terms.id} forbids: {'; '.join(asked)}."
            yield Finding("duty.make-sure", sentence, names, (terms.id,))
    for one in taken:
        ids = tuple(terms.id for terms in one.licences)
        if len(alternatives(one.part.licence)) > 1:
            sentence = f"Of {one.part.licence}, {listed(ids)} is relied on for {one.part.name}."
            yield Finding("duty.choice", sentence, (one.part.name,), ids)
        if one.part.valid_until is not None:
            sentence = f"The licence of {one.part.name} ends on {one.part.valid_until:%d %B %Y}; stop using it then."
            yield Finding("duty.ends", sentence, (one.part.name,), ids)


def by_licence(taken: Sequence[Taken]) -> list[tuple[Terms, tuple[str, ...]]]:
    """Each licence that is relied on, with the parts that stand under it."""
    found: dict[str, tuple[Terms, list[str]]] = {}
    for one in taken:
        for terms in one.licences:
            found.setdefault(terms.id, (terms, []))[1].append(one.part.name)
    return [(terms, once(names)) for terms, names in found.values()]


def _by_word(
    taken: Sequence[Taken],
    words_of: Callable[[Terms], Iterable[str]],
    told: Callable[[str], tuple[str, str]],
) -> Iterator[Finding]:
    """One finding for each word that licences use, with all parts and licences that it comes from."""
    found: dict[str, tuple[list[str], list[str]]] = {}
    for terms, names in by_licence(taken):
        for word in words_of(terms):
            parts, licences = found.setdefault(word, ([], []))
            parts.extend(names)
            licences.append(terms.id)
    for word, (parts, licences) in found.items():
        rule, sentence = told(word)
        yield Finding(rule, sentence, once(parts), tuple(licences))


def names_of(taken: Sequence[Taken]) -> tuple[str, ...]:
    return once(one.part.name for one in taken)


def once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def listed(names: Sequence[str], word: str = "and") -> str:
    return f"{', '.join(names[:-1])} {word} {names[-1]}" if len(names) > 1 else "".join(names)
