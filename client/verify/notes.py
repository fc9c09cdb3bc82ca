"""Signed notes, checkpoints, cosignatures and proofs as text (C2SP signed-note, tlog-checkpoint, tlog-cosignature,
tlog-proof). What is not written exactly as the specifications say is refused.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from client.verify.merkle import includes, leaf_hash
from client.verify.strict import NUMBER, NotVerified, from_base64, shown

SIGNS, COSIGNS = 1, 4
DASH = "\N{EM DASH} "
MAX_NOTE = 128 * 1024
MAX_SIGNATURES = 64
MAX_PATH = 63
NAME = re.compile(r"[^\s+\x00-\x1f]{1,200}")
KEY = re.compile(r"([^\s+]{1,200})\+([0-9a-f]{8})\+([A-Za-z0-9+/=]{1,200})")
PROOF = "c2sp.org/tlog-proof@v1"


@dataclass(frozen=True, slots=True)
class Key:
    """A public key as a "vkey": of a log or a signer of statements (kind 1), or of a witness (kind 4)."""

    name: str
    id: bytes
    kind: int
    public: bytes
    vkey: str

    @classmethod
    def read(cls, vkey: str) -> Self:
        found = KEY.fullmatch(vkey.strip())
        value = from_base64(found[3], "The key's last part") if found else b""
        if not found or len(value) != 33 or value[0] not in {SIGNS, COSIGNS}:
            raise NotVerified(f"{shown(vkey)} is no Ed25519 key; write NAME+HASH+KEY, as it was published.")
        key_id = hashlib.sha256(found[1].encode() + b"\n" + value).digest()[:4]
        if key_id.hex() != found[2]:
            raise NotVerified(f"The hash in {shown(vkey)} is not that of its key; copy the key again.")
        return cls(found[1], key_id, value[0], value[1:], found[0])

    def made(self, signature: bytes, text: bytes) -> bool:
        """A plain signature; for a witness, a time and then a signature over that time and the text."""
        if self.kind == COSIGNS:
            at = int.from_bytes(signature[:8], "big")
            signature, text = signature[8:], b"cosignature/v1\ntime %d\n" % at + text
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class Signature:
    name: str
    key_id: bytes
    bytes: bytes


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A log's head; nothing in it is to be believed before `signers` or `require` has found a key that is trusted."""

    note: str
    text: bytes
    origin: str
    size: int
    root: bytes
    signatures: tuple[Signature, ...]

    @classmethod
    def read(cls, note: str, label: str = "The checkpoint") -> Self:
        if len(note) > MAX_NOTE or any(sign < " " and sign != "\n" for sign in note):
            raise NotVerified(f"{label} is too large or holds control characters.")
        text, divider, below = note.rpartition("\n\n")
        lines = below.removesuffix("\n").split("\n")
        if not divider or not below.endswith("\n") or len(lines) > MAX_SIGNATURES:
            raise NotVerified(f"{label} is no signed note: a text, an empty line, and signature lines.")
        head = text.split("\n")
        if len(head) < 3 or not all(head) or not NUMBER.fullmatch(head[1]) or int(head[1]) >= 2**63:
            raise NotVerified(f"{label} is not an origin, a size and a root hash, each in its line.")
        root = read_hash(head[2], f"{label}: its root")
        signatures = tuple(_signature(line, label) for line in lines)
        return cls(note, (text + "\n").encode(), head[0], int(head[1]), root, signatures)

    def signers(self, keys: Iterable[Key]) -> tuple[Key, ...]:
        """Those of `keys` that signed. A signature in the name of one of them that is false spoils the note."""
        known = {(key.name, key.id): key for key in keys}
        found = []
        for made in self.signatures:
            key = known.get((made.name, made.key_id))
            if key and not key.made(made.bytes, self.text):
                raise NotVerified(f"The checkpoint of size {self.size} has a false signature of {shown(key.name)}.")
            if key:
                found.append(key)
        return tuple(found)

    def require(self, witnesses: Iterable[Key]) -> None:
        """Every one of these witnesses has cosigned."""
        wanted = tuple(witnesses)
        missing = set(wanted) - set(self.signers(wanted))
        for key in missing:
            raise NotVerified(f"The checkpoint of size {self.size} is not cosigned by the witness {shown(key.name)}.")


@dataclass(frozen=True, slots=True)
class Proof:
    """That an entry is in a log, with the checkpoint it is in: only as good as that checkpoint's signatures."""

    index: int
    path: tuple[bytes, ...]
    checkpoint: Checkpoint
    label: str

    @classmethod
    def read(cls, text: str, label: str) -> Self:
        if len(text) > MAX_NOTE:
            raise NotVerified(f"{label} is larger than a proof can be.")
        above, _, note = text.partition("\n\n")
        lines = above.split("\n")
        if lines[0] != PROOF:
            raise NotVerified(f"{label} does not begin with {PROOF}.")
        rest = lines[2:] if lines[1:] and lines[1].startswith("extra ") else lines[1:]
        index = rest[0].removeprefix("index ") if rest else ""
        if not rest or not rest[0].startswith("index ") or not NUMBER.fullmatch(index) or len(rest) > MAX_PATH + 1:
            raise NotVerified(f"{label} has no index and path that could be read.")
        path = tuple(read_hash(line, f"{label}: a step of its path") for line in rest[1:])
        return cls(int(index), path, Checkpoint.read(note, f"{label}: its checkpoint"), label)

    def require(self, leaf: bytes) -> None:
        """The bytes `leaf` are the entry that this proof is about."""
        head = self.checkpoint
        if not includes(head.size, head.root, self.index, leaf_hash(leaf), self.path):
            raise NotVerified(f"{self.label} does not prove entry {self.index} with these bytes to be in the log.")


def read_hash(text: str, label: str) -> bytes:
    value = from_base64(text, label)
    if len(value) != 32:
        raise NotVerified(f"{label} is no SHA-256 hash.")
    return value


def _signature(line: str, label: str) -> Signature:
    name, _, encoded = line.removeprefix(DASH).partition(" ")
    if not line.startswith(DASH) or not NAME.fullmatch(name):
        raise NotVerified(f"{label} has a signature line that is not a dash, a name and base64.")
    value = from_base64(encoded, f"{label}: a signature")
    if len(value) < 5:
        raise NotVerified(f"{label} has a signature that is too short.")
    return Signature(name, value[:4], value[4:])
