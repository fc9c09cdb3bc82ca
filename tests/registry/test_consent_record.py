"""The consent record: the fields of ISO/IEC TS 27560, moments with their zone, and receipts that say how it stands."""

import base64
import json
from datetime import UTC, datetime, timedelta, timezone
from io import BytesIO
from typing import Any

import pytest
from django.utils import timezone as django_timezone

from registry.actors import SWEEPER
from registry.audit import clock
from registry.audit.models import Payload
from registry.audit.queries import entries
from registry.audit.rotation import note_keys
from registry.digests import sha256
from registry.evidence.files import add_evidence, remove_evidence
from registry.evidence.models import ConsentReceipt, ConsentRecord
from registry.evidence.receipts import STATUS, receipts_of
from registry.evidence.rules import DATA_CATEGORIES, PURPOSES, VOCABULARY
from registry.experts.models import ExpertVersion, VersionState
from registry.experts.rules import PACKAGE_FILES
from registry.policy.queries import COMPOSE, DOWNLOAD, judge
from registry.replay.from_log import state_from_log
from registry.replay.from_rows import state_from_rows
from registry.withdrawals.actions import expire_version, withdraw_version
from registry.withdrawals.models import Cause
from registry.withdrawals.receipts import issue_missing_receipts
from tests.factories import (
    ADA,
    BEN,
    api,
    catch_up,
    log,
    make_anchor,
    make_expert,
    make_file,
    make_organisation,
    make_version,
)
from tests.registry.uploading import EVIDENCE, evidence_for

WHOLE = {
    "legal_basis": "consent",
    "notice": "https://playhouse.example/notice",
    "language": "de-AT",
    "data_categories": ["identifying", "health"],
    "controllers": ["The playhouse", "The opera"],
    "storage_locations": ["AT", "DE"],
    "retention": "P5Y",
}


def draft(**consent: Any) -> Any:
    make_expert()
    body = evidence_for(make_anchor().digest, consent=EVIDENCE["consent"] | consent)
    return api(ADA).post("/api/v1/experts/playhouse/drama/versions", body)


def refusals(version: ExpertVersion, action: str = COMPOSE) -> list[str]:
    found = judge(version, consumer=make_organisation("library"), action=action, purpose="research")
    return [reason.policy for reason in found.reasons]


def receipt(version: ExpertVersion) -> dict[str, Any]:
    return dict(statement_in(api(ADA).get(f"/api/v1/versions/{version.id}/receipt").json())["predicate"])


def statement_in(found: dict[str, Any]) -> dict[str, Any]:
    statement: dict[str, Any] = json.loads(base64.b64decode(found["envelope"]["payload"]))
    return statement


def submitted(**consent: Any) -> ExpertVersion:
    draft(**consent)
    version = ExpertVersion.objects.get()
    for path in PACKAGE_FILES:
        make_file(version, path)
    answer = api(ADA).post(f"/api/v1/versions/{version.id}/submit")
    assert answer.status_code == 200, answer.content
    version.refresh_from_db()
    return version


def test_a_whole_record_is_kept_and_shown_and_its_words_can_be_erased() -> None:
    shown = draft(**WHOLE).json()["consent"]

    entry = entries(event="consent.given").get()
    assert {name: shown[name] for name in WHOLE} == WHOLE
    assert (shown["vocabulary"], shown["gaps"]) == (VOCABULARY, [])
    assert b"playhouse.example" not in bytes(entry.leaf)
    assert Payload.objects.get(entry=entry, name="record").value["notice"] == WHOLE["notice"]


def test_what_the_standard_wants_and_is_not_said_is_named() -> None:
    shown = draft(legal_basis="consent", language="de").json()["consent"]

    assert shown["gaps"] == ["notice", "data_categories", "storage_locations", "retention"]


