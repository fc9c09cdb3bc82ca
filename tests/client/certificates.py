"""A certificate as its owner has it: a signed statement, and a small log that names its digest and its signer."""

import hashlib
import json
from typing import Any

from tests.client.models import STATEMENTS
from tests.small_log import Signer, SmallLog, b64

DATA = "sha256:" + "ab" * 32
PAYLOAD = "application/vnd.in-toto+json"
STATEMENT = {
    "_type": "https://in-toto.io/Statement/v1",
    "subject": [{"name": "playhouse/drama@1", "digest": {"sha256": "ab" * 32}}],
    "predicateType": "https://guildhall.dev/withdrawal/v1",
    "predicate": {
        "version": "playhouse/drama@1",
        "residuals": {"pinned_revisions": ["0" * 40], "recipients": [{"organisation": "library", "state": "sent"}]},
    },
}


RECEIPT = STATEMENT | {
    "predicateType": "https://guildhall.dev/consent-receipt/v1",
    "predicate": {"@context": {"dpv": "https://w3id.org/dpv#"}, "state": "given", "withdrawalMethod": "By mail."},
}


def envelope(payload: bytes, *, signer: Signer = STATEMENTS, kind: str = PAYLOAD) -> dict[str, Any]:
    """DSSE, as its specification spells it."""
    text = f"DSSEv1 {len(kind)} {kind} {len(payload)} ".encode() + payload
    signature = {"keyid": signer.name, "sig": b64(signer.private.sign(text))}
    return {"payloadType": kind, "payload": b64(payload), "signatures": [signature]}


def canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def bundle(
    statement: dict[str, Any] | None = None,
    *,
    facts: dict[str, Any] | None = None,
    event: str = "withdrawal.certified",
    added: dict[str, Any] | None = None,
    log_signer: Signer | None = None,
    **signed: Any,
) -> dict[str, Any]:
    """A certificate and the log it stands in."""
    payload = canonical(statement or STATEMENT)
    digest = f"sha256:{hashlib.sha256(payload).hexdigest()}"
    told = {"statement_digest": digest, "version": "playhouse/drama@1", "data_digest": DATA} | (facts or {})
    key_leaf = canonical(
        {"event": "log_key.added", "facts": added or {"purpose": "statements", "vkey": STATEMENTS.vkey}}
    )
    leaf = canonical({"at": "2026-11-23T00:00:00+00:00", "event": event, "facts": told})
    log = SmallLog([b"a", key_leaf, b"b", leaf, b"c"], log_signer or Signer())
    return {
        "envelope": envelope(payload, **signed),
        "leaf": b64(leaf),
        "proof": log.proof(3),
        "key": {"vkey": STATEMENTS.vkey, "leaf": b64(key_leaf), "proof": log.proof(1)},
    }
