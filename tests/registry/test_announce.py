"""Announcing: everybody whom it concerns is written to once, and acknowledging is theirs alone."""

from ipaddress import ip_network
from typing import Any
from uuid import uuid4

import pytest
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from registry.accounts.models import Organisation, Role
from registry.actors import PROPAGATOR
from registry.audit.events import Event
from registry.audit.queries import told
from registry.errors import NotFound, WrongState
from registry.jobs import Job
from registry.notices.actions import acknowledge, announce, create_webhook, disable_webhook, note_answer, ping_webhook
from registry.notices.models import Delivery, DeliveryState, Webhook
from registry.notices.post import Answer
from registry.notices.sealing import code_for
from tests.factories import ADA, CY, EVE, api, give_role, log, make_organisation, make_person, row_of
from tests.workers.queue import waiting

KIND = "version.withdrawn"
ABOUT = "playhouse/drama@1"
FACTS: dict[str, Any] = {"title": "drama was withdrawn", "revisions": ["a" * 40]}


@pytest.fixture(autouse=True)
def at_home(settings: Settings) -> None:
    settings.WEBHOOK_NETWORKS = [ip_network("127.0.0.0/8")]


def library() -> Organisation:
    return make_organisation("library")


def a_webhook(path: str = "hook") -> Webhook:
    return create_webhook("library", url=f"http://127.0.0.1:9/{path}", by=CY).row


def to_library(**more: Any) -> list[Delivery]:
    return announce(KIND, {library(): FACTS}, about=ABOUT, by=PROPAGATOR, **more)


def test_every_living_webhook_is_posted_to_and_nobody_gets_mail() -> None:
    first, second = a_webhook("1"), a_webhook("2")
    disable_webhook(a_webhook("3").id, by=CY)

    sent = to_library()

    assert {one.webhook_id for one in sent} == {first.id, second.id}
    assert {one.state for one in sent} == {DeliveryState.WAITING}
    assert all(one.body == FACTS for one in sent)


def test_where_there_is_no_webhook_its_owners_and_consumers_get_mail() -> None:
    make_person("auditor@library.example", roles=[("library", Role.AUDITOR)])
    make_person("gone@library.example", roles=[("library", Role.CONSUMER)], is_active=False)

    sent = to_library()

    assert [(one.channel, one.person) for one in sent] == [("mail", row_of(CY))]


def test_who_downloaded_gets_mail_beside_the_webhook() -> None:
    webhook = a_webhook()

    sent = to_library(people=[(row_of(CY), library()), (row_of(ADA), make_organisation("playhouse"))])

    assert {(one.webhook_id, one.person_id) for one in sent} == {(webhook.id, None), (None, row_of(CY).id)}


