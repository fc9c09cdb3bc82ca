"""Questions: reviewers ask, the owner's people answer once, both are told; the words stay out of log and mail."""

import pytest

from registry.accounts.models import Role
from registry.actors import Actor
from registry.audit.models import Payload
from registry.audit.queries import entries
from registry.errors import Busy, NotAllowed, NotFound, Stale, WrongState
from registry.experts.models import ExpertVersion, VersionState
from registry.notices.models import Delivery
from registry.reviews import questions
from registry.reviews.actions import review_version
from registry.reviews.models import Question, Verdict
from registry.reviews.queries import as_seen
from registry.reviews.questions import answer_question, ask_owner
from tests.factories import ADA, BEN, CY, EVE, OLGA, OTTO, api, give_role, make_version, make_webhook

ASKED = "Whose plays are these, and who agreed?"
SAID = "They are in the public domain; nobody had to."


@pytest.fixture
def version(db: None) -> ExpertVersion:
    give_role(ADA, "playhouse", Role.OWNER)
    return make_version(state=VersionState.VERIFIED)


def test_the_owner_is_told_and_the_words_stay_out_of_log_and_message(version: ExpertVersion) -> None:
    make_webhook("playhouse")

    question = ask_owner(version.id, text=ASKED, by=BEN)

    told = Delivery.objects.get(kind="question.asked")
    entry = entries(event="question.asked").get()
    assert told.organisation.slug == "playhouse"
    assert told.about == str(question)
    assert ASKED not in str(told.body)
    assert ASKED.encode() not in bytes(entry.leaf)
    assert Payload.objects.get(entry=entry).value == ASKED


def test_the_answer_reaches_who_asked_and_makes_what_was_read_stale(version: ExpertVersion) -> None:
    question = ask_owner(version.id, text=ASKED, by=BEN)
    seen = as_seen(version)

    answer_question(question.id, text=SAID, by=ADA)

    told = Delivery.objects.get(kind="question.answered")
    assert told.person_id == BEN.person_id
    assert SAID not in str(told.body)
    with pytest.raises(Stale):
        review_version(version.id, by=BEN, verdict=Verdict.REJECT, reason="The data card names no source.", seen=seen)


def test_an_answer_is_given_once(version: ExpertVersion) -> None:
    question = ask_owner(version.id, text=ASKED, by=BEN)
    answer_question(question.id, text=SAID, by=ADA)

    with pytest.raises(WrongState, match="answered already"):
        answer_question(question.id, text="On second thought, they are ours.", by=ADA)

    assert Question.objects.get().answer == SAID


@pytest.mark.parametrize(
    ("who", "refusal"), [(BEN, NotAllowed), (OTTO, NotAllowed), (OLGA, NotAllowed), (CY, NotFound), (EVE, NotFound)]
)
def test_only_its_owner_answers(version: ExpertVersion, who: Actor, refusal: type[Exception]) -> None:
    question = ask_owner(version.id, text=ASKED, by=BEN)
    give_role(CY, "library", Role.CONSUMER)
    give_role(OTTO, "guildhall", Role.OPERATOR)
    give_role(OLGA, "watch", Role.AUDITOR)

    with pytest.raises(refusal):
        answer_question(question.id, text=SAID, by=who)


def test_an_owner_does_not_ask_themselves(version: ExpertVersion) -> None:
    with pytest.raises(NotAllowed):
        ask_owner(version.id, text=ASKED, by=ADA)


def test_what_is_decided_is_not_asked_about(version: ExpertVersion) -> None:
    review_version(version.id, by=BEN, verdict=Verdict.REJECT, reason="The data card names no source.")

    with pytest.raises(WrongState, match="does not wait"):
        ask_owner(version.id, text=ASKED, by=BEN)


def test_there_is_an_end_to_open_questions(version: ExpertVersion, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(questions, "MAX_OPEN", 1)
    ask_owner(version.id, text=ASKED, by=BEN)

    with pytest.raises(Busy, match="wait for answers"):
        ask_owner(version.id, text=ASKED, by=BEN)


def test_over_http_both_sides_read_both_words(version: ExpertVersion) -> None:
    asked = api(BEN).post(f"/api/v1/versions/{version.id}/questions", {"text": ASKED}).json()
    api(ADA).post(f"/api/v1/questions/{asked['id']}/answer", {"text": SAID})

    for who in (ADA, BEN):
        [shown] = api(who).get(f"/api/v1/versions/{version.id}/questions").json()["questions"]
        assert (shown["text"], shown["asked_by"], shown["answer"], shown["answered_by"]) == (ASKED, "Ben", SAID, "Ada")
