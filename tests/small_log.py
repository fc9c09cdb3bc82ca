"""A transparency log as plain as the specifications' own words (RFC 6962, C2SP tlog-tiles, signed-note, tlog-proof).

The tests' judge: it shares no code with the service, the client or the witness, and computes every tree anew.
"""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ORIGIN = "log.example/test"
DASH = "\N{EM DASH} "
SIGN, COSIGN = 1, 4
COSIGNED_AT = 1_795_000_000


def leaf_hash(entry: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + entry).digest()


def tree_hash(hashes: Sequence[bytes]) -> bytes:
    """MTH, RFC 6962, 2.1."""
    if len(hashes) < 2:
        return hashes[0] if hashes else hashlib.sha256().digest()
    half = _half(len(hashes))
    return hashlib.sha256(b"\x01" + tree_hash(hashes[:half]) + tree_hash(hashes[half:])).digest()


def audit_path(index: int, hashes: Sequence[bytes]) -> list[bytes]:
    """PATH, RFC 6962, 2.1.1."""
    if len(hashes) == 1:
        return []
    half = _half(len(hashes))
    if index < half:
        return [*audit_path(index, hashes[:half]), tree_hash(hashes[half:])]
    return [*audit_path(index - half, hashes[half:]), tree_hash(hashes[:half])]


def growth_proof(old: int, hashes: Sequence[bytes], *, whole: bool = True) -> list[bytes]:
    """PROOF and SUBPROOF, RFC 6962, 2.1.2."""
    if old == len(hashes):
        return [] if whole else [tree_hash(hashes)]
    half = _half(len(hashes))
    if old <= half:
        return [*growth_proof(old, hashes[:half], whole=whole), tree_hash(hashes[half:])]
    return [*growth_proof(old - half, hashes[half:], whole=False), tree_hash(hashes[:half])]


def _half(number: int) -> int:
    return 1 << (number - 1).bit_length() - 1


def b64(value: bytes) -> str:
    return base64.b64encode(value).decode()


@dataclass(frozen=True)
class Signer:
    """An Ed25519 note key: of a log, or (COSIGN) of a witness."""

    name: str = ORIGIN
    seed: bytes = bytes(32)
    kind: int = SIGN

    @cached_property
    def private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)

    @property
    def public(self) -> bytes:
        return self.private.public_key().public_bytes_raw()

    @property
    def id(self) -> bytes:
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:4]

    @property
    def vkey(self) -> str:
        return "+".join([self.name, self.id.hex(), b64(bytes([self.kind]) + self.public)])

    def line(self, text: str) -> str:
        if self.kind == SIGN:
            made = self.private.sign(text.encode())
        else:
            timed = f"cosignature/v1\ntime {COSIGNED_AT}\n{text}"
            made = COSIGNED_AT.to_bytes(8, "big") + self.private.sign(timed.encode())
        return f"{DASH}{self.name} {b64(self.id + made)}\n"


@dataclass
class SmallLog:
    """Entries, and everything that is published about them."""

    entries: list[bytes] = field(default_factory=list)
    signer: Signer = field(default_factory=Signer)

    @classmethod
    def of(cls, size: int, *, word: str = "entry", signer: Signer | None = None) -> "SmallLog":
        return cls([f"{word} {number}".encode() for number in range(size)], signer or Signer())

    def hashes(self, size: int | None = None) -> list[bytes]:
        return [leaf_hash(entry) for entry in self.entries[:size]]

    def root(self, size: int | None = None) -> bytes:
        return tree_hash(self.hashes(size))

    def head(self, size: int | None = None, *, origin: str | None = None) -> str:
        """The unsigned text of a checkpoint."""
        size = len(self.entries) if size is None else size
        return f"{origin or self.signer.name}\n{size}\n{b64(self.root(size))}\n"

    def checkpoint(self, size: int | None = None, *, signers: Sequence[Signer] = (), more: str = "") -> str:
        text = self.head(size)
        return text + "\n" + "".join(signer.line(text) for signer in signers or [self.signer]) + more

    def growth(self, old: int, size: int | None = None) -> list[bytes]:
        return growth_proof(old, self.hashes(size)) if old else []

    def proof(self, index: int, size: int | None = None, *, checkpoint: str | None = None) -> str:
        """The text of a tlog-proof."""
        path = "".join(b64(step) + "\n" for step in audit_path(index, self.hashes(size)))
        return f"c2sp.org/tlog-proof@v1\nindex {index}\n{path}\n{checkpoint or self.checkpoint(size)}"

    def submission(self, old: int, size: int | None = None) -> bytes:
        """The body of an add-checkpoint request."""
        proof = "".join(b64(step) + "\n" for step in self.growth(old, size))
        return f"old {old}\n{proof}\n{self.checkpoint(size)}".encode()

    def write(self, folder: Path, size: int | None = None, *, more: str = "") -> Path:
        """The log as a folder of static files: checkpoint, tiles, entry bundles."""
        size = len(self.entries) if size is None else size
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "checkpoint").write_text(self.checkpoint(size, more=more), encoding="utf-8")
        level, hashes = 0, self.hashes(size)
        for start in range(0, size, 256):
            bundle = b"".join(len(one).to_bytes(2, "big") + one for one in self.entries[start : min(start + 256, size)])
            _put(folder / "tile/entries" / tile_path(start // 256, min(256, size - start)), bundle)
        while hashes:
            for start in range(0, len(hashes), 256):
                tile = hashes[start : start + 256]
                _put(folder / f"tile/{level}" / tile_path(start // 256, len(tile)), b"".join(tile))
            full = len(hashes) // 256
            level, hashes = level + 1, [tree_hash(hashes[n * 256 : n * 256 + 256]) for n in range(full)]
        return folder


def tile_path(number: int, width: int) -> str:
    parts = [f"{number % 1000:03d}"]
    while number := number // 1000:
        parts.insert(0, f"x{number % 1000:03d}")
    return "/".join(parts) + (f".p/{width}" if width < 256 else "")


def _put(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
