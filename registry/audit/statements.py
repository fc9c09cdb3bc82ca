"""What the service signs besides the log: in-toto statements in DSSE envelopes, with the key for statements.

The same statement has the same envelope however often it is signed: Ed25519 has no dice.
"""

import base64
from dataclasses import dataclass
from typing import Any

from registry.audit.keys import statement_signer
from registry.digests import canonical, sha256

STATEMENT = "https://in-toto.io/Statement/v1"
PAYLOAD = "application/vnd.in-toto+json"


@dataclass(frozen=True, slots=True)
class Signed:
    """An envelope, the digest of the statement in it, and the public key that checks it."""

    envelope: dict[str, Any]
    digest: str
    vkey: str


def sign(statement: dict[str, Any]) -> Signed:
    payload, key = canonical(statement), statement_signer()
    signature = key.sign(signed_text(payload))
    return Signed(envelope_of(payload, keyid=key.vkey, signature=signature), sha256(payload), key.vkey)


def signed_text(payload: bytes) -> bytes:
    """DSSE: what is signed is the kind and the bytes, so that nobody can take one for another."""
    return b"DSSEv1 %d %s %d %s" % (len(PAYLOAD), PAYLOAD.encode(), len(payload), payload)


def envelope_of(payload: bytes, *, keyid: str, signature: bytes) -> dict[str, Any]:
    return {
        "payloadType": PAYLOAD,
        "payload": base64.b64encode(payload).decode(),
        "signatures": [{"keyid": keyid, "sig": base64.b64encode(signature).decode()}],
    }
