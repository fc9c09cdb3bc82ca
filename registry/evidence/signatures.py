"""Is a package signed by a key its organisation registered? OpenSSF Model Signing, checked offline. Used by workers."""

import base64
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SIGNATURE = "model.sig"


class BadSignature(Exception):
    """The package is unsigned, changed since it was signed, or signed with a key we do not know."""


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A public key as it was registered."""

    fingerprint: str
    pem: str


def verify_package(folder: Path, keys: Sequence[KnownKey]) -> str:
    """The fingerprint of the key that signed every file of the folder but the signature itself."""
    # Loaded here: the library is heavy, and only a worker that verifies needs it.
    from model_signing import hashing, verifying  # noqa: PLC0415

    signature = folder / SIGNATURE
    if not signature.is_file():
        raise BadSignature(f"The package has no {SIGNATURE}; sign it with `guildhall sign` and bring it again.")
    if not keys:
        raise BadSignature("Your organisation has no signing key registered; register one and bring the package again.")
    for key in keys:
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
            file.write(key.pem)
            file.flush()
            try:
                (
                    verifying.Config()
                    .use_elliptic_key_verifier(public_key=Path(file.name))
                    .set_hashing_config(hashing.Config().set_ignored_paths(paths=[signature], ignore_git_paths=False))
                    .verify(folder, signature)
                )
                signed = _signed_names(signature)
            except Exception:  # noqa: S112  hostile input: whatever the library says, this key did not sign it
                continue
        if signed == {path.name for path in folder.iterdir()} - {SIGNATURE}:
            return key.fingerprint
    raise BadSignature(
        "The signature does not belong to these files and any key your organisation has registered; sign the package "
        "again with a registered key."
    )


def _signed_names(signature: Path) -> set[str]:
    """The files that the (now trusted) statement speaks of: a signature may itself ask to leave some out, unsigned."""
    statement = json.loads(base64.b64decode(json.loads(signature.read_bytes())["dsseEnvelope"]["payload"]))
    return {resource["name"] for resource in statement["predicate"]["resources"]}
