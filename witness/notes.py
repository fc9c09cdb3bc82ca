"""Signed notes, checkpoints and cosignatures (C2SP signed-note, tlog-checkpoint, tlog-cosignature), as a witness needs
them: a log's signature is checked, our own is made. What is not written exactly as the specifications say is refused.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

SIGNS = 1  # a log's key: plain Ed25519 over the note's text
COSIGNS = 4  # a witness's key: Ed25519 over a time and the note's text
DASH = "\N{EM DASH} "
MAX_SIGNATURES = 64
NUMBER = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
NAME = re.compile(r"[^\s+\x00-\x1f]{1,200}")
KEY = re.compile(r"([^\s+]{1,200})\+([0-9a-f]{8})\+([A-Za-z0-9+/=]{1,200})")
PRIVATE = "PRIVATE+KEY+"


class Malformed(ValueError):
    """Not what it should be. The text is one sentence."""


@dataclass(frozen=True, slots=True)
class LogKey:
    """A public key that a log signs with; its name is the log's origin."""

    name: str
    id: bytes
    public: bytes

    @classmethod
    def read(cls, text: str) -> Self:
        name, key_id, kind, material = _read_key(text)
        if kind != SIGNS or key_id != _key_id(name, kind, material):
            raise Malformed(f"{text!r} is no Ed25519 key of a log; write NAME+HASH+KEY, as the log publishes it.")
        return cls(name, key_id, material)

    def made(self, signature: bytes, text: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class WitnessKey:
    """Our own key; `private_text` is what the key file holds."""

    name: str
    seed: bytes

    @classmethod
    def make(cls, name: str) -> Self:
        if not NAME.fullmatch(name):
            raise Malformed(f"{name!r} is no name of a key; write one without spaces and +, such as host/witness.")
        return cls(name, Ed25519PrivateKey.generate().private_bytes_raw())

    @classmethod
    def read(cls, private_text: str) -> Self:
        if not private_text.startswith(PRIVATE):
            raise Malformed(f"The key file does not begin with {PRIVATE}; put back the file that the witness made.")
        name, key_id, kind, seed = _read_key(private_text.removeprefix(PRIVATE))
        key = cls(name, seed)
        if kind != COSIGNS or key_id != key.id:
            raise Malformed("The key file was changed; put back the file that the witness made.")
        return key

    @property
    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)

    @property
    def public(self) -> bytes:
        return self._private.public_key().public_bytes_raw()

    @property
    def id(self) -> bytes:
        return _key_id(self.name, COSIGNS, self.public)

    @property
    def vkey(self) -> str:
        return f"{self.name}+{self.id.hex()}+{_base64(bytes([COSIGNS]) + self.public)}"

    @property
    def private_text(self) -> str:
        return f"{PRIVATE}{self.name}+{self.id.hex()}+{_base64(bytes([COSIGNS]) + self.seed)}"

    def cosign(self, text: bytes, *, at: int) -> str:
        """The signature line over this text at this second."""
        signature = self._private.sign(b"cosignature/v1\ntime %d\n" % at + text)
        return f"{DASH}{self.name} {_base64(self.id + at.to_bytes(8, 'big') + signature)}\n"


@dataclass(frozen=True, slots=True)
class Signature:
    name: str
    key_id: bytes
    bytes: bytes


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A log's head as it was sent; nothing in it is to be believed before `signed_by`."""

    text: bytes
    origin: str
    size: int
    root: bytes
    signatures: tuple[Signature, ...]

    @classmethod
    def read(cls, note: str) -> Self:
        if any(sign < " " and sign != "\n" for sign in note):
            raise Malformed("The checkpoint holds control characters.")
        text, divider, below = note.rpartition("\n\n")
        if not divider or not below.endswith("\n"):
            raise Malformed("The checkpoint is no signed note: a text, an empty line and signature lines.")
        lines = below[:-1].split("\n")
        if len(lines) > MAX_SIGNATURES:
            raise Malformed(f"The checkpoint has more than {MAX_SIGNATURES} signatures.")
        head = text.split("\n")
        if len(head) < 3 or not all(head) or not NUMBER.fullmatch(head[1]) or len(root := _bytes(head[2])) != 32:
            raise Malformed("The checkpoint is not an origin, a size and a root hash, each in its line.")
        if int(head[1]) >= 2**63:
            raise Malformed("The checkpoint's size is larger than any log.")
        signatures = tuple(_signature(line) for line in lines)
        return cls((text + "\n").encode(), head[0], int(head[1]), root, signatures)

    def signed_by(self, keys: Iterable[LogKey]) -> bool:
        """At least one of these keys signed it, and no signature in the name of one of them is false."""
        known = {(key.name, key.id): key for key in keys}
        verdicts = [
            known[made.name, made.key_id].made(made.bytes, self.text)
            for made in self.signatures
            if (made.name, made.key_id) in known
        ]
        return bool(verdicts) and all(verdicts)


def read_hash(line: str) -> bytes:
    value = _bytes(line)
    if len(value) != 32:
        raise Malformed("A line of the proof is no SHA-256 hash in base64.")
    return value


def _signature(line: str) -> Signature:
    name, _, encoded = line.removeprefix(DASH).partition(" ")
    value = _bytes(encoded)
    if not line.startswith(DASH) or not NAME.fullmatch(name) or len(value) < 5:
        raise Malformed("A signature line of the checkpoint is not a dash, a name and a signature in base64.")
    return Signature(name, value[:4], value[4:])


def _read_key(text: str) -> tuple[str, bytes, int, bytes]:
    found = KEY.fullmatch(text.strip())
    value = _bytes(found[3]) if found else b""
    if not found or len(value) != 33:
        raise Malformed(f"{text[:200]!r} is no Ed25519 note key; write NAME+HASH+KEY.")
    return found[1], bytes.fromhex(found[2]), value[0], value[1:]


def _key_id(name: str, kind: int, public: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:4]


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _bytes(text: str) -> bytes:
    """Standard base64 in its one canonical spelling."""
    try:
        value = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as fault:
        raise Malformed("Something that should be base64 is not.") from fault
    if _base64(value) != text:
        raise Malformed("Something that should be base64 is not in its canonical spelling.")
    return value
