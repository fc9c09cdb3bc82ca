"""What a name, an e-mail address and a signing key may look like."""

import re

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from registry.accounts.models import SLUG
from registry.digests import sha256
from registry.errors import Invalid

# Names of ours in addresses, which a namespace of that name would hide.
RESERVED = {"api", "assets", "static", "log", "admin", "models", "experts", "organisations", "healthz"} | {
    "status",
    "feed",
    "administration",
    "auth",
    "join",
}
MAX_KEY_CHARACTERS = 2000


def check_slug(slug: str, *, what: str) -> str:
    if not re.fullmatch(SLUG, slug):
        raise Invalid(
            f"{what} must have 1 to 40 of the signs a-z, 0-9 and -, and begin and end with a letter or a digit."
        )
    return slug


def check_organisation_slug(slug: str) -> str:
    if slug in RESERVED:
        raise Invalid(f"{slug} is a word of our own addresses; choose another slug.")
    return check_slug(slug, what="The slug")


def check_jurisdiction(code: str) -> str:
    if code and not re.fullmatch(r"[A-Z]{2}(-[A-Z0-9]{1,3})?", code):
        raise Invalid("The jurisdiction must be an ISO 3166 code such as DE or US-CA.")
    return code


def read_public_key(pem: str) -> tuple[str, str]:
    """An EC P-256 public key: its PEM as we store it, and its fingerprint."""
    fault = Invalid("The public key must be one EC P-256 key in PEM form (BEGIN PUBLIC KEY).")
    if len(pem) > MAX_KEY_CHARACTERS:
        raise fault
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise fault from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise fault
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(), sha256(der)
