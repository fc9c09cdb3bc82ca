"""The `guildhall` command line as people type it: it says what it did, or one sentence and status 1."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from django.utils import timezone

from client.cli import main
from registry.audit.keys import log_signers
from registry.audit.rotation import note_keys
from registry.evidence.models import ConsentState, EvidenceFile
from registry.evidence.receipts import issue_receipt
from registry.experts.models import Expert, ExpertVersion, VersionState
from registry.reviews.models import Review
from tests.client.test_push import evidence_for
from tests.client.typing_commands import Typed, by
from tests.factories import (
    ADA,
    BEN,
    CY,
    IN_ORDER_BODY,
    PASSWORD,
    catch_up,
    make_anchor,
    make_expert,
    make_person,
    make_version,
)
from tests.flexcore.packages import make_expert as write_package
from tests.repositories import make_model, publish

__all__ = ["by"]

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_owner_goes_from_a_key_to_a_submitted_version(by: Typed, tmp_path: Path) -> None:
    anchor, package = make_anchor(), tmp_path / "package"
    write_package(package, anchor_digest=anchor.digest)
    stated = tmp_path / "evidence.json"
    stated.write_text(json.dumps(evidence_for(anchor.digest)))
    form = tmp_path / "form.txt"
    form.write_text("We agree.")

    made = by(ADA, "keygen", "home", "--folder", str(tmp_path), "--register", "playhouse")
    by(ADA, "sign", str(package), "--key", str(tmp_path / "home.pem"))
    checked = by(ADA, "verify", "package", str(package), "--key", str(tmp_path / "home.pub"))
    by(ADA, "create", "playhouse/comedy", "--anchor", "small", "--title", "Comedies", "--domain", "drama")
    pushed = by(
        ADA,
        "push",
        str(package),
        "--expert",
        "playhouse/comedy",
        "--evidence",
        str(stated),
        "--no-wait",
        "--document",
        f"consent={form}",
    )
    told = by(ADA, "status", "playhouse/comedy@1")

    assert "sha256:" in made
    assert "is as it was signed" in checked
    assert pushed == "playhouse/comedy@1 is submitted.\n"
    assert [(file.kind, file.name) for file in EvidenceFile.objects.all()] == [("consent", "form.txt")]
    assert told.startswith("playhouse/comedy@1 is submitted")


def test_evidence_begins_with_what_the_package_says(by: Typed, tmp_path: Path) -> None:
    package = tmp_path / "package"
    contents = write_package(package)

    begun = json.loads(by(None, "evidence", str(package)))

    assert begun["provenance"]["statement"]["anchor_digest"] == contents.anchor_digest
    assert begun["licence"]["declared"] == "TO BE COMPLETED"


def test_evidence_about_nobody_asks_for_less(by: Typed, tmp_path: Path) -> None:
    package = tmp_path / "package"
    write_package(package)
    card = package / "data-card.json"

    card.write_text(json.dumps({"name": "Plays", "rai:personalSensitiveInformation": []}))
    nobody = json.loads(by(None, "evidence", str(package)))["consent"]
    card.write_text(json.dumps({"name": "Letters", "rai:personalSensitiveInformation": ["names"]}))
    somebody = json.loads(by(None, "evidence", str(package)))["consent"]

    assert (nobody["legal_basis"], nobody["retention"], nobody["data_categories"]) == ("no-personal-data", "", [])
    assert (somebody["legal_basis"], somebody["notice"]) == ("TO BE COMPLETED", "TO BE COMPLETED")


def test_a_document_is_attached_and_a_receipt_saved_and_verified(by: Typed, tmp_path: Path) -> None:
    version = make_version(state=VersionState.VERIFIED)
    issue_receipt(version, ConsentState.GIVEN, at=timezone.now(), party=str(ADA), by=ADA)
    note_keys()
    form, saved = tmp_path / "consent form.txt", tmp_path / "receipt.json"
    form.write_text("We agree.")

    attached = by(ADA, "attach", str(version), str(form), "--kind", "consent")
    by(ADA, "attach", str(version), str(tmp_path / "receipt.json"), "--kind", "other", status=1)
    early = by(ADA, "receipt", str(version), str(saved))
    unproven = by(ADA, "verify", "receipt", str(saved), "--key", log_signers()[0].vkey, status=1)
    catch_up()
    by(ADA, "receipt", str(version), str(saved), "--state", "given")
    verified = by(None, "verify", "receipt", str(saved), "--key", log_signers()[0].vkey)
    missing = by(ADA, "receipt", str(version), str(saved), "--state", "withdrawn", status=1)

    assert "is beside playhouse/drama@1 as consent, text/plain, sha256:" in attached
    assert EvidenceFile.objects.get().name == "consent form.txt"
    assert "the consent was given" in early
    assert "has no proof yet" in unproven
    assert verified.startswith("The consent was given, as signed by ")
    assert "There is no such receipt" in missing


def test_unfinished_evidence_is_not_sent(by: Typed, tmp_path: Path) -> None:
    make_expert("drama")
    package, stated = tmp_path / "package", tmp_path / "evidence.json"
    write_package(package)
    stated.write_text(by(None, "evidence", str(package)))

    told = by(ADA, "push", str(package), "--expert", "playhouse/drama", "--evidence", str(stated), status=1)

    assert "TO BE COMPLETED" in told
    assert not ExpertVersion.objects.exists()


@pytest.fixture
def answers(tmp_path: Path) -> str:
    """The checklist, filled in by somebody who found nothing wrong."""
    file = tmp_path / "answers.json"
    file.write_text(json.dumps(IN_ORDER_BODY))
    return str(file)


def test_compliance_approves_with_a_reason(by: Typed, answers: str) -> None:
    version = make_version(state=VersionState.VERIFIED)

    told = by(BEN, "approve", str(version), "--reason", "The licence and the consent cover it.", "--answers", answers)

    assert told == f"{version} is approved.\n"
    assert Review.objects.get().reason == "The licence and the consent cover it."


def test_a_refused_model_names_the_policy_and_the_way_out(by: Typed) -> None:
    make_version(make_expert("drama"))
    words = ["request", "library/stage", "--anchor", "small", "--expert", "playhouse/drama", "--purpose", "service"]

    told = by(CY, *words, "--no-wait", status=1)

    assert told.startswith("guildhall: ")
    assert "forbid.purpose-outside-consent" in told
    assert "choose a purpose that it covers" in told


def test_a_request_is_taken(by: Typed) -> None:
    make_version(make_expert("drama"))
    words = ["request", "library/stage", "--anchor", "small", "--expert", "playhouse/drama", "--purpose", "research"]

    told = by(CY, *words, "--no-wait")

    assert told.startswith("library/stage is decided.")


def test_a_request_for_a_domain_is_explained_and_taken(by: Typed) -> None:
    make_version(make_expert("drama"))
    make_version(make_expert("secret", domain="drama"), purposes=["education"])
    words = ["request", "library/stage", "--anchor", "small", "--domain", "drama", "--purpose", "research"]

    explained = by(CY, *words, "--explain")
    taken = by(CY, *words, "--no-wait")
    told = by(CY, "status", "library/stage")

    assert "  yes playhouse/drama@1\n  no  playhouse/secret@1\n        forbid.purpose-outside-consent: " in explained
    assert "would be built from what is marked yes." in explained
    assert taken.startswith("library/stage is decided.")
    assert "for research: all experts in drama; main none" in told


@pytest.mark.parametrize("words", [[], ["--all", "--expert", "playhouse/drama"]])
def test_experts_are_named_or_chosen(by: Typed, words: list[str]) -> None:
    make_version(make_expert("drama"))

    told = by(CY, "request", "library/stage", "--anchor", "small", "--purpose", "research", *words, status=1)

    assert "one of the two" in told


def test_status_tells_who_one_is_and_what_one_has(by: Typed) -> None:
    make_version(make_expert("drama"))
    composition = publish(make_model())

    for_ada, for_cy = by(ADA, "status"), by(CY, "status")
    of_the_model = by(CY, "status", "library/stage")

    assert "Ada" in for_ada
    assert "expert playhouse/drama @1 approved" in for_ada
    assert composition.revision in for_cy
    assert composition.revision[:12] in of_the_model


def test_the_checklist_is_printed_to_be_filled_in(by: Typed) -> None:
    told = json.loads(by(BEN, "checklist"))

    assert [one["item"] for one in told] == [one["item"] for one in IN_ORDER_BODY]


def test_an_approval_without_answers_names_what_is_open(by: Typed) -> None:
    version = make_version(state=VersionState.VERIFIED)

    told = by(BEN, "approve", str(version), "--reason", "The licence and the consent cover it.", status=1)

    assert "licence.text, licence.right" in told


def test_the_log_is_printed_in_order(by: Typed, answers: str) -> None:
    version = make_version(state=VersionState.VERIFIED)
    by(BEN, "approve", str(version), "--reason", "The licence and the consent cover it.", "--answers", answers)

    told = by(BEN, "log", "--about", str(version))

    assert "version.approved" in told


def test_a_person_logs_in_and_gets_a_token_that_works(by: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    make_person("dora@playhouse.example", name="Dora", password=PASSWORD)
    monkeypatch.setenv("GUILDHALL_PASSWORD", PASSWORD)

    told = by(None, "login", "dora@playhouse.example")
    monkeypatch.setenv("GUILDHALL_TOKEN", told.rpartition("=")[2].strip())

    assert main(["status"]) == 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["status", "playhouse/nothing"], "There is no expert and no model playhouse/nothing"),
        (["status", "nothing"], "'nothing' is not a full name"),
        (["status", "playhouse/drama@7"], "There is no version playhouse/drama@7"),
        (["approve", "playhouse/drama@1", "--reason", "I like it."], "needs the compliance role"),
        (["sign", "/no/such/folder", "--key", "/no/such/key.pem"], "No such file or directory: /no/such"),
        (["keygen", "status", "--folder", "/dev/null"], ": /dev/null"),
        (["push", "/no/such", "--expert", "a/b", "--evidence", "/no/such.json"], "There is no /no/such.json"),
    ],
)
def test_what_goes_wrong_is_one_sentence_and_a_status(by: Typed, words: list[str], sentence: str) -> None:
    make_version(make_expert("drama"), state=VersionState.VERIFIED)

    told = by(ADA, *words, status=1)

    assert told.startswith("guildhall: ")
    assert sentence in told
    assert told.count("\n") == 1
    assert Expert.objects.count() == 1


def test_without_a_token_it_says_how_to_get_one(by: Typed) -> None:
    assert "`guildhall login` makes a token" in by(None, "status", status=1)


def test_it_runs_as_a_module_and_loads_neither_django_nor_torch() -> None:
    looks = "import sys, client.cli; sys.exit(bool({'django', 'torch', 'flexcore'} & set(sys.modules)))"

    helped = subprocess.run([sys.executable, "-m", "client.cli", "--help"], capture_output=True, text=True, check=False)
    looked = subprocess.run([sys.executable, "-c", looks], check=False)

    assert helped.returncode == 0
    assert "withdraw" in helped.stdout
    assert looked.returncode == 0
