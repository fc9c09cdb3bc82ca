"""A message as mail, through whatever mail server the operator named."""

import json
import logging
import smtplib
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage

from registry.notices.models import Delivery
from registry.notices.post import Answer

logger = logging.getLogger(__name__)


def send_mail(delivery: Delivery, payload: dict[str, Any]) -> Answer:
    if delivery.person is None or not delivery.person.is_active:
        return Answer(taken=False, sentence="The person has left.", gone=True)
    if not settings.EMAIL_URL:
        return Answer(taken=False, sentence="The operator has named no mail server (EMAIL_URL).")
    host = urlsplit(settings.GUILDHALL_URL).hostname
    message = EmailMessage(
        subject=subject_of(delivery),
        body=text_of(delivery, payload),
        to=[delivery.person.email],
        headers={"Message-ID": f"<{delivery.message_id}@{host}>", "Auto-Submitted": "auto-generated"},
    )
    try:
        message.send()
    except (OSError, smtplib.SMTPException) as fault:
        logger.warning("mail of %s was not taken: %s", delivery, type(fault).__name__)
        return Answer(taken=False, sentence="The mail server did not take it.")
    return Answer(taken=True, sentence="The mail server took it.")


def subject_of(delivery: Delivery) -> str:
    title = str(delivery.body.get("title") or f"{delivery.kind}: {delivery.about}")
    again = "Reminder: " if delivery.reminders or delivery.delivered_at else ""
    return " ".join(f"[Guildhall] {again}{title}".split())[:200]


def text_of(delivery: Delivery, payload: dict[str, Any]) -> str:
    facts = {name: value for name, value in payload["data"].items() if name not in {"title", "text"}}
    lines = [str(delivery.body.get("text") or delivery.body.get("title") or delivery.kind), ""]
    lines += [f"{name}: {_plain(value)}" for name, value in facts.items()]
    ask = payload["acknowledge"]
    if ask:
        body = json.dumps({"code": ask["code"]})
        lines += [
            "",
            "Please acknowledge that you have read this: sign in, or send the code below. Until somebody of",
            f"{delivery.organisation.name} does, you are reminded once a day.",
            "",
            f"curl -X POST -H 'content-type: application/json' -d '{body}' {ask['url']}",
        ]
    return "\n".join([*lines, "", f"{settings.GUILDHALL_URL}  {payload['id']}", ""])


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_plain(item) for item in value)
    return str(value) if isinstance(value, str | int | float | bool) else json.dumps(value)
