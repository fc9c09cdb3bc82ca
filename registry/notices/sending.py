"""Sending one message, by the way it has. What came of it is the caller's to write down."""

import json
import time
from typing import Any

from django.conf import settings

from registry.notices.mail import send_mail
from registry.notices.models import Delivery
from registry.notices.post import Answer, post
from registry.notices.rules import signed_headers
from registry.notices.sealing import Sealed, code_for, unseal


def send(delivery: Delivery) -> Answer:
    payload = payload_of(delivery)
    webhook = delivery.webhook
    if webhook is None:
        return send_mail(delivery, payload)
    try:
        secret = unseal(webhook.sealed_secret)
    except Sealed:
        return Answer(taken=False, sentence="Its secret cannot be read any more; make the webhook anew.")
    body = json.dumps(payload, separators=(",", ":")).encode()
    headers = signed_headers(secret, message_id=delivery.message_id, at=int(time.time()), body=body)
    return post(webhook.url, body, headers)


def payload_of(delivery: Delivery) -> dict[str, Any]:
    """What the receiver reads. A retry has the same words; a reminder counts itself."""
    ask = {
        "url": f"{settings.GUILDHALL_URL}/api/v1/deliveries/{delivery.id}/acknowledge",
        "code": code_for(delivery.id),
    }
    return {
        "id": delivery.message_id,
        "type": delivery.kind,
        "timestamp": delivery.created_at.isoformat(timespec="seconds"),
        "about": delivery.about,
        "organisation": delivery.organisation.slug,
        "reminder": delivery.reminders + 1 if delivery.delivered_at else 0,
        "data": delivery.body,
        "acknowledge": ask if delivery.asks else None,
    }
