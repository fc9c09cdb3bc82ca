"""Signing at home: an EC P-256 key pair, and one OpenSSF Model Signing bundle (model.sig) over a package's files."""

import base64
import json
import logging
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

SIGNATURE = "model.sig"


class NotSigned(Exception):
    """The signature does not stand for these files; the text is one sentence that says why."""


@dataclass(frozen=True, slots=True)
class KeyPair:
    """Where the two halves lie. The private one never leaves this machine."""

    private: Path
    public: Path

    @property
    def public_pem(self) -> str:
        return self.public.read_text(encoding="ascii")


def make_key(folder: Path, *, name: str) -> KeyPair:
    """A new key pair as NAME.pem (only its owner may read it) and NAME.pub. An existing one is never overwritten."""
    folder.mkdir(parents=True, exist_ok=True)
    pair = KeyPair(private=folder / f"{name}.pem", public=folder / f"{name}.pub")
    key = ec.generate_private_key(ec.SECP256R1())
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pair.private.touch(mode=0o600, exist_ok=False)
    pair.private.write_bytes(secret)
    pair.public.write_bytes(
        key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    return pair


def sign_package(folder: Path, *, private_key: Path) -> Path:
    """Write model.sig over every other file of the folder, with its contents as they are now."""
    from model_signing import hashing, signing  # noqa: PLC0415  two seconds that only signing should cost

    signature = folder / SIGNATURE
    what = hashing.Config().set_ignored_paths(paths=[SIGNATURE], ignore_git_paths=False)
    with tempfile.TemporaryDirectory() as aside:
        made = Path(aside) / SIGNATURE
        signing.Config().set_hashing_config(what).use_elliptic_key_signer(private_key=private_key).sign(folder, made)
        signature.write_bytes(made.read_bytes())
    return signature


def verify_package(folder: Path, *, public_key: Path) -> None:
    """Raise NotSigned unless model.sig was made with this key and covers every file of the folder as it is."""
    from model_signing import verifying  # noqa: PLC0415  two seconds that only signing should cost

    signature = folder / SIGNATURE
    if not signature.is_file():
        raise NotSigned(f"{folder} holds no {SIGNATURE}; sign it first.")
    try:
        verifying.Config().use_elliptic_key_verifier(public_key=public_key).verify(folder, signature)
        left_out = _left_out(signature)
    except Exception as fault:
        # The library lets many kinds of error through; for us each of them means one thing.
        logging.getLogger(__name__).debug("verification failed", exc_info=True)
        raise NotSigned(f"{signature} does not stand for these files: {fault}") from fault
    if left_out:
        raise NotSigned(f"{signature} leaves out {', '.join(sorted(left_out))}; sign the whole folder.")


def _left_out(signature: Path) -> set[str]:
    """The names that the signature itself says it does not cover, beyond its own."""
    envelope = json.loads(signature.read_bytes())["dsseEnvelope"]
    statement = json.loads(base64.b64decode(envelope["payload"]))
    ignored = statement["predicate"]["serialization"].get("ignore_paths", ())
    return {Path(name).name for name in ignored} - {SIGNATURE}