def test_a_record_about_nobody_has_no_gaps() -> None:
    assert draft(legal_basis="no-personal-data").json()["consent"]["gaps"] == []


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"language": "German"}, "BCP 47"),
        ({"legal_basis": "no-personal-data", "data_categories": ["health"]}, "about nobody, and names kinds"),
        ({"recipients": ["nowhere"]}, "no organisation here"),
        ({"jurisdictions": ["Mars"]}, "not a jurisdiction"),
        ({"legal_basis": "love"}, "not a legal basis"),
        ({"purposes": ["war"]}, "not a purpose"),
        ({"purposes": []}, "names no purpose"),
        ({"data_categories": ["shoe-size"]}, "not a kind of personal data"),
        ({"storage_locations": ["Austria"]}, "Austria"),
        ({"storage_locations": ["at"]}, "not a place"),
        ({"retention": "5 years"}, "P5Y or P18M"),
        ({"retention": "P"}, "P5Y or P18M"),
        ({"controllers": [" "]}, "blank"),
        ({"valid_from": "2027-01-02T00:00:00Z", "valid_until": "2027-01-01T00:00:00Z"}, "ends before it begins"),
        # The same moment, told in two zones: it would never hold.
        ({"valid_from": "2099-01-01T00:00:00Z", "valid_until": "2099-01-01T01:00:00+01:00"}, "ends before it begins"),
        ({"valid_until": "2099-01-01T00:00:00"}, "moment with its zone"),
        ({"valid_from": "2099-01-01T00:00:00"}, "moment with its zone"),
        ({"valid_until": "2099-01-01"}, "moment with its zone"),
        ({"valid_from": "1999-01-01T00:00:00Z", "valid_until": "2000-01-01T00:00:00Z"}, "expired on 01 January 2000"),
    ],
)
def test_bad_input_has_its_sentence_and_leaves_nothing(given: dict[str, Any], sentence: str) -> None:
    answer = draft(**given)

    assert answer.status_code == 400
    assert sentence in answer.json()["detail"]
    assert not ExpertVersion.objects.exists()


@pytest.mark.parametrize(
    ("part", "given", "field"),
    [
        ("consent", {"language": "German"}, "consent.language"),
        ("consent", {"storage_locations": ["Austria-Hungary"]}, "consent.storage_locations[0]"),
        ("consent", {"storage_locations": ["at"]}, "consent.storage_locations"),
        (
            "consent",
            {"valid_from": "2027-01-02T00:00:00Z", "valid_until": "2027-01-01T00:00:00Z"},
            "consent.valid_until",
        ),
        ("licence", {"declared": "CC-BY-4.0", "valid_until": "2099-01-01T00:00:00Z"}, "licence.valid_until"),
        ("licence", {"declared": "CC-BI-4.0"}, "licence.declared"),
        ("licence", {"declared": "LicenseRef-ours"}, "licence.declared"),
    ],
)
def test_a_refusal_names_the_field_that_it_is_about(part: str, given: dict[str, Any], field: str) -> None:
    make_expert()
    body = evidence_for(make_anchor().digest, **{part: EVIDENCE[part] | given})

    answer = api(ADA).post("/api/v1/experts/playhouse/drama/versions", body).json()

    assert list(answer["errors"]) == [field]


def test_a_licence_that_ends_before_the_consent_begins_is_refused() -> None:
    make_expert()
    licence = {"declared": "LicenseRef-guildhall-revocable-1.0", "valid_until": "2098-01-01T00:00:00+01:00"}
    consent = EVIDENCE["consent"] | {"valid_from": "2098-01-01T00:00:00Z"}
    body = evidence_for(make_anchor().digest, licence=licence, consent=consent)

    answer = api(ADA).post("/api/v1/experts/playhouse/drama/versions", body)

    assert "ends before the consent begins" in answer.json()["detail"]


def test_a_licences_end_needs_its_zone_too() -> None:
    make_expert()
    body = evidence_for(make_anchor().digest, licence=EVIDENCE["licence"] | {"valid_until": "2099-01-01T00:00:00"})

    answer = api(ADA).post("/api/v1/experts/playhouse/drama/versions", body)

    assert "moment with its zone" in answer.json()["detail"]


