"""What a policy decision is made from, and what it says. Pure: facts in, verdict out; no engine, no database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from registry.errors import Reason


@dataclass(frozen=True, slots=True)
class Consumer:
    """The organisation that asks."""

    slug: str
    jurisdiction: str = ""

    @property
    def jurisdictions(self) -> tuple[str, ...]:
        """Where it sits, from the narrow to the wide: US-CA is in US too."""
        country = self.jurisdiction.partition("-")[0]
        return tuple(dict.fromkeys(place for place in (self.jurisdiction, country) if place))


@dataclass(frozen=True, slots=True)
class Subject:
    """An expert version and what speaks for it. What was never given is empty, and empty permits nothing."""

    name: str  # organisation/expert@number
    state: str
    anchor_digest: str
    signature_verified: bool = False
    licence: str = ""
    licence_known: bool = False
    commercial_use: bool = False
    derivatives: bool = False
    purposes: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()  # empty: anybody
    jurisdictions: tuple[str, ...] = ()  # empty: anywhere
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    licence_valid_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """One question: may this consumer do this with this version, for this purpose, now?"""

    action: str  # compose | download
    consumer: Consumer
    purpose: str
    commercial: bool
    anchor_digest: str  # of the model that is asked for
    subject: Subject
    now: datetime

    def value(self) -> dict[str, Any]:
        """As plain JSON: what is stored with the decision and hashed."""
        subject = self.subject
        return {
            "action": self.action,
            "consumer": {"slug": self.consumer.slug, "jurisdiction": self.consumer.jurisdiction},
            "purpose": self.purpose,
            "commercial": self.commercial,
            "anchor_digest": self.anchor_digest,
            "now": self.now.isoformat(),
            "subject": {
                "name": subject.name,
                "state": subject.state,
                "anchor_digest": subject.anchor_digest,
                "signature_verified": subject.signature_verified,
                "licence": subject.licence,
                "licence_known": subject.licence_known,
                "commercial_use": subject.commercial_use,
                "derivatives": subject.derivatives,
                "purposes": list(subject.purposes),
                "recipients": list(subject.recipients),
                "jurisdictions": list(subject.jurisdictions),
                "valid_from": _written(subject.valid_from),
                "valid_until": _written(subject.valid_until),
                "licence_valid_until": _written(subject.licence_valid_until),
            },
        }


def _written(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer. A refusal names every rule that refused; a permission names none."""

    allowed: bool
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """A policy of a set, as a person reads it."""

    id: str
    effect: str  # permit | forbid
    reason: str
    law: str = ""


class Engine(Protocol):
    """Anything that reads policies and answers. A set is one text, so that a hash names it."""

    def faults(self, text: str) -> Sequence[str]:
        """What is wrong with a set of policies, a sentence each; empty when it can be used."""

    def rules(self, text: str) -> Sequence[Rule]:
        """The policies of a set."""

    def decide(self, text: str, facts: Facts) -> Verdict:
        """The answer of a set to one question."""


def words(facts: Facts) -> Mapping[str, str]:
    """What a rule's reason may name in braces."""
    subject = facts.subject
    return {
        "version": subject.name,
        "state": subject.state,
        "purpose": facts.purpose,
        "purposes": _listed(subject.purposes, empty="nothing"),
        "recipients": _listed(subject.recipients, empty="anybody"),
        "jurisdictions": _listed(subject.jurisdictions, empty="anywhere"),
        "licence": subject.licence or "no licence",
        "consumer": facts.consumer.slug,
        "jurisdiction": facts.consumer.jurisdiction or "no stated jurisdiction",
        "valid_from": _day(subject.valid_from),
        "valid_until": _day(subject.valid_until),
        "licence_valid_until": _day(subject.licence_valid_until),
    }


WORDS = frozenset(
    {
        "version", "state", "purpose", "purposes", "recipients", "jurisdictions", "licence", "consumer",
        "jurisdiction", "valid_from", "valid_until",
        "licence_valid_until",
    }
)  # fmt: skip


def _listed(items: Sequence[str], *, empty: str) -> str:
    return ", ".join(items) or empty


def _day(at: datetime | None) -> str:
    return f"{at:%d %B %Y}" if at else "a day that is not stated"
