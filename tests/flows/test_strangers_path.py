"""A stranger at a running site: the log, a downloaded model, an owner's count, checked by our client and by Go."""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from client import shapes
from client.api import Guildhall
from client.cli import main
from client.packages import push_anchor, push_version
from client.waiting import wait_for_anchor, wait_for_certificate, wait_for_composition, wait_for_version
from registry.embedded.bucket import Store
from registry.embedded.servers import S3_NAMES
from registry.embedded.supervisor import Site
from tests.client.stranger import follow_the_page, make_stranger
from tests.client.verifying import Verify, verify
from tests.workers.packages import Brought, Home, make_home

__all__ = ["verify"]

PASSWORD = "strangers are welcome here"
HF = Path(sys.executable).with_name("hf")


@dataclass(frozen=True)
class Stage:
    """Two published models with an expert in each; one is downloaded with a stock tool, the other's is withdrawn."""

    site: Site
    owner: Guildhall
    consumer: Guildhall
    version: shapes.Version
    folder: Path
    withdrawn: shapes.Version
    certificate: shapes.Certificate

    @property
    def witness(self) -> str:
        return self.site.env["GUILDHALL_WITNESSES"].rpartition("=http")[0]


@pytest.fixture(scope="module")
def stage(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    home = make_home(tmp_path_factory.mktemp("home"))
    with ExitStack() as lines:
        operator = _line(lines, site, site.operator_email, site.operator_password)
        for slug, person, role in (
            ("opera", "olive", "owner"),
            ("consulate", "cora", "compliance"),
            ("listeners", "lee", "consumer"),
        ):
            operator.create_organisation(slug, slug.title())
            operator.create_person(f"{person}@{slug}.example", person.title(), password=PASSWORD, roles=[(slug, role)])
        owner, examiner, consumer = (
            _line(lines, site, email, PASSWORD)
            for email in ("olive@opera.example", "cora@consulate.example", "lee@listeners.example")
        )
        anchor = _bring_anchor(operator, home)
        owner.register_key("opera", name="home", public_key=home.key.public_pem)
        version, withdrawn = (
            _bring_expert(owner, home, anchor, name=name, package=package)
            for name, package in (("arias", home.drama), ("codas", home.code))
        )
        for each, model in ((version, "listeners/songs"), (withdrawn, "listeners/endings")):
            examiner.approve_version(each["id"], reason="All that it needs is there.")
            _, composition_id = consumer.request_model(
                model, anchor=anchor, experts=[each["expert"]], purpose="research", top_k=2
            )
            wait_for_composition(consumer, composition_id, seconds=300)
        folder = _download(site, consumer, tmp_path_factory.mktemp("download") / "songs")
        withdrawal = owner.withdraw_version(
            withdrawn["id"], reason="The codas were not ours to give.", legal_basis="never-held", password=PASSWORD
        )
        certificate = wait_for_certificate(owner, withdrawal["id"], seconds=300)
        yield Stage(site, owner, consumer, version, folder, withdrawn, certificate)


def _line(lines: ExitStack, site: Site, email: str, password: str) -> Guildhall:
    opened = lines.enter_context(Guildhall(site.url))
    opened.sign_in(email, password)
    return opened


def _bring_anchor(operator: Guildhall, home: Home) -> str:
    """Its slug; another flow may have brought the same one."""
    for known in operator.list_anchors():
        if known["state"] == "verified" and known["digest"] == home.anchor.digest:
            return known["slug"]
    push_anchor(operator, home.anchor_folder, slug="stage", name="Stage", licence="Apache-2.0")
    return wait_for_anchor(operator, "stage", seconds=300)["slug"]


def _bring_expert(owner: Guildhall, home: Home, anchor: str, *, name: str, package: Brought) -> shapes.Version:
    owner.create_expert(f"opera/{name}", anchor=anchor, title=name.title(), domain="drama")
    consent: shapes.Consent = {
        "legal_basis": "no-personal-data",
        "purposes": ["research"],
        "withdrawal_method": "Write to us.",
    }
    statement = {
        "anchor_digest": home.anchor.digest,
        "dataset": "Made up.",
        "trained_by": "opera",
        "code": "flexcore",
    }
    evidence: shapes.Evidence = {
        "licence": {"declared": "CC-BY-4.0", "attribution": "opera"},
        "consent": consent,
        "provenance": {"statement": statement},
    }
    version = push_version(owner, package.folder, expert=f"opera/{name}", evidence=evidence)
    return wait_for_version(owner, version["id"], seconds=300)


def _download(site: Site, consumer: Guildhall, folder: Path) -> Path:
    done = _hf(site, consumer, "download", "listeners/songs", folder=folder)
    assert done.returncode == 0, done.stderr
    return folder


def _hf(site: Site, consumer: Guildhall, *words: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    """The stock command line, with a home beside the model's folder."""
    token = consumer.create_token("hf", days=1)["token"]
    # Nothing of ours: other tests may have told their own process not to go to the hub.
    home = str(folder.parent)
    env = {"PATH": os.environ["PATH"], "HOME": home, "HF_HOME": f"{home}/hf"}
    env |= {"HF_ENDPOINT": site.url, "HF_TOKEN": token}
    command: list[str | Path] = [HF, *words, "--local-dir", folder]
    return subprocess.run(command, env=env, check=False, capture_output=True, text=True, timeout=200)


@pytest.mark.timeout(900)
def test_a_stranger_verifies_the_log_with_its_witness(stage: Stage, verify: Verify, tmp_path: Path) -> None:
    words = ["log", stage.site.url, "--witness", stage.witness, "--state", tmp_path / "state"]

    first = verify(*words)
    again = verify(*words)

    assert first.status == 0, first.err
    assert "is new here; its key is trusted from now on" in first.err
    assert "cosigned by guildhall.local/witness-" in first.out
    assert (again.status, again.err) == (0, "")


@pytest.mark.timeout(900)
def test_a_stranger_verifies_the_model_that_was_downloaded(stage: Stage, verify: Verify, tmp_path: Path) -> None:
    verify("log", stage.site.url)

    offline = verify("model", stage.folder, "--witness", stage.witness)
    allowed = verify("model", stage.folder, "--max-age", "15m", "--log", stage.site.url)
    shard = stage.folder / "expert-01.safetensors"
    content = bytearray(shard.read_bytes())
    content[-1] ^= 1
    shard.write_bytes(content)
    changed = verify("model", stage.folder)
    content[-1] ^= 1
    shard.write_bytes(content)

    assert offline.status == 0, offline.err
    assert allowed.status == 0, allowed.err
    assert "nothing in it is withdrawn or paused" in allowed.out
    assert "every file is signed by " in allowed.out
    assert "listeners/songs" in offline.out
    assert "slot 1: opera/arias@1" in offline.out
    assert "expert-01.safetensors was changed" in changed.err


@pytest.mark.timeout(900)
def test_the_stock_client_finds_every_file_to_be_the_one_that_is_listed(stage: Stage) -> None:
    words = ["cache", "verify", "listeners/songs", "--fail-on-missing-files", "--fail-on-extra-files"]
    shard = stage.folder / "expert-01.safetensors"

    good = _hf(stage.site, stage.consumer, *words, folder=stage.folder)
    content = bytearray(shard.read_bytes())
    content[-1] ^= 1
    shard.write_bytes(content)
    changed = _hf(stage.site, stage.consumer, *words, folder=stage.folder)
    content[-1] ^= 1
    shard.write_bytes(content)

    assert good.returncode == 0, good.stdout + good.stderr
    assert changed.returncode == 1
    assert "expert-01.safetensors: expected" in changed.stdout


@pytest.mark.timeout(900)
def test_an_owner_counts_for_herself(stage: Stage, verify: Verify, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GUILDHALL_URL", stage.site.url)

    alone = verify("owner", "opera")
    monkeypatch.setenv("GUILDHALL_TOKEN", stage.owner.create_token("count", days=1)["token"])
    compared = verify("owner", "opera")

    assert alone.status == 0, alone.err
    assert "opera/arias for listeners: 1 inclusions, 1 downloads" in alone.out
    assert compared.status == 0, compared.err
    assert "the statement says the same" in compared.out


@pytest.mark.timeout(900)
def test_go_reads_the_running_site(stage: Stage, checklog: Path, verify: Verify) -> None:
    key = next(word for word in verify("log", stage.site.url).out.split() if "/log+" in word)
    files = [stage.folder / name for name in ("inclusion.tlog-proof", "inclusion.json")]

    log = subprocess.run(
        [checklog, "log", key, f"{stage.site.url}/log"], capture_output=True, text=True, timeout=60, check=False
    )
    proof = subprocess.run([checklog, "proof", key, *files], capture_output=True, text=True, timeout=60, check=False)

    assert "entries are what was signed" in log.stdout, log.stderr
    assert "is this one" in proof.stdout, proof.stderr


@pytest.mark.timeout(900)
def test_the_page_works_at_the_running_site(stage: Stage, checklog: Path, tmp_path: Path) -> None:
    home = make_stranger(tmp_path, model=stage.folder, checklog=checklog)
    (home / "certificate.json").write_text(json.dumps(stage.certificate))
    (home / "receipt.json").write_text(json.dumps(stage.owner.list_receipts(stage.withdrawn["id"])[0]))

    done = follow_the_page(home, stage.site.url)

    assert done.returncode == 0, done.stdout + done.stderr
    for said in (
        "and they are what was signed",
        "listeners/songs",
        "nothing in it is withdrawn or paused",
        "names these papers too: decision.intoto.json, provenance.intoto.json",
        "a key that the log names",
        "Verification succeeded",
        '"predicateType":"https://slsa.dev/provenance/v1"',
        "withdrawn: opera/codas@1",
        "The consent was invalidated",
        "entries are what was signed",
        "is this one",
        "continues the one of",
    ):
        assert said in done.stdout


@pytest.mark.timeout(900)
def test_a_stranger_verifies_the_certificate_without_asking_anybody(
    stage: Stage, verify: Verify, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    verify("log", stage.site.url)
    monkeypatch.setenv("GUILDHALL_URL", "http://127.0.0.1:1")  # nobody is there
    file, other = tmp_path / "certificate.json", tmp_path / "other.json"
    file.write_text(json.dumps(stage.certificate))
    ended, given = (tmp_path / f"{state}.json" for state in ("ended", "given"))
    for kept, receipt in zip((ended, given), stage.owner.list_receipts(stage.withdrawn["id"]), strict=True):
        kept.write_text(json.dumps(receipt))
    statement = json.loads(base64.b64decode(stage.certificate["envelope"]["payload"]))
    statement["predicate"]["residuals"]["recipients"] = []
    statement["predicate"]["residuals"]["pinned_revisions"] = []
    payload = base64.b64encode(json.dumps(statement, sort_keys=True, separators=(",", ":")).encode()).decode()
    other.write_text(json.dumps(stage.certificate | {"envelope": stage.certificate["envelope"] | {"payload": payload}}))

    good = verify("certificate", file, "--witness", stage.witness)
    changed = verify("certificate", other)
    end, beginning = verify("receipt", ended), verify("receipt", given)

    digest = stage.withdrawn["data_digest"].removeprefix("sha256:")
    assert good.status == 0, good.err
    assert f"withdrawn: opera/codas@1 (sha256:{digest})" in good.out
    for step in ("deny", "block", "announce", "recompose", "destroy", "check"):
        assert f"step: {step}" in good.out
    assert "- client: huggingface_hub" in good.out
    assert "model: listeners/endings; said: RevisionNotFoundError" in good.out
    assert changed.status == 1
    assert "was changed after it was signed" in changed.err
    assert "The consent was invalidated" in end.out
    assert "The consent was given" in beginning.out


@pytest.mark.timeout(900)
def test_the_owner_saves_the_certificate(stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GUILDHALL_URL", stage.site.url)
    monkeypatch.setenv("GUILDHALL_TOKEN", stage.owner.create_token("certificate", days=1)["token"])
    file = tmp_path / "certificate.json"

    status = main(["withdrawal", "opera/codas@1", "--wait", "--certificate", str(file)])

    assert status == 0
    assert json.loads(file.read_text())["envelope"] == stage.certificate["envelope"]


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("place", "sentence"),
    [("entries", "Entry 1 is not what the checkpoint covers"), ("0", "was changed: its hash 1 is not that of")],
)
def test_what_somebody_changes_in_the_store_is_found(stage: Stage, verify: Verify, place: str, sentence: str) -> None:
    store = Store(*(stage.site.env[name] for name in S3_NAMES)).client()
    bucket = stage.site.env["S3_BUCKET"]
    whole = verify("log", stage.site.url)
    stage.site.rest("sequencer")  # so that what is changed here is what is read

    try:
        names = [found["Key"] for found in store.list_objects_v2(Bucket=bucket, Prefix="log/tile/")["Contents"]]
        newest = max((name for name in names if name.startswith(f"log/tile/{place}/000")), key=_width)
        good = store.get_object(Bucket=bucket, Key=newest)["Body"].read()
        at = 40 if place == "0" else 2 + int.from_bytes(good[:2], "big") + 40
        store.put_object(Bucket=bucket, Key=newest, Body=good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
        changed = verify("log", stage.site.url)
        store.put_object(Bucket=bucket, Key=newest, Body=good)
        mended = verify("log", stage.site.url)
    finally:
        stage.site.wake("sequencer")

    assert (whole.status, mended.status) == (0, 0)
    assert changed.status == 1
    assert sentence in changed.err


def _width(name: str) -> int:
    return int(name.partition(".p/")[2] or 256)


@pytest.mark.timeout(900)
def test_a_withdrawn_expert_is_refused_on_disk(stage: Stage, verify: Verify) -> None:
    verify("log", stage.site.url)
    stage.owner.withdraw_version(stage.version["id"], reason="The arias were not ours to give.")

    verdict = verify("model", stage.folder, "--max-age", "15m", "--log", stage.site.url)

    assert verdict.status == 1
    assert "opera/arias@1 (slot 1) is withdrawn or rejected; do not load this model any more" in verdict.err
