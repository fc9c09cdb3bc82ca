"""model.sig of a composed model (OpenSSF Model Signing): does it speak of all these files, and by which key?"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from client.verify.envelopes import STATEMENT, opened
from client.verify.notes import KEY
from client.verify.strict import NotVerified, field, from_base64, read_file, read_json, shown

SIGNATURE = "model.sig"
SIGNED = "https://model_signing/signature/v1.0"
ECDSA = 2
MAX_SIGNATURE = 4 * 2**20
PIECE = 2**20


@dataclass(frozen=True, slots=True)
class ModelKey:
    """A public key that signs models: P-256, written as a "vkey" of kind 2."""

    name: str
    public: ec.EllipticCurvePublicKey
    vkey: str

    @classmethod
    def read(cls, vkey: str) -> Self:
        found = KEY.fullmatch(vkey.strip())
        value = from_base64(found[3], "The key's last part") if found else b""
        if not found or value[:1] != bytes([ECDSA]):
            raise NotVerified(f"{shown(vkey)} is no key that signs models.")
        if hashlib.sha256(found[1].encode() + b"\n" + value).hexdigest()[:8] != found[2]:
            raise NotVerified(f"The hash in {shown(vkey)} is not that of its key.")
        try:
            public = load_der_public_key(value[1:])
        except (ValueError, UnsupportedAlgorithm) as fault:
            raise NotVerified(f"{shown(vkey)} holds no key that could be read.") from fault
        if not isinstance(public, ec.EllipticCurvePublicKey) or public.curve.name != "secp256r1":
            raise NotVerified(f"{shown(vkey)} is no key of the curve P-256.")
        return cls(found[1], public, found[0])

    @property
    def hint(self) -> str:
        """How a bundle names its key."""
        pem = self.public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return hashlib.sha256(pem).hexdigest()

    def made(self, signature: bytes, text: bytes) -> bool:
        try:
            self.public.verify(signature, text, ec.ECDSA(SHA256()))
        except InvalidSignature:
            return False
        return True


def check_signature(folder: Path, files: Iterable[str], keys: Iterable[ModelKey]) -> ModelKey:
    """The key that signed each of these files, as they lie in the folder, and no others; NotVerified if none did."""
    bundle = read_json(read_file(folder / SIGNATURE, limit=MAX_SIGNATURE), SIGNATURE)
    material = field(bundle, "verificationMaterial", dict, SIGNATURE)
    hint = field(field(material, "publicKey", dict, SIGNATURE), "hint", str, SIGNATURE)
    key = next((one for one in keys if one.hint == hint), None)
    if key is None:
        raise NotVerified(f"{SIGNATURE} is by a key that the log does not name ({shown(hint)}).")
    payload = opened(field(bundle, "dsseEnvelope", dict, SIGNATURE), key, SIGNATURE)
    signed = _signed(payload)
    for path in sorted({*files} - {SIGNATURE}):
        if path not in signed:
            raise NotVerified(f"{SIGNATURE} does not speak of {path}.")
        if signed.pop(path) != _digest(folder / path):
            raise NotVerified(f"{path} is not the file that {SIGNATURE} speaks of.")
    if signed:
        raise NotVerified(f"{SIGNATURE} speaks of {shown(min(signed))}, which is not there.")
    return key


def _signed(payload: bytes) -> dict[str, str]:
    statement = read_json(payload, SIGNATURE)
    if statement.get("_type") != STATEMENT or statement.get("predicateType") != SIGNED:
        raise NotVerified(f"{SIGNATURE} is signed, but it is no signature over a model.")
    found: dict[str, str] = {}
    for item in field(field(statement, "predicate", dict, SIGNATURE), "resources", list, SIGNATURE):
        if not isinstance(item, dict) or item.get("algorithm") != "sha256":
            raise NotVerified(f"{SIGNATURE} lists a file without its SHA-256.")
        found[field(item, "name", str, SIGNATURE)] = field(item, "digest", str, SIGNATURE)
    return found


def _digest(file: Path) -> str:
    found = hashlib.sha256()
    with file.open("rb") as opened_file:
        while piece := opened_file.read(PIECE):
            found.update(piece)
    return found.hexdigest()
