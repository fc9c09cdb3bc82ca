"""Webhooks and deliveries, read."""

from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from registry.accounts.models import Membership, Organisation, Role
from registry.accounts.queries import has_role
from registry.actors import Actor
from registry.errors import NotAllowed, NotFound
from registry.notices.models import Delivery, Webhook

TOLD = (Role.OWNER, Role.CONSUMER)  # whose business the messages to an organisation are


def demand_told(actor: Actor, organisation: Organisation) -> None:
    """Raise unless the actor is one of those to whom the organisation's messages are addressed."""
    if not any(has_role(actor, role, organisation) for role in TOLD):
        raise NotAllowed(f"This needs the role owner or consumer in {organisation}; you hold neither.")


def webhooks_of(organisation: Organisation) -> QuerySet[Webhook]:
    return Webhook.objects.filter(organisation=organisation).order_by("-created_at", "id")


def get_webhook(webhook_id: UUID, *, lock: bool = False) -> Webhook:
    rows = Webhook.objects.select_for_update(of=("self",)) if lock else Webhook.objects.all()
    webhook = rows.select_related("organisation").filter(id=webhook_id).first()
    if webhook is None:
        raise NotFound("There is no such webhook.")
    return webhook


def _deliveries() -> QuerySet[Delivery]:
    return Delivery.objects.select_related("organisation", "webhook", "person")


def deliveries_of(organisation: Organisation) -> QuerySet[Delivery]:
    return _deliveries().filter(organisation=organisation).order_by("-created_at", "id")


def deliveries_about(about: str, *, kind: str = "") -> QuerySet[Delivery]:
    """Everything that was sent on a matter, to whomever: who has it, and who has acknowledged."""
    rows = _deliveries().filter(about=about)
    return (rows.filter(kind=kind) if kind else rows).order_by("organisation__slug", "created_at", "id")


def get_delivery(delivery_id: UUID) -> Delivery:
    delivery = _deliveries().filter(id=delivery_id).first()
    if delivery is None:
        raise NotFound("There is no such delivery.")
    return delivery


def due_deliveries(now: datetime) -> QuerySet[Delivery]:
    return _deliveries().filter(next_try_at__lte=now).order_by("next_try_at")


def mail_readers(organisation: Organisation) -> list[UUID]:
    """Whom to write to where an organisation has named no webhook."""
    rows = Membership.objects.filter(organisation=organisation, role__in=TOLD, person__is_active=True)
    return list(rows.order_by("person").values_list("person", flat=True).distinct())
