"""Delivering: signed, retried with growing pauses, never two at once, reminded of daily, and given up in the end."""

import json
from collections.abc import Iterator
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Mailbox
from django.utils import timezone
from pytest_django import Settings
from standardwebhooks import Webhook as Judge
from standardwebhooks import WebhookVerificationError

from registry.actors import MESSENGER
from registry.audit.events import Event
from registry.embedded.ports import free_port
from registry.jobs import Job
from registry.notices.actions import acknowledge, announce, create_webhook
from registry.notices.models import Delivery, DeliveryState
from registry.notices.rules import DAY, PATIENCE
from registry.notices.sealing import code_for
from registry.replay.from_log import state_from_log
from registry.replay.from_rows import state_from_rows
from tests.factories import ADA, CY, api, log, make_delivery, make_organisation, make_webhook, row_of
from tests.listening import Listener, listening
from tests.workers.queue import another_worker_at, waiting
from workers.delivering import deliver
from workers.sweeps import sweep

FACTS = {"title": "drama was withdrawn", "version": "playhouse/drama@1", "revisions": ["a" * 40]}


@pytest.fixture(autouse=True)
def at_home(settings: Settings) -> None:
    settings.WEBHOOK_NETWORKS = [ip_network("127.0.0.0/8")]


def sent_to(server: Listener) -> tuple[Delivery, str]:
    """A message for the library at this server, and the webhook's secret."""
    made = create_webhook("library", url=server.url, by=CY)
    (delivery,) = announce(
        "version.withdrawn", {make_organisation("library"): FACTS}, about="playhouse/drama@1", by=MESSENGER
    )
    return delivery, made.secret


def tried(delivery: Delivery) -> Delivery:
    """Its time has come, and a worker takes it."""
    Delivery.objects.filter(id=delivery.id, next_try_at__isnull=False).update(next_try_at=timezone.now())
    deliver(str(delivery.id))
    return Delivery.objects.get(id=delivery.id)


def pause_of(delivery: Delivery) -> float:
    assert delivery.next_try_at is not None
    return (delivery.next_try_at - timezone.now()).total_seconds()


def test_it_arrives_signed_and_says_what_happened_and_how_to_answer() -> None:
    with listening() as server:
        delivery, secret = sent_to(server)

        delivery = tried(delivery)

    ((headers, body),) = server.heard
    message = Judge(secret).verify(body, headers)
    assert message["type"] == "version.withdrawn"
    assert message["data"] == FACTS
    assert message["acknowledge"]["url"].endswith(f"/api/v1/deliveries/{delivery.id}/acknowledge")
    assert delivery.state == DeliveryState.DELIVERED
    assert delivery.last_answer == "It answered 200."
    assert log().filter(event=Event.NOTICE_DELIVERED).count() == 1


def test_a_changed_message_has_no_true_signature() -> None:
    with listening() as server:
        delivery, secret = sent_to(server)
        tried(delivery)

    ((headers, body),) = server.heard
    with pytest.raises(WebhookVerificationError):
        Judge(secret).verify(body.replace(b"drama", b"opera"), headers)


def test_what_fails_is_tried_again_with_the_same_id_until_it_is_taken() -> None:
    with listening(500, "http://127.0.0.1:1/elsewhere", "garbage", 200) as server:
        delivery, _ = sent_to(server)
        pauses = []
        for _ in range(3):
            delivery = tried(delivery)
            pauses.append(pause_of(delivery))
        before = delivery.state
        delivery = tried(delivery)

    assert before == DeliveryState.WAITING
    assert pauses == pytest.approx([5, 60, 300], abs=3)
    assert delivery.state == DeliveryState.DELIVERED
    assert delivery.attempts == 4
    assert len({headers["webhook-id"] for headers, _ in server.heard}) == 1
    assert len({body for _, body in server.heard}) == 1


def test_it_is_not_sent_before_its_time() -> None:
    with listening(500) as server:
        delivery, _ = sent_to(server)
        tried(delivery)

        deliver(str(delivery.id))

    assert len(server.heard) == 1


def test_two_workers_never_send_one_message_at_once() -> None:
    with listening() as server:
        delivery, _ = sent_to(server)

        with another_worker_at(Job.DELIVER, delivery.id):
            deliver(str(delivery.id))
            meanwhile = len(server.heard)
        deliver(str(delivery.id))

    assert meanwhile == 0
    assert len(server.heard) == 1


