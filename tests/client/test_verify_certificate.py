"""`guildhall verify certificate`: who signed it, with which key of the log, under which entry; nobody is asked."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.client.certificates import RECEIPT, STATEMENT, bundle, canonical, envelope
from tests.client.models import STATEMENTS
from tests.client.verifying import Verify, verify
from tests.small_log import Signer, b64

__all__ = ["verify"]


def check(verify: Verify, folder: Path, certificate: object) -> Any:
    file = folder / "certificate.json"
    file.write_text(json.dumps(certificate))
    return verify("certificate", file, "--key", Signer().vkey)


def test_a_certificate_verifies_and_tells_its_residuals(verify: Verify, tmp_path: Path) -> None:
    verdict = check(verify, tmp_path, bundle())

    assert verdict.status == 0, verdict.err
    assert "certified by log.example/statements, as the log's entry 3 says" in verdict.out
    assert f"withdrawn: playhouse/drama@1 (sha256:{'ab' * 32})" in verdict.out
    assert "0" * 40 in verdict.out
    assert "organisation: library; state: sent" in verdict.out


def changed(path: tuple[str, ...], change: Callable[[Any], Any]) -> Callable[[], dict[str, Any]]:
    def build() -> dict[str, Any]:
        found = bundle()
        place = found
        for name in path[:-1]:
            place = place[name]
        place[path[-1]] = change(place[path[-1]])
        return found

    return build


OTHER = bundle(facts={"version": "court/law@1"})
LIES: dict[str, tuple[Callable[[], object], str]] = {
    "another statement": (
        changed(("envelope",), lambda _: envelope(canonical(STATEMENT | {"predicate": {"version": "x"}}))),
        "not the one whose digest the log holds",
    ),
    "a changed statement": (
        changed(("envelope", "payload"), lambda _: b64(canonical(STATEMENT | {"predicate": {}}))),
        "is not signed by log.example/statements, or was changed",
    ),
    "signed by a stranger": (
        lambda: bundle(signer=Signer("log.example/statements", seed=b"9" * 32)),
        "is not signed by log.example/statements",
    ),
    "no signature": (changed(("envelope", "signatures"), lambda _: []), "is not signed by"),
    "another payload type": (lambda: bundle(kind="text/plain"), "holds text/plain, not a statement"),
    "another predicate": (lambda: bundle(STATEMENT | {"predicateType": "x"}), "no certificate of a withdrawal"),
    "a key for the log": (
        lambda: bundle(added={"purpose": "log", "vkey": STATEMENTS.vkey}),
        "not the one that the log names",
    ),
    "another key added": (
        lambda: bundle(added={"purpose": "statements", "vkey": Signer().vkey}),
        "not the one that the log names",
    ),
    "a key without its proof": (
        changed(("key", "leaf"), lambda _: b64(b"{}")),
        "The signing key's entry does not prove entry 1",
    ),
    "another entry": (changed(("leaf",), lambda _: OTHER["leaf"]), "does not prove entry 3"),
    "an entry of another kind": (lambda: bundle(event="version.withdrawn"), "not one that certifies a withdrawal"),
    "of another log": (lambda: bundle(log_signer=Signer("other.example/log")), "no key that was given is that log's"),
    "of a thief of the log's name": (lambda: bundle(log_signer=Signer(seed=b"7" * 32)), "not signed by the key that"),
    "nothing": (lambda: {}, "has no key"),
    "a list": (lambda: [1], "holds no JSON object"),
    "no base64": (changed(("leaf",), lambda _: "%%%"), "is not in base64"),
    "a proof of nothing": (changed(("proof",), lambda _: "x"), "does not begin with"),
}


@pytest.mark.parametrize("what", LIES)
def test_a_certificate_that_lies_is_refused(verify: Verify, tmp_path: Path, what: str) -> None:
    lie, sentence = LIES[what]

    verdict = check(verify, tmp_path, lie())

    assert verdict.status == 1
    assert sentence in verdict.err
    assert verdict.err.count("\n") == 1


def test_the_signers_key_must_stand_in_the_same_log(verify: Verify, tmp_path: Path) -> None:
    other = Signer("other.example/log")
    elsewhere = bundle() | {"key": bundle(log_signer=other)["key"]}
    file = tmp_path / "certificate.json"
    file.write_text(json.dumps(elsewhere))

    verdict = verify("certificate", file, "--key", Signer().vkey, "--key", other.vkey)

    assert "stands in one log and its signer's key in another" in verdict.err


def check_receipt(verify: Verify, folder: Path, receipt: object) -> Any:
    file = folder / "receipt.json"
    file.write_text(json.dumps(receipt))
    return verify("receipt", file, "--key", Signer().vkey)


def test_a_receipt_verifies_and_tells_what_was_consented_to(verify: Verify, tmp_path: Path) -> None:
    verdict = check_receipt(verify, tmp_path, bundle(RECEIPT, event="receipt.issued"))

    assert verdict.status == 0, verdict.err
    assert "The consent was given, as signed by log.example/statements and by the log's entry 3" in verdict.out
    assert "withdrawalMethod: By mail." in verdict.out


@pytest.mark.parametrize(
    ("lie", "sentence"),
    [
        (bundle, "not one that tells of a receipt"),
        (lambda: bundle(RECEIPT), "not one that tells of a receipt"),
        (lambda: bundle(STATEMENT, event="receipt.issued"), "no receipt of a consent"),
        (
            lambda: bundle(RECEIPT, event="receipt.issued", facts={"statement_digest": "sha256:0"}),
            "digest the log holds",
        ),
        (lambda: bundle(RECEIPT, event="receipt.issued", signer=Signer("x", seed=b"9" * 32)), "is not signed by"),
        (lambda: bundle(RECEIPT, event="receipt.issued") | {"leaf": None, "proof": None, "key": None}, "no proof yet"),
    ],
)
def test_a_receipt_that_lies_is_refused(
    verify: Verify, tmp_path: Path, lie: Callable[[], object], sentence: str
) -> None:
    verdict = check_receipt(verify, tmp_path, lie())

    assert verdict.status == 1
    assert sentence in verdict.err
    assert verdict.err.count("\n") == 1


def test_a_receipt_is_no_certificate(verify: Verify, tmp_path: Path) -> None:
    verdict = check(verify, tmp_path, bundle(RECEIPT, event="receipt.issued"))

    assert "not one that certifies a withdrawal" in verdict.err


def test_a_terminal_is_safe_from_what_was_signed(verify: Verify, tmp_path: Path) -> None:
    nasty = STATEMENT | {"predicate": {"reason\x1b[2J": "\x1b]0;x\x07", "deep": [[["\x1b"]]]}}

    verdict = check(verify, tmp_path, bundle(nasty))

    assert verdict.status == 0, verdict.err
    assert "\x1b" not in verdict.out
