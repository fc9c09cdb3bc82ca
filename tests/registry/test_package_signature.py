"""A package's signature: by a registered key, over every file, as the client at home makes it."""

from pathlib import Path

import pytest

from client.signing import KeyPair, make_key, sign_package
from flexcore.weights import sha256
from registry.evidence.signatures import BadSignature, KnownKey, verify_package


@pytest.fixture
def package(tmp_path: Path) -> Path:
    folder = tmp_path / "package"
    folder.mkdir()
    for name in ("expert.safetensors", "router.safetensors", "expert.json", "data-card.json"):
        (folder / name).write_bytes(name.encode() * 100)
    return folder


@pytest.fixture
def pair(tmp_path: Path) -> KeyPair:
    return make_key(tmp_path / "keys", name="ada")


def known(pair: KeyPair, name: str = "ada") -> KnownKey:
    return KnownKey(fingerprint=name, pem=pair.public_pem)


def _verified(package: Path, keys: list[KnownKey]) -> str:
    files = {path.name: path.read_bytes() for path in package.iterdir()}
    signature = files.pop("model.sig", None)
    return verify_package(signature, {name: sha256(data) for name, data in files.items()}, keys)


def test_the_key_that_signed_is_named(package: Path, pair: KeyPair, tmp_path: Path) -> None:
    stranger = make_key(tmp_path / "keys", name="cy")
    sign_package(package, private_key=pair.private)

    assert _verified(package, [known(stranger, "cy"), known(pair)]) == "ada"


def test_an_unsigned_package_is_refused(package: Path, pair: KeyPair) -> None:
    with pytest.raises(BadSignature, match="guildhall sign"):
        _verified(package, [known(pair)])


def test_a_key_nobody_registered_is_refused(package: Path, pair: KeyPair, tmp_path: Path) -> None:
    stranger = make_key(tmp_path / "keys", name="cy")
    sign_package(package, private_key=stranger.private)

    with pytest.raises(BadSignature, match="does not belong"):
        _verified(package, [known(pair)])


@pytest.mark.parametrize("name", ["expert.safetensors", "expert.json"])
def test_one_changed_byte_is_refused(package: Path, pair: KeyPair, name: str) -> None:
    sign_package(package, private_key=pair.private)
    data = bytearray((package / name).read_bytes())
    data[7] ^= 1
    (package / name).write_bytes(data)

    with pytest.raises(BadSignature, match="does not belong"):
        _verified(package, [known(pair)])


def test_a_file_slipped_in_afterwards_is_refused(package: Path, pair: KeyPair) -> None:
    sign_package(package, private_key=pair.private)
    (package / "more.json").write_text("{}")

    with pytest.raises(BadSignature, match="does not belong"):
        _verified(package, [known(pair)])


@pytest.mark.parametrize("junk", [b"", b"{}", b"\x00\xff", b'{"dsseEnvelope": 7}', b"[" * 10_000])
def test_a_signature_that_is_none_is_refused(package: Path, pair: KeyPair, junk: bytes) -> None:
    (package / "model.sig").write_bytes(junk)

    with pytest.raises(BadSignature, match="does not belong"):
        _verified(package, [known(pair)])


def test_a_signature_that_says_it_leaves_a_file_out_is_refused(package: Path, pair: KeyPair) -> None:
    from model_signing import hashing, signing

    signature = package / "model.sig"
    what = hashing.Config().set_ignored_paths(paths=[signature, package / "expert.json"], ignore_git_paths=False)
    signing.Config().set_hashing_config(what).use_elliptic_key_signer(private_key=pair.private).sign(package, signature)

    with pytest.raises(BadSignature, match="does not belong"):
        _verified(package, [known(pair)])


def test_a_signature_over_shards_of_the_files_is_refused(package: Path, pair: KeyPair) -> None:
    from model_signing import hashing, signing

    signature = package / "model.sig"
    what = hashing.Config().use_shard_serialization(shard_size=100).set_ignored_paths(paths=[signature])
    signing.Config().set_hashing_config(what).use_elliptic_key_signer(private_key=pair.private).sign(package, signature)

    with pytest.raises(BadSignature, match="does not belong"):
        _verified(package, [known(pair)])