def test_a_yes_is_no_acknowledgement_and_a_day_later_there_is_a_reminder() -> None:
    with listening() as server:
        delivery, secret = sent_to(server)
        delivery = tried(delivery)
        first_pause = pause_of(delivery)

        delivery = tried(delivery)
        delivery = tried(delivery)

    messages = [Judge(secret).verify(body, headers) for headers, body in server.heard]
    assert first_pause == pytest.approx(DAY.total_seconds(), abs=5)
    assert [message["reminder"] for message in messages] == [0, 1, 2]
    assert len({message["id"] for message in messages}) == 3
    assert delivery.acknowledged_at is None
    assert delivery.reminders == 2
    assert pause_of(delivery) == pytest.approx(DAY.total_seconds(), abs=5)
    assert log().filter(event=Event.NOTICE_DELIVERED).count() == 1


def test_the_code_in_the_message_ends_the_reminders() -> None:
    with listening() as server:
        delivery, secret = sent_to(server)
        tried(delivery)
        headers, body = server.heard[0]
        ask = Judge(secret).verify(body, headers)["acknowledge"]

        answer = api().post(urlsplit(ask["url"]).path, {"code": ask["code"]})
        delivery = tried(delivery)

    assert answer.status_code == 200
    assert delivery.acknowledged_at is not None
    assert delivery.next_try_at is None
    assert len(server.heard) == 1


def test_who_is_gone_is_left_alone_and_the_people_get_mail() -> None:
    with listening(410) as server:
        delivery, _ = sent_to(server)

        delivery = tried(delivery)

    mailed = Delivery.objects.get(person=row_of(CY))
    assert delivery.state == DeliveryState.GIVEN_UP
    assert delivery.webhook is not None
    assert delivery.webhook.disabled_because == "It answered 410: gone."
    assert (mailed.state, mailed.body) == (DeliveryState.WAITING, FACTS)
    assert log().filter(event=Event.WEBHOOK_DISABLED, actor=str(MESSENGER)).count() == 1


def test_after_thirty_days_it_is_given_up_and_the_log_hears() -> None:
    with listening(500) as server:
        delivery, _ = sent_to(server)
        long_ago = timezone.now() - PATIENCE + timedelta(hours=1)
        Delivery.objects.filter(id=delivery.id).update(created_at=long_ago, attempts=9)

        delivery = tried(delivery)

    assert delivery.state == DeliveryState.GIVEN_UP
    assert delivery.next_try_at is None
    assert log().filter(event=Event.NOTICE_GIVEN_UP).count() == 1
    assert Delivery.objects.filter(person=row_of(CY), state=DeliveryState.WAITING).count() == 1


def test_a_host_that_moved_to_a_private_address_is_not_spoken_to(settings: Settings) -> None:
    with listening() as server:
        delivery, _ = sent_to(server)
        settings.WEBHOOK_NETWORKS = []

        delivery = tried(delivery)

    assert server.connections == 0
    assert delivery.last_answer.startswith("Not sent: 127.0.0.1: it leads to 127.0.0.1")
    assert delivery.state == DeliveryState.WAITING


def test_a_redirect_to_a_private_address_is_not_followed() -> None:
    with listening() as inner, listening(inner.url) as outer:
        delivery, _ = sent_to(outer)

        delivery = tried(delivery)

    assert inner.connections == 0
    assert delivery.last_answer == "It answered 307; redirects are not followed."


def test_a_secret_that_cannot_be_read_sends_nothing(settings: Settings) -> None:
    with listening() as server:
        delivery, _ = sent_to(server)
        settings.SECRET_KEY = "another key altogether"

        delivery = tried(delivery)

    assert server.connections == 0
    assert "make the webhook anew" in delivery.last_answer


def test_the_sweep_sends_what_is_due_and_only_that() -> None:
    webhook = make_webhook()
    due = make_delivery(webhook, about="due")
    make_delivery(webhook, about="later", next_try_at=timezone.now() + timedelta(minutes=1))
    make_delivery(webhook, about="over", next_try_at=None, state=DeliveryState.DELIVERED)

    sweep()

    assert waiting("notices") == [(Job.DELIVER, [str(due.id)])]


