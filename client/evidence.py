"""The evidence that goes with a version, as a JSON file: begun from what the package says, completed by its owner."""

import json
from pathlib import Path
from typing import Any, cast

from client import shapes
from client.connection import Refused

PARTS = ("licence", "consent", "provenance")
TO_SAY = "TO BE COMPLETED"
PERSONAL = "rai:personalSensitiveInformation"  # in a data card: the kinds of personal data, an empty list where none is
# What ISO/IEC TS 27560 wants of a record about personal data: where people could read what they agreed to and in which
# language, the kinds of data, who is responsible (empty: the organisation alone), where it is stored, and how long.
PERSONAL_RECORD: dict[str, Any] = {
    "notice": TO_SAY,
    "language": TO_SAY,
    "data_categories": [TO_SAY],
    "controllers": [],
    "storage_locations": [TO_SAY],
    "retention": TO_SAY,
}
NOT_PERSONAL: dict[str, Any] = {name: [] if isinstance(value, list) else "" for name, value in PERSONAL_RECORD.items()}


def evidence_for(folder: Path) -> dict[str, Any]:
    """A first draft: what the package knows is filled in, the rest asks to be."""
    card = _object(folder / "expert.json")
    data = _object(folder / "data-card.json")
    about_nobody = data.get(PERSONAL) == []
    return {
        "licence": {"declared": TO_SAY, "attribution": "", "valid_until": None},
        "consent": {
            "legal_basis": "no-personal-data" if about_nobody else TO_SAY,
            "purposes": [TO_SAY],
            "recipients": [],
            "jurisdictions": [],
            "valid_until": None,
            "withdrawal_method": "By `guildhall withdraw`, or on the expert's page.",
            **(NOT_PERSONAL if about_nobody else PERSONAL_RECORD),
        },
        "provenance": {
            "statement": {
                "anchor_digest": card.get("anchor", TO_SAY),
                "dataset": data.get("description") or data.get("name") or TO_SAY,
                "trained_by": TO_SAY,
                "code": str(card.get("training", {}).get("code") or TO_SAY),
            }
        },
    }


def read_evidence(path: Path) -> shapes.Evidence:
    value = _object(path)
    missing = [part for part in PARTS if not isinstance(value.get(part), dict)]
    if missing:
        raise Refused(f"{path} says nothing on {' and '.join(missing)}.", status=0, code="evidence")
    if TO_SAY in json.dumps(value):
        raise Refused(f"{path} still has fields that say {TO_SAY!r}.", status=0, code="evidence")
    return cast(shapes.Evidence, {part: value[part] for part in PARTS})


def _object(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Refused(f"There is no {path}.", status=0, code="no-file") from None
    except ValueError as fault:
        raise Refused(f"{path} is not JSON: {fault}.", status=0, code="not-json") from fault
    if not isinstance(value, dict):
        raise Refused(f"{path} does not hold a JSON object.", status=0, code="not-json")
    return value
