"""Many workers and many people at once: nothing is told twice, nobody waits for another for ever."""

from functools import partial
from ipaddress import ip_network

import pytest
from pytest_django import Settings

from registry.actors import MESSENGER
from registry.audit.events import Event
from registry.audit.models import Entry
from registry.notices.actions import acknowledge, announce, create_webhook, disable_webhook, note_answer
from registry.notices.models import Delivery, DeliveryState, Webhook
from registry.notices.post import Answer
from tests.at_once import at_once
from tests.factories import CY, make_organisation, row_of
from tests.listening import listening
from workers.delivering import deliver

pytestmark = pytest.mark.django_db(transaction=True)
SIX = range(6)


@pytest.fixture(autouse=True)
def at_home(settings: Settings) -> None:
    settings.WEBHOOK_NETWORKS = [ip_network("127.0.0.0/8")]


def announced(about: str) -> list[Delivery]:
    return announce("version.withdrawn", {make_organisation("library"): {}}, about=about, by=MESSENGER)


def count(event: Event) -> int:
    return Entry.objects.filter(event=event).count()


def test_a_webhook_that_answers_gone_to_many_at_once_is_disabled_once_and_all_goes_by_mail() -> None:
    with listening(410) as server:
        webhook = create_webhook("library", url=server.url, by=CY).row
        sent = [one for number in SIX for one in announced(f"playhouse/drama@{number}")]

        at_once(*(partial(deliver, str(one.id)) for one in sent), partial(disable_webhook, webhook.id, by=CY))

    assert Webhook.objects.get().disabled_at is not None
    assert count(Event.WEBHOOK_DISABLED) == 1
    assert count(Event.NOTICE_GIVEN_UP) == len(SIX)
    assert {one.state for one in Delivery.objects.filter(webhook=webhook)} == {DeliveryState.GIVEN_UP}
    assert Delivery.objects.filter(person=row_of(CY), state=DeliveryState.WAITING).count() == len(SIX)


def test_many_that_hear_gone_in_the_same_moment_do_not_wait_for_one_another() -> None:
    create_webhook("library", url="http://127.0.0.1:9/hook", by=CY)
    sent = [one for number in SIX for one in announced(f"playhouse/drama@{number}")]
    gone = Answer(taken=False, sentence="It answered 410.", gone=True)

    at_once(*(partial(note_answer, one.id, gone, by=MESSENGER) for one in sent))

    assert {one.state for one in Delivery.objects.filter(webhook__isnull=False)} == {DeliveryState.GIVEN_UP}
    assert count(Event.WEBHOOK_DISABLED) == 1


def test_one_message_in_many_hands_is_sent_once() -> None:
    with listening() as server:
        create_webhook("library", url=server.url, by=CY)
        (sent,) = announced("playhouse/drama@1")

        at_once(*[partial(deliver, str(sent.id))] * 4)

    assert len(server.heard) == 1
    assert count(Event.NOTICE_DELIVERED) == 1


def test_copies_acknowledged_at_once_by_many_are_acknowledged_once() -> None:
    for number in SIX:
        create_webhook("library", url=f"http://127.0.0.1:9/{number}", by=CY)
    sent = announced("playhouse/drama@1")

    at_once(*(partial(acknowledge, one.id, by=CY) for one in (*sent, *reversed(sent))))

    assert count(Event.NOTICE_ACKNOWLEDGED) == 1
    assert not Delivery.objects.filter(acknowledged_at=None).exists()


def test_announced_twice_at_once_is_told_once() -> None:
    for number in SIX:
        create_webhook("library", url=f"http://127.0.0.1:9/{number}", by=CY)

    at_once(*[partial(announced, "playhouse/drama@1")] * 3)

    told = [one for entry in Entry.objects.filter(event=Event.NOTICE_ANNOUNCED) for one in [bytes(entry.leaf)]]
    assert Delivery.objects.count() == len(SIX)
    assert sum(leaf.count(b'"channel"') for leaf in told) == len(SIX)
