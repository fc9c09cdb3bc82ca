"""Drafting: a version comes with licence, consent and provenance, or it does not come at all."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from registry.actors import Actor
from registry.audit.models import Entry
from registry.audit.queries import told
from registry.evidence.models import ConsentRecord, LicenceTerms, Provenance
from registry.experts.models import ExpertVersion
from tests.factories import ADA, BEN, CY, OLGA, OTTO, api, log, make_expert, make_organisation
from tests.registry.uploading import EVIDENCE, evidence_for

ADDRESS = "/api/v1/experts/playhouse/drama/versions"


def drafted(caller: Actor = ADA, **changes: Any) -> Any:
    expert = make_expert("drama")
    return api(caller).post(ADDRESS, evidence_for(expert.anchor.digest, **changes))


def consent(**changes: Any) -> dict[str, Any]:
    return {"consent": EVIDENCE["consent"] | changes}


def test_a_draft_holds_its_evidence_and_the_log_tells_all_of_it() -> None:
    answer = drafted(notes="The first.")

    body = answer.json()
    assert answer.status_code == 201
    assert (body["number"], body["state"], body["notes"]) == (1, "draft", "The first.")
    assert body["licence"]["declared"] == "CC-BY-4.0"
    assert body["consent"]["purposes"] == ["research", "evaluation"]
    assert body["provenance"]["statement"]["code"] == "flexcore 0.1"
    assert body["provenance"]["signature_verified"] is False
    assert body["may"] == {"edit": True, "submit": True, "review": False, "withdraw": True}
    assert answer["ETag"]
    events = list(log().values_list("event", "about"))
    assert events == [
        (event, "playhouse/drama@1")
        for event in ("version.drafted", "licence.declared", "consent.given", "provenance.stated")
    ]


def test_numbers_go_up_by_one() -> None:
    numbers = [drafted().json()["number"] for _ in range(3)]

    assert numbers == [1, 2, 3]


def test_the_licence_is_written_as_spdx_writes_it() -> None:
    answer = drafted(licence={"declared": "mit and cc0-1.0"})

    assert answer.json()["licence"]["declared"] == "MIT AND CC0-1.0"


def test_an_own_licence_comes_with_its_text() -> None:
    without = drafted(licence={"declared": "LicenseRef-playhouse"})
    answer = drafted(licence={"declared": "LicenseRef-playhouse", "text": "Perform it, do not print it."})

    assert without.status_code == 400
    assert answer.status_code == 201
    facts = [told(entry).facts for entry in Entry.objects.filter(event="licence.declared")]
    assert "Perform" not in str(facts)
    assert facts[0]["text_digest"].startswith("sha256:")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"licence": {"declared": "Freeware"}}, "not an SPDX licence"),
        ({"licence": {"declared": ""}}, "licence.declared: this field may not be blank."),
        ({"licence": {"declared": "MIT", "text": "x" * 200_001}}, "licence.text"),
        (consent(purposes=[]), "names no purpose"),
        (consent(purposes=["world-domination"]), "not a purpose we know"),
        (consent(purposes="research"), "consent.purposes"),
        (consent(legal_basis="because"), "not a legal basis"),
        (consent(jurisdictions=["Mars"]), "not a jurisdiction"),
        (consent(recipients=["nobody-here"]), "no organisation here"),
        (consent(withdrawal_method=" "), "consent.withdrawal_method"),
        (consent(valid_until="2001-01-01T00:00:00Z"), "before it begins"),
        (consent(valid_from="2001-01-01T00:00:00Z", valid_until="2002-01-01T00:00:00Z"), "expired on 01 January 2002"),
        (consent(valid_until="soon"), "consent.valid_until"),
        (consent(valid_until=[1]), "consent.valid_until"),
        ({"provenance": {"statement": {}}}, "The provenance does not say"),
        ({"provenance": {"statement": []}}, "provenance.statement"),
        ({"provenance": None}, "provenance: this field may not be null."),
        ({"consent": "yes"}, "consent"),
        ({"notes": "x" * 5001}, "notes"),
        ({"surprise": 1}, "surprise: there is no such field"),
    ],
)
def test_wrong_evidence_is_refused_with_one_sentence_and_nothing_is_stored(changes: dict[str, Any], words: str) -> None:
    answer = drafted(**changes)

    assert answer.status_code == 400
    assert words in answer.json()["detail"]
    assert not any(table.objects.exists() for table in (ExpertVersion, LicenceTerms, ConsentRecord, Provenance))
    assert not log().exists()


def test_provenance_of_another_anchor_is_refused() -> None:
    make_expert("drama")

    answer = api(ADA).post(ADDRESS, evidence_for("sha256:" + "0" * 64))

    assert answer.status_code == 400
    assert "stands beside" in answer.json()["detail"]
    assert not ExpertVersion.objects.exists()


@pytest.mark.parametrize("part", ["licence", "consent", "provenance"])
def test_no_part_of_the_evidence_may_be_left_out(part: str) -> None:
    expert = make_expert("drama")
    body = evidence_for(expert.anchor.digest)
    del body[part]

    answer = api(ADA).post(ADDRESS, body)

    assert answer.status_code == 400
    assert answer.json()["detail"] == f"{part}: this field is required."


@pytest.mark.parametrize("caller", [BEN, CY, OLGA, OTTO])
def test_only_an_owner_of_its_organisation_drafts(caller: Actor) -> None:
    answer = drafted(caller)

    assert answer.status_code == 403
    assert not ExpertVersion.objects.exists()


def test_recipients_and_dates_are_kept() -> None:
    make_organisation("library")
    end = timezone.now() + timedelta(days=30)

    answer = drafted(**consent(recipients=["library"], jurisdictions=["DE", "US-CA"], valid_until=end.isoformat()))

    body = answer.json()["consent"]
    assert (body["recipients"], body["jurisdictions"]) == (["library"], ["DE", "US-CA"])
    assert ConsentRecord.objects.get().valid_until == end


def test_a_statement_of_any_size_is_not_taken() -> None:
    expert = make_expert("drama")
    body = evidence_for(expert.anchor.digest)
    body["provenance"]["statement"]["parameters"] = {"notes": "x" * 70_000}

    answer = api(ADA).post(ADDRESS, body)

    assert answer.status_code == 400
    assert "shorten it" in answer.json()["detail"]
