"""The key that signs composed models: ECDSA over P-256, since that is what verifiers of OpenSSF Model Signing read.

It is written as the log's keys are (C2SP signed-note, kind 2), and given to those verifiers as PEM. The same bytes get
the same signature (RFC 6979). Pure.
"""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from registry.audit.notes import NAME, PREFIX, Unreadable

ECDSA = b"\x02"
SCALAR = 32
KEY = re.compile(r"([^\s+]{1,200})\+([0-9a-f]{8})\+([A-Za-z0-9+/=]{1,300})")


@dataclass(frozen=True, slots=True)
class ModelKey:
    """A private key under a name. Its text is a secret."""

    name: str
    scalar: bytes

    @property
    def vkey(self) -> str:
        return _written(self.name, ECDSA + self._public(), over=self._public())

    @property
    def public_pem(self) -> str:
        return _pem(self._key().public_key())

    @property
    def hint(self) -> str:
        """How a bundle names its key."""
        return hashlib.sha256(self.public_pem.encode()).hexdigest()

    @property
    def text(self) -> str:
        return PREFIX + _written(self.name, ECDSA + self.scalar, over=self._public())

    def sign(self, message: bytes) -> bytes:
        return self._key().sign(message, ec.ECDSA(SHA256(), deterministic_signing=True))

    def _key(self) -> ec.EllipticCurvePrivateKey:
        return ec.derive_private_key(int.from_bytes(self.scalar), ec.SECP256R1())

    def _public(self) -> bytes:
        return self._key().public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def make_model_key(name: str) -> ModelKey:
    if not NAME.fullmatch(name):
        raise Unreadable(f'"{name[:60]}" is no name of a key; it holds neither spaces nor plus signs.')
    number = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
    return ModelKey(name, number.to_bytes(SCALAR))


def read_model_key(text: str) -> ModelKey:
    """`PRIVATE+KEY+name+hash+base64`; the text itself is not repeated in the fault."""
    found = KEY.fullmatch(text.strip().removeprefix(PREFIX)) if text.startswith(PREFIX) else None
    data = _data(found)
    if found is None or data[:1] != ECDSA or len(data) != 1 + SCALAR:
        raise Unreadable(
            "A key for models is written PRIVATE+KEY+name+hash+base64; `make_note_key --models` makes one."
        )
    key = ModelKey(found[1], data[1:])
    try:
        intact = key.text == text.strip()
    except ValueError:  # a number that is no key of this curve
        intact = False
    if not intact:
        raise Unreadable(f"The private key of {found[1]} does not have the hash that stands in it; copy it whole.")
    return key


def pem_of(vkey: str) -> str | None:
    """A public key for models as its verifiers read it; None for a key of another kind."""
    data = _data(KEY.fullmatch(vkey))
    if data[:1] != ECDSA:
        return None
    public = load_der_public_key(data[1:])
    if not isinstance(public, ec.EllipticCurvePublicKey):
        raise Unreadable(f"{vkey[:80]} is no key of an elliptic curve.")
    return _pem(public)


def _data(found: re.Match[str] | None) -> bytes:
    try:
        return base64.b64decode(found[3], validate=True) if found else b""
    except binascii.Error:
        return b""


def _pem(public: ec.EllipticCurvePublicKey) -> str:
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def _written(name: str, data: bytes, *, over: bytes) -> str:
    key_id = hashlib.sha256(name.encode() + b"\n" + ECDSA + over).digest()[:4]
    return f"{name}+{key_id.hex()}+{base64.b64encode(data).decode()}"
