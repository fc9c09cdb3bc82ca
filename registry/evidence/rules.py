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
    duo: tuple[str, ...] = ()  # the Data Use Ontology's codes that say the same or part of it


# Of the words below. What is added makes a new version; nothing is taken out or given another meaning, so that a record
# is read with any later one.
VOCABULARY = 1


def _purposes(*rows: Purpose) -> dict[str, Purpose]:
    return {row.id: row for row in rows}


PURPOSES = _purposes(
    Purpose(
        "research",
        "Research",
        "Scientific research, published or not, without sale.",
        False,
        "dpv:AcademicResearch",
        ("DUO:0000042", "DUO:0000046"),
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
        "commercial-research",
        "Commercial research",
        "Research towards a product.",
        True,
        "dpv:CommercialResearch",
        ("DUO:0000042",),
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

# The same kinds in words for people.
CATEGORY_NAMES: dict[str, str] = {
    "identifying": "Names and other identifiers",
    "contact": "Addresses, telephone numbers, e-mail",
    "demographic": "Age, gender, origin and the like",
    "location": "Where people are or were",
    "communication": "What people wrote or said to each other",
    "behaviour": "What people do: habits, use of services",
    "professional": "Work and education",
    "financial": "Money and property",
    "health": "Health and treatment",
    "special-category": "Other especially protected data: belief, politics, sexuality, biometrics (GDPR Art. 9)",
    "pseudonymised": "Data whose names were replaced, and could be put back",
}
# Kinds of personal data, and what DPV and its extension for personal data call them.
DATA_CATEGORIES: dict[str, str] = {
    "identifying": "pd:Identifying",
    "contact": "pd:Contact",
    "demographic": "pd:Demographic",
    "location": "pd:Location",
    "communication": "pd:Communication",
    "behaviour": "pd:Behavioral",
    "professional": "pd:Professional",
    "financial": "pd:Financial",
    "health": "pd:MedicalHealth",
    "special-category": "dpv:SpecialCategoryPersonalData",
    "pseudonymised": "dpv:PseudonymisedData",
}

LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")
DURATION = re.compile(r"P(?=\d)(\d{1,3}Y)?(\d{1,3}M)?(\d{1,4}W)?(\d{1,5}D)?")
# What ISO/IEC TS 27560 wants of every record about personal data, in the words of our fields.
WANTED = ("notice", "language", "data_categories", "storage_locations", "retention")
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
        known = ", ".join(LEGAL_BASES)
        raise Invalid(
            f'"{legal_basis}" is not a legal basis we know; choose one of {known}.', field="consent.legal_basis"
        )
    if not purposes:
        raise Invalid("The consent names no purpose; name at least one.", field="consent.purposes")
    for purpose in purposes:
        if purpose not in PURPOSES:
            known = ", ".join(PURPOSES)
            raise Invalid(f'"{purpose}" is not a purpose we know; choose from {known}.', field="consent.purposes")
    for code in jurisdictions:
        if not JURISDICTION.fullmatch(code):
            raise Invalid(
                f'"{code}" is not a jurisdiction; give ISO 3166 codes such as DE or US-CA.',
                field="consent.jurisdictions",
            )
    if valid_until is not None and valid_until <= valid_from:
        raise Invalid("The consent ends before it begins; correct its dates.", field="consent.valid_until")
    if valid_until is not None and valid_until <= now:
        raise Invalid(
            f"The consent expired on {valid_until:%d %B %Y}; give one that is valid now.", field="consent.valid_until"
        )
    if not withdrawal_method.strip():
        raise Invalid(
            "Say how the people behind the data can withdraw their consent.", field="consent.withdrawal_method"
        )


def check_record(
    *,
    notice: str,
    language: str,
    data_categories: Sequence[str],
    storage_locations: Sequence[str],
    retention: str,
    controllers: Sequence[str],
) -> None:
    """Refuse words that a reader of the record would not know."""
    if language and not LANGUAGE.fullmatch(language):
        raise Invalid(
            f'"{language[:40]}" is not a language; give a BCP 47 tag such as en or de-AT.', field="consent.language"
        )
    for kind in data_categories:
        if kind not in DATA_CATEGORIES:
            known = ", ".join(DATA_CATEGORIES)
            raise Invalid(
                f'"{kind[:40]}" is not a kind of personal data we know; choose from {known}.',
                field="consent.data_categories",
            )
    for code in storage_locations:
        if not JURISDICTION.fullmatch(code):
            raise Invalid(
                f'"{code[:40]}" is not a place; give where the data is stored as codes such as DE or US-CA.',
                field="consent.storage_locations",
            )
    if retention and not DURATION.fullmatch(retention):
        raise Invalid(
            f'"{retention[:40]}" is not a duration; give how long the data is kept as in P5Y or P18M.',
            field="consent.retention",
        )
    for controller in controllers:
        if not controller.strip():
            raise Invalid("A controller has no name; give it, or leave it out.", field="consent.controllers")
    if notice.strip() != notice:
        raise Invalid("The notice begins or ends with a blank; leave it out.", field="consent.notice")


def check_together(
    *, legal_basis: str, data_categories: Sequence[str], consent_from: datetime, licence_until: datetime | None
) -> None:
    """Refuse statements that are fine by themselves and cannot be true, or of any use, together."""
    if legal_basis == "no-personal-data" and data_categories:
        raise Invalid(
            "The consent says that the data is about nobody, and names kinds of personal data; correct one of the two.",
            field="consent.data_categories",
        )
    if licence_until is not None and licence_until <= consent_from:
        raise Invalid(
            "The licence ends before the consent begins, so nothing would ever be allowed; correct the dates.",
            field="licence.valid_until",
        )


def gaps_of(record: Any) -> list[str]:
    """What the standard wants of a record about personal data and this one does not say; a reviewer looks at it."""
    if record.legal_basis == "no-personal-data":
        return []
    return [name for name in WANTED if not getattr(record, name)]


def check_licence_end(valid_until: datetime | None, *, now: datetime) -> None:
    """Refuse a licence that is over before it could allow anything."""
    if valid_until is not None and valid_until <= now:
        raise Invalid(
            f"The licence ended on {valid_until:%d %B %Y}; give one that is valid now.", field="licence.valid_until"
        )


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
