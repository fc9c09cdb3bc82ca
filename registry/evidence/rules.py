"""What a consent record and a provenance statement must hold. Pure: words in, one clear sentence out when they lack."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from registry.errors import Invalid


@dataclass(frozen=True, slots=True)
class Purpose:
    """Something a model may be used for, and what the W3C Data Privacy Vocabulary calls it."""

    id: str
    name: str
    description: str
    commercial: bool
    dpv: str


def _purposes(*rows: Purpose) -> dict[str, Purpose]:
    return {row.id: row for row in rows}


PURPOSES = _purposes(
    Purpose(
        "research", "Research", "Scientific research, published or not, without sale.", False, "dpv:AcademicResearch"
    ),
    Purpose("education", "Education", "Teaching and learning.", False, "dpv:Education"),
    Purpose(
        "public-service",
        "Public service",
        "Tasks in the public interest, by a public body.",
        False,
        "dpv:PublicBenefit",
    ),
    Purpose(
        "evaluation",
        "Evaluation",
        "Measuring a model before deciding on its use.",
        False,
        "dpv:InternalResourceOptimisation",
    ),
    Purpose(
        "commercial-research", "Commercial research", "Research towards a product.", True, "dpv:CommercialResearch"
    ),
    Purpose(
        "service", "Service to customers", "Running a product or service for others.", True, "dpv:ServiceProvision"
    ),
)

LEGAL_BASES: dict[str, str] = {
    "consent": "Consent of the people the data is about",
    "contract": "A contract with them",
    "legitimate-interest": "A legitimate interest, weighed against theirs",
    "public-interest": "A task in the public interest",
    "no-personal-data": "The data is about nobody",
}

JURISDICTION = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
REQUIRED_STATEMENTS: dict[str, str] = {
    "anchor_digest": "the digest of the anchor it was trained beside",
    "dataset": "a description of the data",
    "trained_by": "who trained it",
    "code": "which code trained it",
}
MAX_STATEMENT = 2_000


def check_consent(
    *,
    legal_basis: str,
    purposes: Sequence[str],
    jurisdictions: Sequence[str],
    valid_from: datetime,
    valid_until: datetime | None,
    withdrawal_method: str,
    now: datetime,
) -> None:
    """Refuse a consent record that could never allow anything, or that says something we do not know."""
    if legal_basis not in LEGAL_BASES:
        raise Invalid(f'"{legal_basis}" is not a legal basis we know; choose one of {", ".join(LEGAL_BASES)}.')
    if not purposes:
        raise Invalid("The consent names no purpose; name at least one.")
    for purpose in purposes:
        if purpose not in PURPOSES:
            raise Invalid(f'"{purpose}" is not a purpose we know; choose from {", ".join(PURPOSES)}.')
    for code in jurisdictions:
        if not JURISDICTION.fullmatch(code):
            raise Invalid(f'"{code}" is not a jurisdiction; give ISO 3166 codes such as DE or US-CA.')
    if valid_until is not None and valid_until <= valid_from:
        raise Invalid("The consent ends before it begins; correct its dates.")
    if valid_until is not None and valid_until <= now:
        raise Invalid(f"The consent expired on {valid_until:%d %B %Y}; give one that is valid now.")
    if not withdrawal_method.strip():
        raise Invalid("Say how the people behind the data can withdraw their consent.")


def check_licence_end(valid_until: datetime | None, *, now: datetime) -> None:
    """Refuse a licence that is over before it could allow anything."""
    if valid_until is not None and valid_until <= now:
        raise Invalid(f"The licence ended on {valid_until:%d %B %Y}; give one that is valid now.")


def check_provenance(statement: Mapping[str, Any], *, anchor_digest: str) -> None:
    """Refuse a statement that leaves out what it is for, or that speaks of another anchor."""
    for key, meaning in REQUIRED_STATEMENTS.items():
        value = statement.get(key)
        if not isinstance(value, str) or not value.strip():
            raise Invalid(f"The provenance does not say {meaning}; give it as `{key}`.")
        if len(value) > MAX_STATEMENT:
            raise Invalid(f"`{key}` in the provenance has more than {MAX_STATEMENT} characters; shorten it.")
    if not DIGEST.fullmatch(statement["anchor_digest"]):
        raise Invalid("`anchor_digest` in the provenance is not a digest; it reads sha256: and 64 hex digits.")
    if statement["anchor_digest"] != anchor_digest:
        raise Invalid(
            f"The provenance names the anchor {statement['anchor_digest']}, but this expert stands beside "
            f"{anchor_digest}; train it beside that one, or register it for the other."
        )