@pytest.mark.parametrize("hours", [-11, -3.5, 0, 5.75, 14])
@pytest.mark.parametrize("action", [COMPOSE, DOWNLOAD])
def test_a_consent_that_ends_tonight_ends_at_midnight_where_it_was_given(
    hours: float, action: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    zone = timezone(timedelta(hours=hours))
    midnight = datetime(2099, 6, 2, tzinfo=zone)
    version = make_version(valid_until=midnight, approved_at=midnight - timedelta(days=30))
    version.refresh_from_db()

    monkeypatch.setattr(clock, "now", lambda: midnight.astimezone(UTC) - timedelta(seconds=1))
    before = refusals(version, action)
    monkeypatch.setattr(clock, "now", lambda: midnight.astimezone(UTC))
    after = refusals(version, action)

    assert before == []
    assert after == ["forbid.consent-expired"]


def test_over_http_the_moment_is_kept_whatever_zone_it_came_in() -> None:
    draft(valid_until="2099-06-02T00:00:00+14:00")

    assert ConsentRecord.objects.get().valid_until == datetime(2099, 6, 1, 10, tzinfo=UTC)


def test_a_clock_set_back_brings_no_ended_consent_to_life(monkeypatch: pytest.MonkeyPatch) -> None:
    now = django_timezone.now()
    version = make_version(valid_until=now - timedelta(minutes=5))
    monkeypatch.setattr(clock, "_floor", now)
    monkeypatch.setattr(django_timezone, "now", lambda: now - timedelta(days=1))

    assert refusals(version) == ["forbid.consent-expired"]


def test_a_receipt_says_all_in_the_words_of_the_standard() -> None:
    said = receipt(submitted(**WHOLE))

    assert said["schemaVersion"] == "ISO/IEC TS 27560:2023"
    assert said["@context"]["dpv"] == "https://w3id.org/dpv#"
    assert said["dpv:hasConsentStatus"] == "dpv:ConsentGiven"
    assert said["dpv:hasPersonalData"] == ["pd:Identifying", "pd:MedicalHealth"]
    assert said["dpv:hasPurpose"][0] == {
        "id": "research",
        "dpv": "dpv:AcademicResearch",
        "duo": ["DUO:0000042", "DUO:0000046"],
    }
    assert said["dpv:hasDataController"] == ["The playhouse", "The opera"]
    assert said["dpv:hasStorageCondition"] == {"locations": ["AT", "DE"], "retention": "P5Y"}
    assert [event["state"] for event in said["events"]] == ["given"]


@pytest.mark.parametrize(
    ("cause", "legal_basis", "state"),
    [
        (Cause.OWNER, "consent-withdrawn", "withdrawn"),
        (Cause.OWNER, "never-held", "invalidated"),
        (Cause.CONSENT_EXPIRED, "", "lapsed"),
        (Cause.LICENCE_EXPIRED, "", "terminated"),
    ],
)
def test_after_a_withdrawal_the_receipt_says_how_it_ended(cause: Cause, legal_basis: str, state: str) -> None:
    version = make_version()
    if cause == Cause.OWNER:
        withdraw_version(version.id, reason="It was not ours to give.", legal_basis=legal_basis, by=ADA)
    else:
        expire_version(version.id, cause=cause, by=SWEEPER)

    said = receipt(version)

    assert (said["state"], said["dpv:hasConsentStatus"]) == (state, STATUS[state])
    assert [event["state"] for event in said["events"]] == ["given", state]


def test_a_draft_has_no_receipt_and_its_end_none_either() -> None:
    draft()
    version = ExpertVersion.objects.get()

    before = api(ADA).get(f"/api/v1/versions/{version.id}/receipt")
    withdraw_version(version.id, reason="It came to nothing.", by=ADA)

    assert before.status_code == 404
    assert "when a version is submitted" in before.json()["detail"]
    assert not ConsentReceipt.objects.exists()


def test_a_receipt_is_made_at_its_moment_and_stays_to_the_byte() -> None:
    version = submitted(**WHOLE)
    given = api(ADA).get(f"/api/v1/versions/{version.id}/receipt").json()
    ConsentRecord.objects.update(notice="https://somewhere-else.example")
    withdraw_version(version.id, reason="A reader withdrew.", legal_basis="consent-withdrawn", by=ADA)

    kept = api(ADA).get(f"/api/v1/versions/{version.id}/receipts").json()["receipts"]

    assert [one["state"] for one in kept] == ["withdrawn", "given"]
    assert api(ADA).get(f"/api/v1/versions/{version.id}/receipt?state=given").json()["digest"] == given["digest"]
    assert kept[1]["envelope"] == given["envelope"]
    assert kept[1]["digest"] == sha256(base64.b64decode(given["envelope"]["payload"]))
    told = [json.loads(bytes(entry.leaf))["facts"] for entry in entries(event="receipt.issued")]
    assert [facts["statement_digest"] for facts in told] == [kept[1]["digest"], kept[0]["digest"]]


def test_a_receipt_names_the_files_it_speaks_for_and_the_documents_behind_it() -> None:
    draft(**WHOLE)
    version = ExpertVersion.objects.get()
    add_evidence(version.id, BytesIO(b"We agree."), kind="consent", name="form.txt", by=ADA)
    for path in PACKAGE_FILES:
        make_file(version, path)
    api(ADA).post(f"/api/v1/versions/{version.id}/submit")

    statement = statement_in(api(BEN).get(f"/api/v1/versions/{version.id}/receipt").json())

    assert [subject["name"] for subject in statement["subject"]] == [
        f"{version}/{path}" for path in sorted(PACKAGE_FILES)
    ]
    digest = sha256(b"We agree.").removeprefix("sha256:")
    assert statement["predicate"]["evidence"] == [
        {"kind": "consent", "mediaType": "text/plain", "digest": {"sha256": digest}}
    ]


def test_a_receipt_waits_for_the_published_log_and_then_proves_itself() -> None:
    version = submitted(**WHOLE)
    address = f"/api/v1/versions/{version.id}/receipt"

    early = api(ADA).get(address).json()
    note_keys()
    catch_up()
    proven = api(ADA).get(address).json()

    assert (early["leaf"], early["proof"], early["key"]) == (None, None, None)
    assert proven["proof"].startswith("c2sp.org/tlog-proof@v1")
    assert json.loads(base64.b64decode(proven["leaf"]))["facts"]["statement_digest"] == proven["digest"]


def test_a_denial_waits_for_no_signature_and_the_receipt_is_made_later(settings: Any) -> None:
    version = submitted(**WHOLE)
    key, settings.STATEMENT_KEY = settings.STATEMENT_KEY, ""

    withdraw_version(version.id, reason="A reader withdrew.", by=ADA)
    version.refresh_from_db()
    early = [one.state for one in receipts_of(version)]
    settings.STATEMENT_KEY = key
    issue_missing_receipts(by=SWEEPER)
    issue_missing_receipts(by=SWEEPER)

    assert version.state == VersionState.WITHDRAWN
    assert early == ["given"]
    assert [one.state for one in receipts_of(version)] == ["withdrawn", "given"]


def test_versions_from_before_there_were_receipts_get_theirs() -> None:
    version = make_version()

    issue_missing_receipts(by=SWEEPER)

    said = receipt(version)
    assert said["state"] == "given"
    assert version.submitted_at is not None
    assert said["events"][0]["at"] == version.submitted_at.isoformat()


def test_documents_and_receipts_are_told_alike_by_the_log_and_by_the_tables() -> None:
    draft(**WHOLE)
    version = ExpertVersion.objects.get()
    kept, removed = (
        add_evidence(version.id, BytesIO(text), kind="consent", name="form.txt", by=ADA) for text in (b"Yes.", b"No.")
    )
    remove_evidence(removed.id, by=ADA)
    for path in PACKAGE_FILES:
        make_file(version, path)
    api(ADA).post(f"/api/v1/versions/{version.id}/submit")
    withdraw_version(version.id, reason="A reader withdrew.", by=ADA)

    by_log = state_from_log(json.loads(bytes(entry.leaf)) for entry in log()).things
    by_rows = state_from_rows().things

    for kind in ("evidence file", "receipts"):
        assert by_log[kind] == by_rows[kind]
    assert list(by_rows["evidence file"]) == [str(kept.id)]
    assert set(by_rows["receipts"][str(version)]) == {"given", "withdrawn"}


def test_every_word_has_its_name_in_a_vocabulary_that_is_not_ours() -> None:
    assert all(purpose.dpv.startswith("dpv:") for purpose in PURPOSES.values())
    assert all(code.startswith("DUO:") for purpose in PURPOSES.values() for code in purpose.duo)
    assert all(name.startswith(("dpv:", "pd:")) for name in DATA_CATEGORIES.values())
