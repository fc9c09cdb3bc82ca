"""Signatures over models, made by the public tool of OpenSSF Model Signing, or by hand as its pages say."""

import base64
import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

NAME = "log.example/models"


@cache
def key(number: int = 7) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(number, ec.SECP256R1())


def vkey(number: int = 7) -> str:
    """As the log writes it: a signed-note key of kind 2."""
    public = b"\x02" + key(number).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    key_id = hashlib.sha256(NAME.encode() + b"\n" + public).hexdigest()[:8]
    return f"{NAME}+{key_id}+{base64.b64encode(public).decode()}"


def public_pem(number: int = 7) -> bytes:
    return key(number).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def sign_with_the_public_tool(model: Path, *, number: int = 7) -> None:
    from model_signing import hashing, signing

    pem = model.parent / "key.pem"
    pem.write_bytes(key(number).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    what = hashing.Config().set_ignored_paths(paths=["model.sig", ".cache"])
    made = model.parent / "model.sig"
    signing.Config().set_hashing_config(what).use_elliptic_key_signer(private_key=pem).sign(model, made)
    made.replace(model / "model.sig")


def signed_by_hand(files: Mapping[str, bytes], *, number: int = 7, **changes: object) -> tuple[str, bytes]:
    """The vkey and the bundle; `changes` go into the statement."""
    resources = [
        {"name": name, "algorithm": "sha256", "digest": hashlib.sha256(data).hexdigest()}
        for name, data in files.items()
    ]
    statement = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "model", "digest": {"sha256": "0" * 64}}],
        "predicateType": "https://model_signing/signature/v1.0",
        "predicate": {"serialization": {"method": "files"}, "resources": resources},
    }
    payload, kind = json.dumps(statement | changes).encode(), b"application/vnd.in-toto+json"
    text = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
    signature = key(number).sign(text, ec.ECDSA(SHA256(), deterministic_signing=True))
    bundle = {
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {
            "publicKey": {"hint": hashlib.sha256(public_pem(number)).hexdigest()},
            "tlogEntries": [],
        },
        "dsseEnvelope": {
            "payloadType": kind.decode(),
            "payload": base64.b64encode(payload).decode(),
            "signatures": [{"sig": base64.b64encode(signature).decode(), "keyid": ""}],
        },
    }
    return vkey(number), json.dumps(bundle).encode()
