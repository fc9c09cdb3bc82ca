"""Webhook secrets at rest, sealed with a key that follows from the service's own; and the codes of acknowledgement.

A database that is read by somebody else does not let them sign in our name, nor answer in a recipient's.
"""

import base64
import hashlib
from uuid import UUID

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

PURPOSE = b"guildhall webhook secrets v1:"


class Sealed(Exception):
    """The secret was sealed under a GUILDHALL_SECRET_KEY that we no longer have."""


def seal(secret: str) -> str:
    return _fernet().encrypt(secret.encode()).decode()


def unseal(sealed: str) -> str:
    try:
        return _fernet().decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise Sealed from None


def code_for(delivery_id: UUID) -> str:
    """What a message carries, and who answers with it has read it. It follows from the id, so nothing is kept."""
    return salted_hmac("guildhall.acknowledge", delivery_id.hex, algorithm="sha256").hexdigest()[:32]


def is_code_for(delivery_id: UUID, code: str) -> bool:
    return constant_time_compare(code_for(delivery_id), code)


def _fernet() -> MultiFernet:
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    digests = (hashlib.sha256(PURPOSE + str(key).encode()).digest() for key in keys)
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])
