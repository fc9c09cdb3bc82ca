"""What a policy decision is made from, and what it says. Pure: facts in, verdict out; no engine, no database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import ROUND_CEILING, Decimal
from typing import Any, Protocol, Self

from registry.errors import Reason
from registry.policy.places import Place


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
    organisation: str = ""  # whose it is
    domain: str = ""
    quarantine: str = ""  # version | organisation: what was put under quarantine; empty: nothing
    legal_basis: str = ""
    personal_data: bool = False  # the data card names kinds of it
    mechanism: str = ""  # of privacy, as the package's card states it
    epsilon: str = ""  # a number with four decimals; empty: not stated, or not readable
    delta_ppb: int | None = None  # parts in a billion, rounded up: four decimals would say nothing of it
    extraction_rate: str = ""  # the share of probes that gave training text back, likewise
    approved_at: datetime | None = None  # its last approval: each new one counts from then on

    def __hash__(self) -> int:
        """Of little: they are looked up often, and two of one name and state are nearly always the same."""
        return hash((self.name, self.state))

    def value(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "state": self.state,
            "anchor_digest": self.anchor_digest,
            "signature_verified": self.signature_verified,
            "licence": self.licence,
            "licence_known": self.licence_known,
            "commercial_use": self.commercial_use,
            "derivatives": self.derivatives,
            "purposes": list(self.purposes),
            "recipients": list(self.recipients),
            "jurisdictions": list(self.jurisdictions),
            "valid_from": _written(self.valid_from),
            "valid_until": _written(self.valid_until),
            "licence_valid_until": _written(self.licence_valid_until),
            "organisation": self.organisation,
            "domain": self.domain,
            "quarantine": self.quarantine,
            "legal_basis": self.legal_basis,
            "personal_data": self.personal_data,
            "mechanism": self.mechanism,
            "epsilon": self.epsilon,
            "delta_ppb": self.delta_ppb,
            "extraction_rate": self.extraction_rate,
            "approved_at": _written(self.approved_at),
        }


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
    experts: int = 1  # how many are asked for together, the public one not counted

    def value(self) -> dict[str, Any]:
        """As plain JSON: what is stored with the decision and hashed."""
        return {
            "action": self.action,
            "consumer": {"slug": self.consumer.slug, "jurisdiction": self.consumer.jurisdiction},
            "purpose": self.purpose,
            "commercial": self.commercial,
            "anchor_digest": self.anchor_digest,
            "now": self.now.isoformat(),
            "experts": self.experts,
            "subject": self.subject.value(),
        }

    @classmethod
    def read(cls, value: Mapping[str, Any]) -> Self:
        """What `value` wrote, also when it was written before a fact was thought of: that one is as if never given."""
        subject = dict(value["subject"])
        for name in LISTS & subject.keys():
            subject[name] = tuple(subject[name])
        for name in MOMENTS & subject.keys():
            subject[name] = _read(subject[name])
        return cls(
            **{
                **value,
                "consumer": Consumer(**value["consumer"]),
                "now": datetime.fromisoformat(value["now"]),
                "subject": Subject(**subject),
            }
        )


def approved_anew(facts: Facts) -> Facts:
    """The same question about the same version, as if it had been approved at that very moment."""
    return replace(facts, subject=replace(facts.subject, approved_at=facts.now))


DECIMALS = frozenset({"epsilon", "extraction_rate"})
LISTS = frozenset({"purposes", "recipients", "jurisdictions"})
MOMENTS = frozenset({"valid_from", "valid_until", "licence_valid_until", "approved_at"})


def _read(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _written(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


@dataclass(frozen=True, slots=True)
class Remedy:
    """A way out of a refusal: which rule would no longer refuse, who can do it, and what it is, in a sentence."""

    policy: str
    who: str  # consumer | owner | compliance | time
    sentence: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer. A refusal names every rule that refused; a permission names none."""

    allowed: bool
    reasons: tuple[Reason, ...] = ()
    remedies: tuple[Remedy, ...] = ()  # where somebody asked for them


@dataclass(frozen=True, slots=True)
class Rule:
    """A policy of a set, as a person reads it."""

    id: str
    effect: str  # permit | forbid
    reason: str
    law: str = ""
    rereview: bool = False  # what it forbids is sent back to review


class Engine(Protocol):
    """Anything that reads policies and answers. A set is one text, so that a hash names it."""

    def faults(self, text: str) -> Sequence[str]:
        """What is wrong with a set of policies, a sentence each; empty when it can be used."""

    def place_of(self, text: str, fault: str) -> Place | None:
        """Where in the text a fault of it lies; None where it is of the whole."""

    def rules(self, text: str) -> Sequence[Rule]:
        """The policies of a set."""

    def rereview(self, text: str) -> str:
        """Those policies of a set that send versions back to review, as a set of their own; empty when it has none."""

    def decide(self, text: str, facts: Facts) -> Verdict:
        """The answer of a set to one question. The same question has the same answer, today and in ten years."""

    def decide_all(self, text: str, facts: Sequence[Facts]) -> list[Verdict]:
        """The same for several at once, in their order."""


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
        "organisation": subject.organisation or "its owner",
        "domain": subject.domain,
        "quarantine": subject.quarantine or "nothing",
        "legal_basis": subject.legal_basis or "no legal basis",
        "mechanism": subject.mechanism or "no mechanism",
        "epsilon": _number(subject.epsilon),
        "delta": _number("" if subject.delta_ppb is None else str(Decimal(subject.delta_ppb).scaleb(-9))),
        "extraction_rate": _number(subject.extraction_rate),
        "approved_at": _day(subject.approved_at),
        "experts": str(facts.experts),
    }


WORDS = frozenset(
    {
        "version", "state", "purpose", "purposes", "recipients", "jurisdictions", "licence", "consumer",
        "jurisdiction", "valid_from", "valid_until", "licence_valid_until", "organisation", "domain", "quarantine",
        "legal_basis", "mechanism", "epsilon", "delta", "extraction_rate", "approved_at", "experts",
    }
)  # fmt: skip


def decimal_of(number: Any) -> str:
    """A number as the policies compare it, four decimals, rounded up; empty where it is none that can be compared."""
    if isinstance(number, bool) or not isinstance(number, int | float) or not 0 <= number <= LARGEST:
        return ""
    return str(Decimal(str(number)).quantize(SMALLEST, rounding=ROUND_CEILING))


def parts_per_billion(number: Any) -> int | None:
    """A probability as the policies compare it, rounded up; None where it is none."""
    if isinstance(number, bool) or not isinstance(number, int | float) or not 0 <= number <= 1:
        return None
    return int(Decimal(str(number)).scaleb(9).to_integral_value(rounding=ROUND_CEILING))


SMALLEST = Decimal("0.0001")
LARGEST = 900_000_000_000_000


def _number(text: str) -> str:
    return f"{Decimal(text).normalize():f}" if text else "a number that is not stated"


def _listed(items: Sequence[str], *, empty: str) -> str:
    return ", ".join(items) or empty


def _day(at: datetime | None) -> str:
    return f"{at:%d %B %Y}" if at else "a day that is not stated"
