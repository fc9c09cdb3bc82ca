"""An invitation as mail. Its link is told once: nothing of it is kept, so nothing is tried again."""

import logging
import smtplib

from django.conf import settings
from django.core.mail import EmailMessage

from registry.accounts.models import Invitation

logger = logging.getLogger(__name__)


def mail_invitation(invitation: Invitation, *, link: str) -> bool:
    """Was it taken by the mail server? Whoever invites still has the link."""
    if not settings.EMAIL_URL:
        return False
    lines = [
        f"You are invited to act for {invitation.organisation.name} in Guildhall, as {invitation.role}.",
        "",
        "Choose your password here:",
        link,
        "",
        f"The link works once, and until {invitation.expires_at:%d %B %Y}. If you expect no invitation, let it be.",
        "",
    ]
    message = EmailMessage(
        subject=f"[Guildhall] You are invited by {invitation.organisation.name}"[:200],
        body="\n".join(lines),
        to=[invitation.email],
        headers={"Auto-Submitted": "auto-generated"},
    )
    try:
        message.send()
    except (OSError, smtplib.SMTPException) as fault:
        logger.warning("mail of %s was not taken: %s", invitation, type(fault).__name__)
        return False
    return True
