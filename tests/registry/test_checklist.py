"""The checklist: no approval leaves a required item open, and what was answered is kept with the review."""

from typing import Any

import pytest

from registry.audit.models import Payload
from registry.audit.queries import entries
from registry.errors import Invalid
from registry.experts.models import ExpertVersion, VersionState
from registry.reviews.actions import review_version
from registry.reviews.checklists import CHECKLISTS, CURRENT, Answers, Kind
from registry.reviews.models import Review, Verdict
from tests.factories import ADA, BEN, CY, IN_ORDER, IN_ORDER_BODY, api, etag_of, make_version

WORDS = "All that it says is so."
YES = {item.id: {"answer": "yes", "note": ""} for item in CHECKLISTS[CURRENT]}
REQUIRED = [item.id for item in CHECKLISTS[CURRENT] if item.required]
OPTIONAL = [item.id for item in CHECKLISTS[CURRENT] if not item.required]


@pytest.fixture
def version(db: None) -> ExpertVersion:
    return make_version(state=VersionState.VERIFIED)


def decide(version: ExpertVersion, answers: Answers | None, verdict: Verdict = Verdict.APPROVE) -> None:
    review_version(version.id, by=BEN, verdict=verdict, reason=WORDS, answers=answers)


def test_every_kind_of_evidence_is_asked_about() -> None:
    for items in CHECKLISTS.values():
        assert {item.kind for item in items} == set(Kind)
        assert len({item.id for item in items}) == len(items)


@pytest.mark.parametrize("item", REQUIRED)
def test_an_approval_leaves_no_required_item_open(version: ExpertVersion, item: str) -> None:
    given = {name: said for name, said in YES.items() if name != item}

    with pytest.raises(Invalid, match=f"open are {item}"):
        decide(version, Answers(items=given))

    assert not Review.objects.exists()


@pytest.mark.parametrize("item", REQUIRED)
def test_nobody_approves_what_they_say_does_not_hold(version: ExpertVersion, item: str) -> None:
    with pytest.raises(Invalid, match=f"answered no to {item}"):
        decide(version, Answers(items=YES | {item: {"answer": "no", "note": ""}}))


@pytest.mark.parametrize("item", OPTIONAL)
def test_what_is_not_required_may_fail_or_stay_open(version: ExpertVersion, item: str) -> None:
    given = {name: said for name, said in YES.items() if name not in OPTIONAL}

    decide(version, Answers(items=given | {item: {"answer": "no", "note": ""}}))

    version.refresh_from_db()
    assert version.state == VersionState.APPROVED


def test_what_does_not_apply_needs_a_note(version: ExpertVersion) -> None:
    given = YES | {"privacy.personal": {"answer": "not-applicable", "note": " "}}

    with pytest.raises(Invalid, match="say in its note why"):
        decide(version, Answers(items=given))


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        (Answers(checklist=CURRENT + 1, items=YES), f"number {CURRENT} now"),
        (Answers(items=YES | {"weather.fine": {"answer": "yes", "note": ""}}), 'no item "weather.fine"'),
        (None, "every required item"),
    ],
)
def test_answers_to_another_list_are_refused(version: ExpertVersion, answers: Answers | None, sentence: str) -> None:
    with pytest.raises(Invalid, match=sentence):
        decide(version, answers)


def test_a_rejection_needs_no_answers(version: ExpertVersion) -> None:
    decide(version, None, Verdict.REJECT)

    assert Review.objects.get().checklist is None


def test_the_answers_are_kept_and_their_notes_can_be_erased(version: ExpertVersion) -> None:
    note = "The plays are older than anybody's rights."
    given = YES | {"privacy.personal": {"answer": "not-applicable", "note": note}}

    decide(version, Answers(items=given))

    review, entry = Review.objects.get(), entries(event="review.decided").get()
    assert (review.checklist, review.answers["privacy.personal"]["note"]) == (CURRENT, note)
    assert note.encode() not in bytes(entry.leaf)
    assert Payload.objects.get(entry=entry, name="notes").value == {"privacy.personal": note}


def test_over_http_it_is_read_answered_and_shown_without_notes_to_strangers(version: ExpertVersion) -> None:
    note = "The plays are older than anybody's rights."
    answers: list[dict[str, Any]] = [dict(one) for one in IN_ORDER_BODY]
    answers[0] = {"item": answers[0]["item"], "answer": "not-applicable", "note": note}
    number = api(BEN).get("/api/v1/reviews/checklist").json()["number"]

    decided = api(BEN).post(
        f"/api/v1/versions/{version.id}/reviews",
        {"verdict": "approve", "reason": WORDS, "checklist": number, "answers": answers},
        headers={"If-Match": etag_of(version)},
    )

    assert decided.status_code == 200, decided.content
    assert note in api(ADA).get(f"/api/v1/versions/{version.id}").content.decode()
    assert note not in api(CY).get(f"/api/v1/versions/{version.id}").content.decode()


def test_an_item_answered_twice_is_refused(version: ExpertVersion) -> None:
    decided = api(BEN).post(
        f"/api/v1/versions/{version.id}/reviews",
        {"verdict": "approve", "reason": WORDS, "answers": [*IN_ORDER_BODY, IN_ORDER_BODY[0]]},
        headers={"If-Match": etag_of(version)},
    )

    assert decided.status_code == 400
    assert "answered twice" in decided.json()["detail"]


@pytest.mark.parametrize(("seen", "status", "code"), [("", 428, "unread"), ('"20200101T000000.000000Z"', 412, "stale")])
def test_a_decision_says_what_was_read(version: ExpertVersion, seen: str, status: int, code: str) -> None:
    decided = api(BEN).post(
        f"/api/v1/versions/{version.id}/reviews",
        {"verdict": "approve", "reason": WORDS, "answers": IN_ORDER_BODY},
        headers={"If-Match": seen} if seen else {},
    )

    assert (decided.status_code, decided.json()["code"]) == (status, code)
    assert IN_ORDER.said
    assert not Review.objects.exists()