def test_the_log_tells_whom_and_the_jobs_are_sent(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    a_webhook()

    with django_capture_on_commit_callbacks(execute=True):
        (sent,) = to_library()

    entry = told(log().get(event=Event.NOTICE_ANNOUNCED))
    assert entry.about == ABOUT
    assert entry.facts == {
        "kind": KIND,
        "deliveries": [{"id": str(sent.id), "organisation": "library", "channel": "webhook"}],
    }
    assert waiting("notices") == [(Job.DELIVER, [str(sent.id)])]


def test_again_tells_nobody_twice_but_whoever_is_new() -> None:
    a_webhook()
    before = to_library()
    again = to_library()
    late = a_webhook("late")

    after = to_library()

    assert {one.id for one in again} == {one.id for one in before}
    assert {one.webhook_id for one in after} - {one.webhook_id for one in before} == {late.id}
    assert log().filter(event=Event.NOTICE_ANNOUNCED).count() == 2


def test_a_thousand_organisations_fit_into_the_log() -> None:
    homes = Organisation.objects.bulk_create(
        Organisation(slug=f"{'x' * 34}-{number:04}", name="X") for number in range(1000)
    )
    for home in homes:
        give_role(CY, home.slug, Role.CONSUMER)

    sent = announce(KIND, dict.fromkeys(homes, FACTS), about=ABOUT, by=PROPAGATOR)

    told_of = [one["id"] for e in log().filter(event=Event.NOTICE_ANNOUNCED) for one in told(e).facts["deliveries"]]
    assert len(sent) == 1000
    assert sorted(told_of) == sorted(str(one.id) for one in sent)


def test_a_member_acknowledges_for_the_organisation() -> None:
    a_webhook("1")
    a_webhook("2")
    one, other = to_library()
    give_role(EVE, "elsewhere", Role.CONSUMER)

    refused = api(EVE).post(f"/api/v1/deliveries/{one.id}/acknowledge", {})
    unknown = api().post(f"/api/v1/deliveries/{one.id}/acknowledge", {})
    taken = api(CY).post(f"/api/v1/deliveries/{one.id}/acknowledge", {})
    again = api(CY).post(f"/api/v1/deliveries/{one.id}/acknowledge", {})

    other.refresh_from_db()
    assert (refused.status_code, unknown.status_code, taken.status_code) == (404, 401, 200)
    assert again.json() == taken.json()
    assert other.acknowledged_at is not None
    assert other.next_try_at is None
    assert other.acknowledged_by == str(CY)
    assert log().filter(event=Event.NOTICE_ACKNOWLEDGED).count() == 1


def test_who_has_acknowledged_is_not_told_again_at_a_new_address() -> None:
    a_webhook()
    (sent,) = to_library()
    acknowledge(sent.id, by=CY)
    a_webhook("late")

    again = to_library()

    assert [one.id for one in again] == [sent.id]


def test_the_code_of_the_message_is_enough_and_another_messages_is_not() -> None:
    a_webhook("1")
    a_webhook("2")
    one, other = to_library()

    wrong = api().post(f"/api/v1/deliveries/{one.id}/acknowledge", {"code": code_for(other.id)})
    strange = api().post(f"/api/v1/deliveries/{uuid4()}/acknowledge", {"code": code_for(one.id)})
    right = api().post(f"/api/v1/deliveries/{one.id}/acknowledge", {"code": code_for(one.id)})

    one.refresh_from_db()
    assert (wrong.status_code, strange.status_code, right.status_code) == (404, 404, 200)
    assert one.acknowledged_by == f"recipient:{one.id}"


def test_what_asks_for_no_answer_takes_none() -> None:
    ping = ping_webhook(a_webhook().id, by=CY)

    with pytest.raises(WrongState, match="asks for no acknowledgement"):
        acknowledge(ping.id, by=CY)


def test_an_unknown_delivery_is_not_acknowledged() -> None:
    with pytest.raises(NotFound):
        acknowledge(uuid4(), by=CY)


def test_when_a_webhook_is_disabled_the_people_get_mail_instead() -> None:
    webhook = a_webhook()
    (posted,) = to_library()

    disable_webhook(webhook.id, by=CY)

    posted.refresh_from_db()
    mailed = Delivery.objects.get(person=row_of(CY))
    assert posted.state == DeliveryState.GIVEN_UP
    assert posted.next_try_at is None
    assert (mailed.kind, mailed.about, mailed.body) == (KIND, ABOUT, FACTS)
    assert log().filter(event=Event.NOTICE_GIVEN_UP).count() == 1


def test_an_answer_that_comes_after_the_end_changes_nothing() -> None:
    a_webhook()
    (sent,) = to_library()
    acknowledge(sent.id, by=CY)

    note_answer(sent.id, Answer(taken=False, sentence="It answered 500."), by=PROPAGATOR)

    sent.refresh_from_db()
    assert sent.next_try_at is None
    assert sent.attempts == 0


def test_the_list_is_for_the_organisations_own_people() -> None:
    a_webhook()
    to_library()

    own = api(CY).get("/api/v1/organisations/library/deliveries").json()["results"]
    others = api(ADA).get("/api/v1/organisations/library/deliveries")

    assert [(one["to"], one["state"]) for one in own] == [("http://127.0.0.1:9/hook", "waiting")]
    assert others.status_code == 403
