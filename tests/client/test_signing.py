"""Signing at home: model.sig stands for every file of the folder, and for no other bytes."""

import stat
from pathlib import Path

import pytest
from model_signing import hashing, signing

from client.signing import KeyPair, NotSigned, make_key, sign_package, verify_package


@pytest.fixture
def keys(tmp_path: Path) -> KeyPair:
    return make_key(tmp_path / "keys", name="playhouse")


@pytest.fixture
def package(tmp_path: Path) -> Path:
    folder = tmp_path / "package"
    folder.mkdir()
    (folder / "expert.safetensors").write_bytes(b"weights " * 1000)
    (folder / "expert.json").write_text("{}")
    return folder


def test_a_signed_package_verifies_with_the_public_half(package: Path, keys: KeyPair) -> None:
    signature = sign_package(package, private_key=keys.private)

    verify_package(package, public_key=keys.public)

    assert signature == package / "model.sig"
    assert sorted(path.name for path in package.iterdir()) == ["expert.json", "expert.safetensors", "model.sig"]


def test_signing_again_replaces_the_signature(package: Path, keys: KeyPair) -> None:
    sign_package(package, private_key=keys.private)
    (package / "expert.json").write_text('{"changed": true}')

    sign_package(package, private_key=keys.private)

    verify_package(package, public_key=keys.public)


def test_one_changed_byte_is_noticed(package: Path, keys: KeyPair) -> None:
    sign_package(package, private_key=keys.private)
    (package / "expert.safetensors").write_bytes(b"weightz " + b"weights " * 999)

    with pytest.raises(NotSigned, match=r"expert\.safetensors"):
        verify_package(package, public_key=keys.public)


def test_a_file_that_was_added_is_noticed(package: Path, keys: KeyPair) -> None:
    sign_package(package, private_key=keys.private)
    (package / "run.sh").write_text("#!/bin/sh\n")

    with pytest.raises(NotSigned, match=r"run\.sh"):
        verify_package(package, public_key=keys.public)


def test_another_key_does_not_verify(package: Path, keys: KeyPair, tmp_path: Path) -> None:
    sign_package(package, private_key=keys.private)
    other = make_key(tmp_path / "keys", name="codeworks")

    with pytest.raises(NotSigned):
        verify_package(package, public_key=other.public)


def test_a_signature_that_leaves_the_weights_out_is_none(package: Path, keys: KeyPair) -> None:
    what = hashing.Config().set_ignored_paths(paths=["model.sig", "expert.safetensors"], ignore_git_paths=False)
    signer = signing.Config().set_hashing_config(what).use_elliptic_key_signer(private_key=keys.private)
    signer.sign(package, package / "model.sig")

    with pytest.raises(NotSigned, match=r"leaves out expert\.safetensors"):
        verify_package(package, public_key=keys.public)


def test_a_folder_without_a_signature_is_named(package: Path, keys: KeyPair) -> None:
    with pytest.raises(NotSigned, match=r"holds no model\.sig"):
        verify_package(package, public_key=keys.public)


def test_only_its_owner_can_read_the_private_half(keys: KeyPair) -> None:
    assert stat.S_IMODE(keys.private.stat().st_mode) == 0o600
    assert "BEGIN PUBLIC KEY" in keys.public_pem


def test_a_key_is_never_overwritten(keys: KeyPair) -> None:
    before = keys.private.read_bytes()

    with pytest.raises(FileExistsError):
        make_key(keys.private.parent, name="playhouse")

    assert keys.private.read_bytes() == before
