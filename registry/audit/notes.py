"""Signed notes and checkpoints, as C2SP writes them (signed-note, tlog-checkpoint), with Ed25519 keys. Pure."""

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ED25519 = b"\x01"
COSIGNATURE = b"\x04"
KEY_BYTES = 32
PREFIX = "PRIVATE+KEY+"
NAME = re.compile(r"[^\s+]{1,200}")
CHECKPOINT = re.compile(r"([^\n]+)\n(0|[1-9][0-9]{0,18})\n([A-Za-z0-9+/]{43}=)\n")


class Unreadable(ValueError):
    """The text is no such note or key."""


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key under a name: `name+hash+base64`."""

    name: str
    kind: bytes
    public: bytes

    @property
    def id(self) -> bytes:
        return hashlib.sha256(self.name.encode() + b"\n" + self.kind + self.public).digest()[:4]

    @property
    def vkey(self) -> str:
        return f"{self.name}+{self.id.hex()}+{_b64(self.kind + self.public)}"

    @property
    def public_pem(self) -> str:
        key = Ed25519PublicKey.from_public_bytes(self.public)
        return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def verify(self, message: bytes, signature: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class NoteKey:
    """A private key under a name. Its text is a secret."""

    name: str
    seed: bytes

    @property
    def verifier(self) -> Verifier:
        public = self._key().public_key().public_bytes_raw()
        return Verifier(self.name, ED25519, public)

    @property
    def vkey(self) -> str:
        return self.verifier.vkey

    @property
    def public_pem(self) -> str:
        return self.verifier.public_pem

    @property
    def text(self) -> str:
        return f"{PREFIX}{self.name}+{self.verifier.id.hex()}+{_b64(ED25519 + self.seed)}"

    def sign(self, message: bytes) -> bytes:
        return self._key().sign(message)

    def _key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How large the log is, and its root."""

    origin: str
    size: int
    root: bytes

    @property
    def body(self) -> str:
        return f"{self.origin}\n{self.size}\n{_b64(self.root)}\n"


def make_note_key(name: str) -> NoteKey:
    if not NAME.fullmatch(name):
        raise Unreadable(f'"{name[:60]}" is no name of a key; it holds neither spaces nor plus signs.')
    return NoteKey(name, Ed25519PrivateKey.generate().private_bytes_raw())


def read_note_key(text: str) -> NoteKey:
    """`PRIVATE+KEY+name+hash+base64`; the text itself is not repeated in the fault."""
    name, hash_, data = _parts(text.removeprefix(PREFIX))
    if not text.startswith(PREFIX) or data[:1] != ED25519 or len(data) != 1 + KEY_BYTES:
        raise Unreadable("A private key is written PRIVATE+KEY+name+hash+base64, as `make_note_key` prints it.")
    key = NoteKey(name, data[1:])
    if key.verifier.id.hex() != hash_:
        raise Unreadable(f"The private key of {name} does not have the hash that stands in it; copy it whole.")
    return key


def read_vkey(text: str) -> Verifier:
    name, hash_, data = _parts(text)
    found = Verifier(name, data[:1], data[1:])
    if found.kind not in {ED25519, COSIGNATURE} or len(found.public) != KEY_BYTES or found.id.hex() != hash_:
        raise Unreadable(f'"{text[:80]}" is no Ed25519 key of the form name+hash+base64.')
    return found


def signature_line(name: str, key_id: bytes, signature: bytes) -> str:
    return f"— {name} {_b64(key_id + signature)}\n"


def signed_note(body: str, keys: Sequence[NoteKey]) -> str:
    lines = [signature_line(key.name, key.verifier.id, key.sign(body.encode())) for key in keys]
    return f"{body}\n{''.join(lines)}"


def read_checkpoint(note: str) -> Checkpoint:
    """What a checkpoint says. Who says it is asked with `signed_by`."""
    match = CHECKPOINT.match(note)
    if match is None:
        raise Unreadable("This is no checkpoint: it begins with the log's name, its size and its root.")
    return Checkpoint(match[1], int(match[2]), base64.b64decode(match[3]))


def signed_by(note: str, key: Verifier) -> bool:
    """Does the note bear this key's own signature?"""
    body, _, tail = note.rpartition("\n\n")
    for line in tail.splitlines():
        name, _, blob = line.removeprefix("— ").rpartition(" ")
        try:
            data = base64.b64decode(blob, validate=True)
        except binascii.Error:
            continue
        if name == key.name and data[:4] == key.id and key.verify(f"{body}\n".encode(), data[4:]):
            return True
    return False


def cosignature_of(note: str, lines: str, key: Verifier) -> str:
    """The line among these in which this witness cosigns the note (C2SP tlog-cosignature); nothing without one."""
    body = note.rpartition("\n\n")[0] + "\n"
    for text in lines.splitlines():
        name, _, blob = text.removeprefix("— ").rpartition(" ")
        try:
            data = base64.b64decode(blob)
        except binascii.Error:
            continue
        stamp = int.from_bytes(data[4:12], "big")
        message = f"cosignature/v1\ntime {stamp}\n{body}".encode()
        own = name == key.name and key.kind == COSIGNATURE and data[:4] == key.id
        if own and key.verify(message, data[12:]):
            return text
    return ""


def _parts(text: str) -> tuple[str, str, bytes]:
    try:
        name, hash_, blob = text.strip().split("+", 2)
        return name, hash_, base64.b64decode(blob, validate=True)
    except (ValueError, binascii.Error):
        raise Unreadable("A key is written name+hash+base64.") from None


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()
