"""Is a package signed by a key its organisation registered? OpenSSF Model Signing, checked offline. Used by workers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from model_signing import manifest

SIGNATURE = "model.sig"


class BadSignature(Exception):
    """The package is unsigned, changed since it was signed, or signed with a key we do not know."""


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A public key as it was registered."""

    fingerprint: str
    pem: str


def verify_package(signature: bytes | None, digests: Mapping[str, str], keys: Sequence[KnownKey]) -> str:
    """The fingerprint of the key that signed these files, of which nothing is needed but their SHA-256, by name. A
    signature over more files, over fewer, or over digests of another kind is refused.
    """
    if signature is None:
        raise BadSignature(f"The package has no {SIGNATURE}; sign it with `guildhall sign` and bring it again.")
    if not keys:
        raise BadSignature("Your organisation has no signing key registered; register one and bring the package again.")
    found = _signed_with(signature, digests, keys)
    if found is None:
        raise BadSignature(
            "The signature does not belong to these files and any key your organisation has registered; sign the "
            "package again with a registered key."
        )
    return found.fingerprint


def _signed_with(signature: bytes, digests: Mapping[str, str], keys: Sequence[KnownKey]) -> KnownKey | None:
    # Loaded here: the library is heavy, and only a worker that verifies needs it.
    from model_signing import verifying  # noqa: PLC0415

    with TemporaryDirectory() as home:
        signed, pem = Path(home, SIGNATURE), Path(home, "key.pem")
        signed.write_bytes(signature)
        for key in keys:
            pem.write_text(key.pem)
            try:
                (
                    verifying.Config()
                    .use_elliptic_key_verifier(public_key=pem)
                    .set_hashing_config(_TakenBefore(digests))
                    .verify(home, signed)
                )
            except Exception:  # noqa: S112  hostile input: whatever the library says, this key did not sign it
                continue
            return key
    return None


class _TakenBefore:
    """Digests that are known, in the place of the library's hashing, which would read every file to take them."""

    def __init__(self, digests: Mapping[str, str]) -> None:
        self._digests = digests

    def add_ignored_paths(self, **_: object) -> None:
        """A signature may ask to leave files out, unsigned; none is."""

    def hash(self, *_: object, **__: object) -> "manifest.Manifest":
        from model_signing import manifest  # noqa: PLC0415
        from model_signing._hashing.hashing import Digest  # noqa: PLC0415  what a manifest is made of

        by_file = manifest.SerializationType.from_args(
            {"method": "files", "hash_type": "sha256", "allow_symlinks": False}
        )
        items = [
            by_file.new_item(name, Digest("sha256", bytes.fromhex(digest.removeprefix("sha256:"))))
            for name, digest in self._digests.items()
        ]
        return manifest.Manifest("package", items, by_file)