def test_the_log_alone_tells_who_was_told_how_far_it_came_and_who_answered() -> None:
    with listening(410) as gone, listening(200) as well:
        create_webhook("playhouse", url=well.url, by=ADA)
        create_webhook("library", url=gone.url, by=CY)
        homes = {make_organisation(slug): FACTS for slug in ("library", "playhouse", "elsewhere")}
        sent = announce("version.withdrawn", homes, about="playhouse/drama@1", by=MESSENGER)
        for delivery in sent:
            tried(delivery)
        acknowledge(sent[0].id, by=CY if sent[0].organisation.slug == "library" else ADA)

    by_log = state_from_log(json.loads(bytes(entry.leaf)) for entry in log()).things
    by_rows = state_from_rows().things
    kinds = ("webhook", "delivery", "acknowledgement")
    assert {kind: by_log[kind] for kind in kinds} == {kind: by_rows[kind] for kind in kinds}
    assert {facts["state"] for facts in by_rows["delivery"].values()} == {"delivered", "given-up", "waiting"}


def by_mail() -> Delivery:
    (delivery,) = announce(
        "version.withdrawn", {make_organisation("library"): FACTS}, about="playhouse/drama@1", by=MESSENGER
    )
    assert delivery.channel == "mail"
    return delivery


@pytest.fixture
def post_office(tmp_path: Path, settings: Settings) -> Iterator[Mailbox]:
    """A real mail server, which keeps what it gets."""
    box = Mailbox(tmp_path / "box")
    controller = Controller(box, hostname="127.0.0.1", port=free_port(), ready_timeout=10)
    controller.start()
    settings.EMAIL_URL = "smtp://127.0.0.1"
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = controller.hostname, controller.port
    yield box
    controller.stop()


def test_mail_reaches_a_real_mail_server_with_the_words_and_the_code(post_office: Mailbox) -> None:
    delivery = tried(by_mail())

    (mail,) = list(post_office.mailbox)
    text = mail.get_payload()
    assert mail["To"] == row_of(CY).email
    assert mail["Subject"] == "[Guildhall] drama was withdrawn"
    assert mail["Message-ID"] == f"<{delivery.message_id.removesuffix('_r1')}@127.0.0.1>"
    assert code_for(delivery.id) in text
    assert "revisions: " + "a" * 40 in text
    assert delivery.state == DeliveryState.DELIVERED


def test_a_reminder_by_mail_says_that_it_is_one(post_office: Mailbox) -> None:
    delivery = tried(by_mail())

    tried(delivery)

    subjects = [mail["Subject"] for mail in post_office.mailbox]
    assert sorted(subjects) == ["[Guildhall] Reminder: drama was withdrawn", "[Guildhall] drama was withdrawn"]


def test_a_title_cannot_write_headers(post_office: Mailbox) -> None:
    delivery = by_mail()
    Delivery.objects.update(body={"title": "one\r\nBcc: eve@elsewhere.example"})

    tried(delivery)

    (mail,) = list(post_office.mailbox)
    assert mail["Bcc"] is None
    assert mail["Subject"] == "[Guildhall] one Bcc: eve@elsewhere.example"


def test_without_a_mail_server_it_waits_and_says_why(settings: Settings) -> None:
    settings.EMAIL_URL = ""

    delivery = tried(by_mail())

    assert delivery.state == DeliveryState.WAITING
    assert delivery.last_answer == "The operator has named no mail server (EMAIL_URL)."


def test_a_mail_server_that_is_down_is_tried_again(settings: Settings) -> None:
    settings.EMAIL_URL = "smtp://127.0.0.1:9"
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9

    delivery = tried(by_mail())

    assert delivery.last_answer == "The mail server did not take it."
    assert pause_of(delivery) == pytest.approx(5, abs=3)


def test_somebody_who_left_gets_no_mail(post_office: Mailbox) -> None:
    delivery = by_mail()
    somebody = row_of(CY)
    somebody.is_active = False
    somebody.save()

    delivery = tried(delivery)

    assert delivery.state == DeliveryState.GIVEN_UP
    assert list(post_office.mailbox) == []


def test_an_acknowledged_message_is_not_sent_any_more() -> None:
    with listening() as server:
        delivery, _ = sent_to(server)
        acknowledge(delivery.id, by=CY)

        tried(delivery)

    assert server.heard == []
