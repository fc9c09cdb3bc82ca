"""Signed statements: what a DSSE envelope holds, once a key that is trusted has signed it."""

from typing import Any, Protocol

from client.verify.strict import NotVerified, field, from_base64, shown

STATEMENT = "https://in-toto.io/Statement/v1"
PAYLOAD = "application/vnd.in-toto+json"
MAX_TRIED = 16


class Signer(Protocol):
    """A public key."""

    @property
    def name(self) -> str: ...

    def made(self, signature: bytes, text: bytes) -> bool: ...


def opened(envelope: dict[str, Any], key: Signer, label: str = "The envelope") -> bytes:
    """The payload of a DSSE envelope that this key signed."""
    kind = field(envelope, "payloadType", str, label)
    payload = from_base64(field(envelope, "payload", str, label), f"{label}'s payload")
    text = b"DSSEv1 %d %s %d %s" % (len(kind.encode()), kind.encode(), len(payload), payload)
    made = [one for one in field(envelope, "signatures", list, label)[:MAX_TRIED] if isinstance(one, dict)]
    if kind != PAYLOAD:
        raise NotVerified(f"{label} holds {shown(kind)}, not a statement.")
    if not any(key.made(from_base64(field(one, "sig", str, label), f"{label}'s signature"), text) for one in made):
        raise NotVerified(f"{label} is not signed by {shown(key.name)}, or was changed after it was signed.")
    return payload
