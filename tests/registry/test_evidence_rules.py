"""Consent and provenance: what they must hold before anything is stored."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from registry.errors import Invalid
from registry.evidence.rules import check_consent, check_provenance

NOW = datetime(2026, 11, 22, tzinfo=UTC)
ANCHOR = "sha256:" + "a" * 64


def consent(**changes: Any) -> None:
    given: dict[str, Any] = {
        "legal_basis": "no-personal-data",
        "purposes": ["research"],
        "jurisdictions": ["DE"],
        "valid_from": NOW,
        "valid_until": NOW + timedelta(days=1),
        "withdrawal_method": "Write to the playhouse.",
        "now": NOW,
    }
    check_consent(**{**given, **changes})


def test_a_whole_consent_record_passes() -> None:
    consent()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"legal_basis": "because"}, "legal basis"),
        ({"purposes": []}, "at least one"),
        ({"purposes": ["world-domination"]}, "not a purpose"),
        ({"jurisdictions": ["Germany"]}, "ISO 3166"),
        (
            {"valid_until": NOW - timedelta(days=1), "valid_from": NOW - timedelta(days=2)},
            "expired on 21 November 2026",
        ),
        ({"valid_until": NOW - timedelta(days=1)}, "ends before it begins"),
        ({"withdrawal_method": "  "}, "withdraw their consent"),
    ],
)
def test_a_record_that_could_allow_nothing_is_refused(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(Invalid, match=says):
        consent(**changes)


STATEMENT = {"anchor_digest": ANCHOR, "dataset": "38 plays", "trained_by": "The playhouse", "code": "flexcore 0.1.0"}


def test_a_whole_statement_passes() -> None:
    check_provenance(STATEMENT, anchor_digest=ANCHOR)


@pytest.mark.parametrize("key", sorted(STATEMENT))
@pytest.mark.parametrize("value", [None, "", "  ", 7, ["a"], "x" * 2001])
def test_a_statement_that_leaves_something_out_is_refused(key: str, value: object) -> None:
    with pytest.raises(Invalid, match=key):
        check_provenance({**STATEMENT, key: value}, anchor_digest=ANCHOR)


def test_another_anchor_is_refused() -> None:
    with pytest.raises(Invalid, match="names the anchor"):
        check_provenance(STATEMENT, anchor_digest="sha256:" + "b" * 64)
