"""Webhooks made and ended, things announced, answers and acknowledgements written down."""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction

from registry.accounts.models import Organisation, Person
from registry.accounts.queries import get_organisation, is_member, person_id_of
from registry.actors import Actor
from registry.audit import clock
from registry.audit.events import Event
from registry.audit.log import Deed, record, record_many
from registry.errors import Invalid, NotFound, Taken, WrongState
from registry.jobs import Job, after_commit
from registry.notices.models import Delivery, DeliveryState, Webhook
from registry.notices.post import Answer, check_url
from registry.notices.queries import demand_told, get_delivery, get_webhook, mail_readers
from registry.notices.rules import DAY, SECRET_BYTES, next_try, secret_text
from registry.notices.sealing import is_code_for, seal

PING = "ping"
MAX_WEBHOOKS = 10  # an organisation; each costs us up to ten seconds a message
AN_ENTRY = 400  # deliveries that one entry of the log tells of

Told = Mapping[Organisation, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class IssuedWebhook:
    """A new webhook and its secret, which is told once."""

    row: Webhook
    secret: str


@transaction.atomic
def create_webhook(organisation: str, *, url: str, by: Actor) -> IssuedWebhook:
    """From now on what concerns the organisation is posted there too."""
    owner = get_organisation(organisation)
    demand_told(by, owner)
    check_url(url)
    living = Webhook.objects.filter(organisation=owner, disabled_at=None)
    if living.filter(url=url).exists():
        raise Taken(f"{owner} has a webhook at this url already.")
    if living.count() >= MAX_WEBHOOKS:
        raise Invalid(f"{owner} has {MAX_WEBHOOKS} webhooks; disable one before you make another.")
    secret = secret_text(secrets.token_bytes(SECRET_BYTES))
    webhook = Webhook.objects.create(
        organisation=owner, url=url, sealed_secret=seal(secret), created_by_id=person_id_of(by)
    )
    facts = {"organisation": owner.slug}
    record(Event.WEBHOOK_CREATED, about=str(webhook), by=by, facts=facts, private={"url": url})
    return IssuedWebhook(row=webhook, secret=secret)


@transaction.atomic
def disable_webhook(webhook_id: UUID, *, by: Actor) -> Webhook:
    """Nothing more goes there; what it had not taken goes by mail. One that is disabled already stays so."""
    webhook = get_webhook(webhook_id, lock=True)
    demand_told(by, webhook.organisation)
    if webhook.disabled_at is None:
        _disable(webhook, "It was disabled by a member.", by=by)
    return webhook


@transaction.atomic
def ping_webhook(webhook_id: UUID, *, by: Actor) -> Delivery:
    """Send a message that says nothing, to see whether it arrives."""
    webhook = get_webhook(webhook_id, lock=True)
    demand_told(by, webhook.organisation)
    if webhook.disabled_at is not None:
        raise WrongState("This webhook is disabled; make another.")
    if Delivery.objects.filter(webhook=webhook, kind=PING, state=DeliveryState.WAITING).exists():
        raise WrongState("A ping is on its way to this webhook already; wait for its answer.")
    (delivery,) = _write([_to_webhook(webhook, PING, f"ping:{uuid4()}", {"text": "This is a test."}, asks=False)])
    facts = {"kind": PING, "deliveries": [_named(delivery)]}
    record(Event.NOTICE_ANNOUNCED, about=delivery.about, by=by, facts=facts)
    return delivery


@transaction.atomic
def announce(
    kind: str,
    organisations: Told,
    people: Iterable[tuple[Person, Organisation]] = (),
    *,
    about: str,
    asks: bool = True,
    by: Actor,
) -> list[Delivery]:
    """Tell these organisations, each with its own facts, and these people in their organisations' names.

    An organisation is told at each of its webhooks; where it has none, and none of its people is named, its owners and
    consumers get mail. `title` and `text` in the facts are what mail says in words. A thing is said once for each kind
    and about: again with the same finds what is there, and sends only to whom it did not know before, unless their
    organisation has acknowledged already.
    """
    known = Delivery.objects.filter(kind=kind, about=about, acknowledged_at__isnull=False)
    settled = set(known.values_list("organisation", flat=True))
    facts_for = {home.id: facts for home, facts in organisations.items() if home.id not in settled}
    webhooks = Webhook.objects.filter(organisation__in=facts_for, disabled_at=None).order_by("created_at")
    by_mail = {(somebody.id, home.id) for somebody, home in people if home.id in facts_for and somebody.is_active}
    spoken_to = {home for _, home in by_mail} | {webhook.organisation_id for webhook in webhooks}
    for home in (one for one in organisations if one.id in facts_for and one.id not in spoken_to):
        by_mail |= {(reader, home.id) for reader in mail_readers(home)}
    new = _write(
        [_to_webhook(webhook, kind, about, facts_for[webhook.organisation_id], asks=asks) for webhook in webhooks]
        + [_to_person(reader, home, kind, about, facts_for[home], asks=asks) for reader, home in by_mail]
    )
    deeds = [
        Deed(Event.NOTICE_ANNOUNCED, about, by, {"kind": kind, "deliveries": [_named(one) for one in some]})
        for some in (new[at : at + AN_ENTRY] for at in range(0, len(new), AN_ENTRY))
    ]
    record_many(deeds)
    return list(Delivery.objects.filter(kind=kind, about=about, organisation__in=list(organisations)))


@transaction.atomic
def note_answer(delivery_id: UUID, answer: Answer, *, by: Actor) -> Delivery:
    """What came of a try: taken, tried again later, or given up; and what says it is gone is left alone for good."""
    if answer.gone:
        _lock_webhook_of(delivery_id)  # before any of its messages: whoever disables it goes the same way
    delivery = _locked(delivery_id)
    if delivery.next_try_at is None:
        return delivery  # it was acknowledged, or its webhook disabled, while it was on its way
    now = clock.now()
    delivery.attempts += 1
    delivery.last_answer = answer.sentence[:200]
    if delivery.state == DeliveryState.DELIVERED:
        delivery.reminders += answer.taken
        delivery.next_try_at = now + DAY
    elif answer.taken:
        delivery.state = DeliveryState.DELIVERED
        delivery.delivered_at = now
        delivery.next_try_at = now + DAY if delivery.asks else None
        _tell(Event.NOTICE_DELIVERED, delivery, by=by)
    else:
        delivery.next_try_at = next_try(now, attempts=delivery.attempts, since=delivery.created_at)
    delivery.save()
    if answer.gone and delivery.webhook is not None:
        _disable(delivery.webhook, "It answered 410: gone.", by=by)
    elif answer.gone or delivery.next_try_at is None:
        _give_up([delivery], by=by)
    return _locked(delivery_id)


@transaction.atomic
def acknowledge(delivery_id: UUID, *, code: str = "", by: Actor) -> Delivery:
    """Somebody of the organisation says that it knows; with the message's own code, whoever read it does.

    It counts for the organisation: its other copies of the message are settled with it. Again changes nothing.
    """
    delivery = get_delivery(delivery_id)
    if code:
        if not is_code_for(delivery.id, code):
            raise NotFound("There is no delivery with this code.")
    elif not is_member(by, delivery.organisation_id):
        raise NotFound("There is no such delivery that you may acknowledge.")
    if not delivery.asks:
        raise WrongState("This message asks for no acknowledgement.")
    copies = Delivery.objects.filter(kind=delivery.kind, about=delivery.about, organisation=delivery.organisation)
    locked = list(copies.select_for_update(of=("self",)).order_by("id"))
    if any(one.id == delivery.id and one.acknowledged_at is None for one in locked):
        copies.filter(acknowledged_at=None).update(
            acknowledged_at=clock.now(), acknowledged_by=str(by), next_try_at=None
        )
        _tell(Event.NOTICE_ACKNOWLEDGED, delivery, by=by)
    return get_delivery(delivery_id)


def _lock_webhook_of(delivery_id: UUID) -> None:
    webhook_id = get_delivery(delivery_id).webhook_id
    if webhook_id is not None:
        get_webhook(webhook_id, lock=True)


def _locked(delivery_id: UUID) -> Delivery:
    rows = Delivery.objects.select_for_update(of=("self",)).select_related("organisation", "webhook", "person")
    delivery = rows.filter(id=delivery_id).first()
    if delivery is None:
        raise NotFound("There is no such delivery.")
    return delivery


def _to_webhook(webhook: Webhook, kind: str, about: str, facts: Mapping[str, Any], *, asks: bool) -> Delivery:
    return _made(kind, about, facts, organisation_id=webhook.organisation_id, webhook=webhook, asks=asks)


def _to_person(reader: UUID, home: UUID, kind: str, about: str, facts: Mapping[str, Any], *, asks: bool) -> Delivery:
    return _made(kind, about, facts, organisation_id=home, person_id=reader, asks=asks)


def _made(kind: str, about: str, facts: Mapping[str, Any], **fields: Any) -> Delivery:
    now = clock.now()
    return Delivery(kind=kind, about=about, body=dict(facts), created_at=now, next_try_at=now, **fields)


def _write(wanted: list[Delivery]) -> list[Delivery]:
    """Those that were not there yet; each is sent when the transaction is through."""
    Delivery.objects.bulk_create(wanted, ignore_conflicts=True, batch_size=1000)
    rows = Delivery.objects.filter(id__in=[one.id for one in wanted]).select_related("organisation")
    new = list(rows.order_by("organisation__slug", "id"))
    for one in new:
        after_commit(Job.DELIVER, one.id)
    return new


def _disable(webhook: Webhook, because: str, *, by: Actor) -> None:
    Webhook.objects.filter(id=webhook.id).update(disabled_at=clock.now(), disabled_because=because)
    webhook.refresh_from_db()
    facts = {"organisation": webhook.organisation.slug}
    record(Event.WEBHOOK_DISABLED, about=str(webhook), by=by, facts=facts, private={"reason": because})
    open_ones = Delivery.objects.select_for_update(of=("self",)).filter(webhook=webhook, next_try_at__isnull=False)
    _give_up(list(open_ones.select_related("organisation").order_by("id")), by=by)


def _give_up(deliveries: list[Delivery], *, by: Actor) -> None:
    """Nothing more is sent this way. Where nobody has acknowledged, the organisation's people get mail instead."""
    for delivery in deliveries:
        if delivery.state == DeliveryState.WAITING:
            delivery.state = DeliveryState.GIVEN_UP
            _tell(Event.NOTICE_GIVEN_UP, delivery, by=by)
        delivery.next_try_at = None
        delivery.save(update_fields=["state", "next_try_at"])
        if delivery.asks and delivery.webhook_id and delivery.acknowledged_at is None:
            home = delivery.organisation_id
            instead = [
                _to_person(reader, home, delivery.kind, delivery.about, delivery.body, asks=True)
                for reader in mail_readers(delivery.organisation)
            ]
            new = _write(instead)
            if new:
                facts = {"kind": delivery.kind, "deliveries": [_named(one) for one in new[:AN_ENTRY]]}
                record(Event.NOTICE_ANNOUNCED, about=delivery.about, by=by, facts=facts)


def _named(delivery: Delivery) -> dict[str, str]:
    return {"id": str(delivery.id), "organisation": delivery.organisation.slug, "channel": delivery.channel}


def _tell(event: Event, delivery: Delivery, *, by: Actor) -> None:
    facts = {**_named(delivery), "kind": delivery.kind, "attempts": delivery.attempts}
    record(event, about=delivery.about, by=by, facts=facts)
