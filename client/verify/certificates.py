"""A withdrawal's certificate or a consent's receipt, asking nobody: who signed it, with which key, under which entry.

Both are in-toto statements in DSSE envelopes, beside the entries of the log that name their digest and signer's key.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from client.verify.envelopes import STATEMENT, opened
from client.verify.notes import Checkpoint, Key, Proof
from client.verify.strict import NotVerified, field, from_base64, read_file, read_json, shown
from client.verify.trust import STATEMENTS, adds_key

MAX_CERTIFICATE = 64 * 2**20

Believe = Callable[[Checkpoint], object]


@dataclass(frozen=True, slots=True)
class Kind:
    """What is read, the entry that must name it, and what it must say it is."""

    what: str
    event: str
    tells: str
    predicate: str
    means: str


CERTIFICATE = Kind(
    "certificate",
    "withdrawal.certified",
    "one that certifies a withdrawal",
    "https://guildhall.dev/withdrawal/v1",
    "certificate of a withdrawal",
)
RECEIPT = Kind(
    "receipt",
    "receipt.issued",
    "one that tells of a receipt",
    "https://guildhall.dev/consent-receipt/v1",
    "receipt of a consent",
)


@dataclass(frozen=True, slots=True)
class Certificate:
    """What was signed, and where the log has it."""

    predicate: dict[str, Any]
    subjects: tuple[str, ...]
    signer: str
    index: int
    at: str


def read_certificate(file: Path, *, believe: Believe, kind: Kind = CERTIFICATE) -> Certificate:
    """`believe` raises unless a checkpoint is signed by a key that the caller trusts."""
    label = shown(file.name)
    bundle = read_json(read_file(file, limit=MAX_CERTIFICATE), label)
    if kind is RECEIPT and bundle.get("proof", "") is None:
        raise NotVerified("The receipt has no proof yet; fetch it again when the log has published its entry.")
    key, named = _signer(field(bundle, "key", dict, label), believe)
    payload = opened(field(bundle, "envelope", dict, label), key, "The statement")
    proof, entry = _proven(bundle, f"The {kind.what}'s entry", believe)
    if proof.checkpoint.origin != named.checkpoint.origin:
        raise NotVerified(f"The {kind.what} stands in one log and its signer's key in another; they must be one.")
    facts = field(entry, "facts", dict, f"The {kind.what}'s entry")
    if entry.get("event") != kind.event:
        raise NotVerified(f"The {kind.what}'s entry in the log is not {kind.tells}.")
    if facts.get("statement_digest") != f"sha256:{hashlib.sha256(payload).hexdigest()}":
        raise NotVerified("The statement is not the one whose digest the log holds.")
    statement = read_json(payload, "The statement")
    if statement.get("_type") != STATEMENT or statement.get("predicateType") != kind.predicate:
        raise NotVerified(f"The statement is signed, but it is no {kind.means}.")
    return Certificate(
        predicate=field(statement, "predicate", dict, "The statement"),
        subjects=tuple(_subjects(statement)),
        signer=key.name,
        index=proof.index,
        at=field(entry, "at", str, f"The {kind.what}'s entry"),
    )


def _signer(bundle: dict[str, Any], believe: Believe) -> tuple[Key, Proof]:
    """The key for statements, and where the log itself named it."""
    label = "The signing key's entry"
    key = Key.read(field(bundle, "vkey", str, label))
    leaf = from_base64(field(bundle, "leaf", str, label), label)
    proof = _proof(bundle, leaf, label, believe)
    if not adds_key(leaf, key.vkey, STATEMENTS):
        raise NotVerified("The key that signed is not the one that the log names in the entry given for it.")
    return key, proof


def _proven(bundle: dict[str, Any], label: str, believe: Believe) -> tuple[Proof, dict[str, Any]]:
    leaf = from_base64(field(bundle, "leaf", str, label), label)
    return _proof(bundle, leaf, label, believe), read_json(leaf, label)


def _proof(bundle: dict[str, Any], leaf: bytes, label: str, believe: Believe) -> Proof:
    proof = Proof.read(field(bundle, "proof", str, label), label)
    proof.require(leaf)
    believe(proof.checkpoint)
    return proof


def _subjects(statement: dict[str, Any]) -> Iterator[str]:
    for item in field(statement, "subject", list, "The statement"):
        digest = item.get("digest") if isinstance(item, dict) else None
        if isinstance(digest, dict):
            digests = ", ".join(f"{shown(kind)}:{shown(value)}" for kind, value in digest.items())
            yield f"{shown(item.get('name'))} ({digests})"
