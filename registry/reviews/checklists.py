"""What a reviewer has to look at, kind of evidence by kind: items as data, each list under a number of its own.

A list is never changed, a new one is added: a review keeps the number of the list that it answered. Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from registry.errors import Invalid

MAX_NOTE = 1000


class Said(StrEnum):
    YES = "yes"
    NO = "no"
    NOT_APPLICABLE = "not-applicable"


class Kind(StrEnum):
    LICENCE = "licence"
    CONSENT = "consent"
    PROVENANCE = "provenance"
    PRIVACY = "privacy"
    EVALUATION = "evaluation"


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to look at. A required one must hold, or be said not to apply and why, before anything is approved."""

    id: str
    kind: Kind
    text: str
    required: bool = True


CHECKLISTS: dict[int, tuple[Item, ...]] = {
    1: (
        Item("licence.text", Kind.LICENCE, "The licence declared is the one whose text lies with the version."),
        Item("licence.right", Kind.LICENCE, "The owner may license this: the data and the anchor allow it."),
        Item(
            "licence.attribution", Kind.LICENCE, "The attribution names everybody whom the licence wants named.", False
        ),
        Item("consent.basis", Kind.CONSENT, "The legal basis fits the data that is described."),
        Item("consent.purposes", Kind.CONSENT, "The purposes are those that people agreed to, and no wider."),
        Item("consent.reach", Kind.CONSENT, "Recipients, jurisdictions and dates are as agreed."),
        Item("consent.withdrawal", Kind.CONSENT, "The way to withdraw it can really be walked."),
        Item("provenance.data", Kind.PROVENANCE, "The data is described well enough to know what was trained on."),
        Item(
            "provenance.key",
            Kind.PROVENANCE,
            "The key that signed it is the owner's and not revoked, or its revocation does not touch this version.",
        ),
        Item("privacy.personal", Kind.PRIVACY, "Personal data in the training text is named, or there is none."),
        Item("privacy.measures", Kind.PRIVACY, "What was done against memorising fits the data.", False),
        Item("evaluation.claims", Kind.EVALUATION, "What the card says it does is backed by figures.", False),
    )
}
CURRENT = max(CHECKLISTS)


@dataclass(frozen=True, slots=True)
class Answers:
    """What a reviewer says to the items of one list."""

    checklist: int = CURRENT
    items: Mapping[str, Mapping[str, str]] | None = None

    @property
    def said(self) -> dict[str, str]:
        return {name: given["answer"] for name, given in (self.items or {}).items()}

    @property
    def notes(self) -> dict[str, str]:
        return {name: given["note"] for name, given in (self.items or {}).items() if given.get("note")}

    def value(self) -> dict[str, Any]:
        return {name: dict(given) for name, given in (self.items or {}).items()}


def check_answers(answers: Answers, *, approving: bool) -> None:
    """Refuse answers to what was not asked; and an approval while a required item is open, or does not hold."""
    items = {item.id: item for item in CHECKLISTS.get(answers.checklist, ())}
    if answers.checklist != CURRENT:
        raise Invalid(f"The checklist is number {CURRENT} now, not {answers.checklist}; read it again, then decide.")
    said = answers.said
    if unknown := sorted(said.keys() - items.keys()):
        raise Invalid(f'The checklist has no item "{unknown[0][:60]}"; its items are {", ".join(items)}.')
    for name, word in said.items():
        if word == Said.NOT_APPLICABLE and not answers.notes.get(name, "").strip():
            raise Invalid(f'"{name}" does not apply, you say; say in its note why.')
    if not approving:
        return
    required = [item for item in items.values() if item.required]
    if missing := [item.id for item in required if item.id not in said]:
        raise Invalid(f"An approval answers every required item; open are {', '.join(missing)}.")
    if failed := [item.id for item in required if said[item.id] == Said.NO]:
        raise Invalid(f"You answered no to {', '.join(failed)}; reject the version, or ask its owner.")
