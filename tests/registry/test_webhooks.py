"""Webhooks: made where a message may go, the secret told once, pinged, and ended; for the organisation's own people."""

from ipaddress import ip_network

import pytest
from django.conf import settings as django_settings
from pytest_django import Settings
from standardwebhooks import Webhook as Judge

from registry.audit.events import Event
from registry.audit.queries import payloads_of, told
from registry.errors import Invalid, NotAllowed, Taken, WrongState
from registry.notices.actions import MAX_WEBHOOKS, create_webhook, disable_webhook, ping_webhook
from registry.notices.models import Delivery, DeliveryState, Webhook
from registry.notices.sealing import Sealed, seal, unseal
from tests.factories import ADA, BEN, CY, EVE, OTTO, api, log
from tests.listening import listening
from workers.delivering import deliver

ANYWHERE = "http://127.0.0.1:9/hook"


@pytest.fixture(autouse=True)
def at_home(settings: Settings) -> None:
    settings.WEBHOOK_NETWORKS = [ip_network("127.0.0.0/8")]


def test_it_is_made_by_a_consumer_and_the_log_hears_but_not_where() -> None:
    made = create_webhook("library", url=ANYWHERE, by=CY)

    entry = told(log().get(event=Event.WEBHOOK_CREATED))
    assert made.secret.startswith("whsec_")
    assert made.row.disabled_at is None
    assert entry.facts.keys() == {"organisation", "url"}
    assert ANYWHERE not in str(entry.facts)
    assert payloads_of([entry.id]) == {entry.id: {"url": ANYWHERE}}


def test_its_secret_is_told_once_and_kept_sealed() -> None:
    answer = api(CY).post("/api/v1/organisations/library/webhooks", {"url": ANYWHERE})
    listed = api(CY).get("/api/v1/organisations/library/webhooks")

    secret = answer.json()["secret"]
    row = Webhook.objects.get()
    assert answer.status_code == 201
    assert answer["Cache-Control"] == "no-store"
    assert "secret" not in listed.json()[0]
    assert secret not in row.sealed_secret
    assert unseal(row.sealed_secret) == secret


def test_a_sealed_secret_opens_with_the_key_of_its_day_and_no_other(settings: Settings) -> None:
    sealed = seal("whsec_c2VjcmV0")
    before = django_settings.SECRET_KEY
    settings.SECRET_KEY = "another key altogether"

    with pytest.raises(Sealed):
        unseal(sealed)
    settings.SECRET_KEY_FALLBACKS = [before]
    assert unseal(sealed) == "whsec_c2VjcmV0"


@pytest.mark.parametrize("by", [ADA, BEN, OTTO, EVE])
def test_it_is_for_the_organisations_own_people(by: object) -> None:
    with pytest.raises(NotAllowed, match="owner or consumer in library"):
        create_webhook("library", url=ANYWHERE, by=by)  # type: ignore[arg-type]  # one of the cast


def test_an_address_that_is_not_public_is_refused_in_one_sentence(settings: Settings) -> None:
    settings.WEBHOOK_NETWORKS = []

    answer = api(CY).post("/api/v1/organisations/library/webhooks", {"url": "https://localhost/hook"})

    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("The url will not do: localhost: it leads to ")
    assert not Webhook.objects.exists()


def test_the_same_address_is_there_once() -> None:
    create_webhook("library", url=ANYWHERE, by=CY)

    with pytest.raises(Taken, match="library has a webhook at this url already"):
        create_webhook("library", url=ANYWHERE, by=CY)


def test_there_are_only_so_many() -> None:
    for number in range(MAX_WEBHOOKS):
        create_webhook("library", url=f"{ANYWHERE}/{number}", by=CY)

    with pytest.raises(Invalid, match="disable one"):
        create_webhook("library", url=ANYWHERE, by=CY)


def test_a_disabled_one_gets_nothing_and_its_place_is_free() -> None:
    webhook = create_webhook("library", url=ANYWHERE, by=CY).row

    disable_webhook(webhook.id, by=CY)
    disable_webhook(webhook.id, by=CY)

    webhook.refresh_from_db()
    assert webhook.disabled_at is not None
    assert log().filter(event=Event.WEBHOOK_DISABLED).count() == 1
    with pytest.raises(WrongState, match="disabled"):
        ping_webhook(webhook.id, by=CY)
    create_webhook("library", url=ANYWHERE, by=CY)


def test_a_stranger_cannot_end_it() -> None:
    webhook = create_webhook("library", url=ANYWHERE, by=CY).row

    with pytest.raises(NotAllowed):
        disable_webhook(webhook.id, by=ADA)


def test_a_ping_arrives_and_another_hand_finds_the_signature_true() -> None:
    with listening() as server:
        made = create_webhook("library", url=server.url, by=CY)
        pinged = api(CY).post(f"/api/v1/webhooks/{made.row.id}/ping")

        deliver(pinged.json()["id"])

    (headers, body) = server.heard[0]
    message = Judge(made.secret).verify(body, headers)
    assert pinged.status_code == 202
    assert message["type"] == "ping"
    assert message["acknowledge"] is None
    assert headers["webhook-id"] == message["id"]
    assert Delivery.objects.get().state == DeliveryState.DELIVERED
    assert Delivery.objects.get().next_try_at is None


def test_one_ping_at_a_time() -> None:
    webhook = create_webhook("library", url=ANYWHERE, by=CY).row
    ping_webhook(webhook.id, by=CY)

    with pytest.raises(WrongState, match="on its way"):
        ping_webhook(webhook.id, by=CY)
