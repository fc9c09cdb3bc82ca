"""What would change the answer: for each rule that refuses, the smallest change of the facts after which it does not.

Nothing is known of the rules: changes are tried on the facts, small ones first, and the engine is asked again. So it
holds for whatever set decides. Pure.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from registry.policy.rules import Engine, Facts, Remedy, Subject, Verdict

WAITING = {"draft", "submitted", "verified", "suspended"}  # for an approval, sooner or later


@dataclass(frozen=True, slots=True)
class Known:
    """A purpose that can be asked for, and whether it is commercial."""

    id: str
    commercial: bool


@dataclass(frozen=True, slots=True)
class _Change:
    who: str
    sentence: str
    facts: Facts


def remedies(
    engine: Engine, text: str, facts: Facts, verdict: Verdict, *, purposes: Sequence[Known]
) -> list[tuple[Remedy, Facts]]:
    """For each rule that refuses, in the order of the verdict, its way out, and the facts after it was taken.

    A rule that nothing helps against has none. A change that makes another rule refuse is no way out.
    """
    refusing = {reason.policy for reason in verdict.reasons}
    open_rules = [reason.policy for reason in verdict.reasons]
    found: dict[str, tuple[Remedy, Facts]] = {}
    for change in _changes(facts, purposes):
        if len(found) == len(open_rules):
            break
        left = {reason.policy for reason in engine.decide(text, change.facts).reasons}
        if left - refusing:
            continue
        for rule in open_rules:
            if rule not in left and rule not in found:
                found[rule] = (Remedy(rule, change.who, change.sentence), change.facts)
    return [found[rule] for rule in open_rules if rule in found]


def _changes(facts: Facts, purposes: Sequence[Known]) -> Iterator[_Change]:
    """What could be otherwise, what the consumer can do first."""
    yield from _by_the_consumer(facts, purposes)
    yield from _by_waiting(facts)
    for who, sentence, change in _ELSEWHERE:
        changed = change(facts)
        if changed.subject != facts.subject or changed.consumer != facts.consumer:
            yield _Change(who, sentence(facts), changed)
    for fewer in range(facts.experts - 1, 0, -1):
        yield _Change("consumer", f"Ask for at most {fewer} experts together.", replace(facts, experts=fewer))


def _by_the_consumer(facts: Facts, purposes: Sequence[Known]) -> Iterator[_Change]:
    others = [known for known in purposes if known.id != facts.purpose]
    named = [known for known in others if known.id in facts.subject.purposes]
    for known in [*named, *(other for other in others if other not in named)]:
        asked = replace(facts, purpose=known.id, commercial=known.commercial)
        yield _Change("consumer", f"Ask for {known.id} instead of {facts.purpose}.", asked)
    if facts.anchor_digest != facts.subject.anchor_digest:
        beside = replace(facts, anchor_digest=facts.subject.anchor_digest)
        yield _Change("consumer", f"Ask for {facts.subject.name} in a model of its own anchor.", beside)


def _by_waiting(facts: Facts) -> Iterator[_Change]:
    begins = facts.subject.valid_from
    if begins is not None and begins > facts.now:
        then = _whole_second(begins)
        yield _Change("time", f"Wait until {then:%d %B %Y, %H:%M} UTC.", replace(facts, now=then))


def _whole_second(at: datetime) -> datetime:
    return at if at.microsecond == 0 else at.replace(microsecond=0) + timedelta(seconds=1)


def _of_subject(change: Callable[[Facts, Subject], Subject]) -> Callable[[Facts], Facts]:
    return lambda facts: replace(facts, subject=change(facts, facts.subject))


def _approved(facts: Facts, subject: Subject) -> Subject:
    return replace(subject, state="approved") if subject.state in WAITING else subject


def _approved_again(facts: Facts, subject: Subject) -> Subject:
    return subject if subject.approved_at is None else replace(subject, approved_at=facts.now)


def _resumed(facts: Facts, subject: Subject) -> Subject:
    return replace(subject, state="approved") if subject.state == "paused" else subject


def _placed(facts: Facts) -> Facts:
    """The consumer says where it sits, where nobody has said so."""
    place = facts.subject.jurisdictions[0] if facts.subject.jurisdictions else ""
    if facts.consumer.jurisdiction or not place:
        return facts
    return replace(facts, consumer=replace(facts.consumer, jurisdiction=place))


def _concluded(facts: Facts, subject: Subject) -> Subject:
    if subject.licence_known:
        return subject
    return replace(subject, licence_known=True, commercial_use=True, derivatives=True)


def _consented(facts: Facts, subject: Subject) -> Subject:
    """A consent record like the one on file, wide enough for this question."""
    return replace(
        subject,
        purposes=tuple(dict.fromkeys((*subject.purposes, facts.purpose))),
        valid_from=min(subject.valid_from or facts.now, facts.now),
        valid_until=None,
    )


_ELSEWHERE: tuple[tuple[str, Callable[[Facts], str], Callable[[Facts], Facts]], ...] = (
    ("compliance", lambda f: f"Compliance approves {f.subject.name}.", _of_subject(_approved)),
    (
        "compliance",
        lambda f: f"Compliance reviews {f.subject.name} again, and approves it.",
        _of_subject(_approved_again),
    ),
    ("owner", lambda f: f"Its owner resumes {f.subject.name}.", _of_subject(_resumed)),
    (
        "compliance",
        lambda f: f"Compliance lifts the quarantine of its {f.subject.quarantine}.",
        _of_subject(lambda f, s: replace(s, quarantine="")),
    ),
    (
        "consumer",
        lambda f: (
            f"{f.consumer.slug} has the operator note where it sits; the consent holds in "
            f"{', '.join(f.subject.jurisdictions)}."
        ),
        _placed,
    ),
    (
        "owner",
        lambda f: f"Its owner adds {f.consumer.slug} to the recipients, in a new version.",
        _of_subject(
            lambda f, s: replace(s, recipients=(*s.recipients, f.consumer.slug)) if s.recipients else s,
        ),
    ),
    (
        "owner",
        lambda f: f"Its owner adds {f.consumer.jurisdiction} to the jurisdictions, in a new version.",
        _of_subject(
            lambda f, s: (
                replace(s, jurisdictions=(*s.jurisdictions, f.consumer.jurisdiction))
                if s.jurisdictions and f.consumer.jurisdiction
                else s
            ),
        ),
    ),
    (
        "owner",
        lambda f: f"Its owner brings a new version whose consent covers {f.purpose} today.",
        _of_subject(_consented),
    ),
    (
        "owner",
        lambda f: "Its owner brings a new version whose licence has not ended.",
        _of_subject(lambda f, s: replace(s, licence_valid_until=None)),
    ),
    (
        "compliance",
        lambda f: f"Compliance reads {f.subject.licence or 'the licence'} and concludes one that allows this.",
        _of_subject(_concluded),
    ),
    (
        "owner",
        lambda f: f"Its owner offers {f.subject.name} under a licence that allows commercial use.",
        _of_subject(lambda f, s: replace(s, commercial_use=True)),
    ),
    (
        "owner",
        lambda f: f"Its owner offers {f.subject.name} under a licence that allows derivatives.",
        _of_subject(lambda f, s: replace(s, derivatives=True)),
    ),
    (
        "owner",
        lambda f: "Its owner signs the package with a registered key, in a new version.",
        _of_subject(lambda f, s: replace(s, signature_verified=True)),
    ),
    (
        "owner",
        lambda f: "Its owner corrects the legal basis or the data card, in a new version.",
        _of_subject(lambda f, s: replace(s, legal_basis="consent")),
    ),
    (
        "owner",
        lambda f: "Its owner states the result of an extraction test, in a new version.",
        _of_subject(lambda f, s: replace(s, extraction_rate=s.extraction_rate or "0.0000")),
    ),
    (
        "owner",
        lambda f: "Its owner states the epsilon of its training, in a new version.",
        _of_subject(lambda f, s: replace(s, epsilon=s.epsilon or "0.0000")),
    ),
    (
        "owner",
        lambda f: "Its owner trains it with a smaller epsilon, and brings a new version.",
        _of_subject(lambda f, s: replace(s, epsilon="0.0000") if s.epsilon else s),
    ),
    (
        "owner",
        lambda f: "Its owner trains it with a smaller delta, and brings a new version.",
        _of_subject(lambda f, s: s if s.delta_ppb is None else replace(s, delta_ppb=0)),
    ),
    (
        "owner",
        lambda f: "Its owner trains it so that it gives less of its training text back, and brings a new version.",
        _of_subject(lambda f, s: replace(s, extraction_rate="0.0000") if s.extraction_rate else s),
    ),
)
