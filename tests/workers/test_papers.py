"""Papers: every published model carries them, and tools that are not ours find them valid."""

import json
import subprocess
import sys
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from google.protobuf import json_format
from in_toto_attestation.predicates.provenance.v1 import provenance_pb2
from in_toto_attestation.v1 import statement_pb2
from securesystemslib.dsse import Envelope
from securesystemslib.signer._key import SSlibKey

from registry import storage
from registry.audit.keys import model_signer, statement_signer
from registry.audit.model_keys import make_model_key
from registry.audit.notes import read_vkey
from registry.audit.queries import index_of, leaf_at
from registry.compositions.models import Composition, CompositionState, Paper, RepositoryFile, Shard
from registry.compositions.papers import DECISION, PROVENANCE, SIGNATURE, papers_of
from registry.compositions.queries import content_of
from registry.digests import sha256
from registry.experts.models import VersionState
from registry.policy.queries import active_set
from tests.workers.packages import Home, bring_both, requested
from tests.workers.withdrawals import carried, doomed, published, version_of
from workers import papers
from workers.assembly import compose
from workers.validation import validate_composition

BESIDE = {DECISION, PROVENANCE, "inclusion.json", "inclusion.tlog-proof", SIGNATURE}
WITHIN = {"README.md", "LICENSE", "NOTICE", "bom.cdx.json", "LICENSES/Apache-2.0.txt", "LICENSES/CC-BY-4.0.txt"}


@pytest.fixture
def model(home: Home) -> Composition:
    """The public expert, drama and code, published."""
    bring_both(home)
    return published()


@pytest.fixture
def folder(model: Composition, tmp_path: Path) -> Path:
    """The same as a stock client lays it on the disk."""
    for file in model.files.all():
        to = tmp_path / "model" / file.path
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_bytes(content_of(file))
    (tmp_path / "model/.cache/huggingface").mkdir(parents=True)
    (tmp_path / "model/.cache/huggingface/.gitignore").write_text("*")
    return tmp_path / "model"


def model_signing(folder: Path, pem: str, *more: str) -> "subprocess.CompletedProcess[str]":
    """The public tool, as the README has it."""
    key = folder.parent / "model-key.pem"
    key.write_text(pem)
    words = ["verify", "key", str(folder), "--signature", str(folder / SIGNATURE), "--public_key", str(key), *more]
    command = [sys.executable, "-m", "model_signing", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def opened(folder: Path, paper: str) -> dict[str, Any]:
    """The statement in an envelope that securesystemslib finds signed with the service's key."""
    envelope = Envelope.from_dict(json.loads((folder / paper).read_bytes()))
    vkey = statement_signer().vkey
    public = Ed25519PublicKey.from_public_bytes(read_vkey(vkey).public)
    assert envelope.verify([SSlibKey.from_crypto(public, keyid=vkey)], 1)
    found: dict[str, Any] = json.loads(envelope.payload)
    json_format.ParseDict(found, statement_pb2.Statement())
    return found


def test_every_paper_is_there_and_only_those_of_the_revision_are_in_its_manifest(model: Composition) -> None:
    paths = set(model.files.values_list("path", flat=True))
    named = {file["path"] for file in model.manifest["files"]}

    assert paths >= WITHIN | BESIDE
    assert named >= WITHIN
    assert not named & BESIDE
    assert not model.files.filter(sha256="").exists()


def test_the_bill_of_materials_is_what_cyclonedx_says(folder: Path) -> None:
    text = (folder / "bom.cdx.json").read_text()

    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    components = {one["name"]: one for one in json.loads(text)["components"]}
    assert components["drama"]["hashes"][0]["content"] == version_of("drama").data_digest.removeprefix("sha256:")
    assert components["drama"]["type"] == "machine-learning-model"
    assert components["code"]["supplier"] == {"name": "Playhouse"}


def test_the_decision_names_policies_purpose_and_inputs(model: Composition, folder: Path) -> None:
    statement = opened(folder, DECISION)

    [subject] = statement["subject"]
    predicate = statement["predicate"]
    assert subject["digest"]["sha256"][:40] == model.revision
    assert (predicate["consumer"], predicate["purpose"]) == ("library", "research")
    assert predicate["policySets"] == [active_set().hash]
    assert [one["version"] for one in predicate["decisions"]] == ["playhouse/drama@1", "playhouse/code@1"]
    inputs = set(model.decisions.values_list("inputs_digest", flat=True))
    assert {one["inputsDigest"] for one in predicate["decisions"]} == inputs
    assert all(one["allowed"] for one in predicate["decisions"])


def test_the_provenance_is_slsas_and_its_subjects_are_the_files(model: Composition, folder: Path) -> None:
    statement = opened(folder, PROVENANCE)

    predicate = json_format.ParseDict(statement["predicate"], provenance_pb2.Provenance())
    subjects = {one["name"]: one["digest"]["sha256"] for one in statement["subject"]}
    used = {one.name: one.digest["sha256"] for one in predicate.build_definition.resolved_dependencies}
    assert statement["predicateType"] == "https://slsa.dev/provenance/v1"
    assert subjects == {
        path.relative_to(folder).as_posix(): sha256(path.read_bytes()).removeprefix("sha256:")
        for path in folder.rglob("*")
        if path.is_file() and path.relative_to(folder).as_posix() not in BESIDE and ".cache" not in path.parts
    }
    assert used["playhouse/drama@1"] == version_of("drama").data_digest.removeprefix("sha256:")
    assert used["anchor"] == model.recipe["anchor_digest"].removeprefix("sha256:")
    assert json_format.MessageToDict(predicate.build_definition.external_parameters)["model"] == "library/reader"


def test_the_logs_entry_names_both_by_digest(model: Composition, folder: Path) -> None:
    index = index_of(model.included_entry or 0)
    assert index is not None
    facts = json.loads(leaf_at(index))["facts"]

    assert facts["papers"] == {path: sha256((folder / path).read_bytes()) for path in (DECISION, PROVENANCE)}


def test_the_public_tool_finds_the_signature_good_and_each_change_bad(folder: Path) -> None:
    pem = model_signer().public_pem

    good = model_signing(folder, pem)
    stranger = model_signing(folder, make_model_key("somebody/else").public_pem)
    shard = bytearray((folder / "expert-01.safetensors").read_bytes())
    shard[-1] ^= 1
    (folder / "expert-01.safetensors").write_bytes(shard)
    changed = model_signing(folder, pem)
    shard[-1] ^= 1
    (folder / "expert-01.safetensors").write_bytes(shard)
    (folder / "modeling_evil.py").write_text("print()")
    more = model_signing(folder, pem)

    assert (good.returncode, good.stderr) == (0, ""), good.stderr
    assert "Key mismatch" in stranger.stderr
    assert "Hash mismatch for 'expert-01.safetensors'" in changed.stderr
    assert "Extra files found" in more.stderr
    assert [done.returncode for done in (stranger, changed, more)] == [1, 1, 1]


def test_the_public_tool_reads_a_snapshot_of_links_too(folder: Path, tmp_path: Path) -> None:
    snapshot = tmp_path / "snapshot"
    for file in folder.rglob("*"):
        if file.is_file() and ".cache" not in file.parts:
            to = snapshot / file.relative_to(folder)
            to.parent.mkdir(parents=True, exist_ok=True)
            to.symlink_to(file)

    done = model_signing(snapshot, model_signer().public_pem, "--allow_symlinks")

    assert done.returncode == 0, done.stderr


def test_the_same_build_has_the_same_papers(model: Composition) -> None:
    digests = papers.plain_digests(model)
    of_the_revision = {path: digest for path, digest in digests.items() if path not in BESIDE}

    again = papers_of(model, of_the_revision)

    assert {path: sha256(data) for path, data in again.items()} == {
        path: model.files.get(path=path).digest for path in (DECISION, PROVENANCE)
    }


def test_a_shards_plain_digest_is_kept_where_its_bytes_went_by(model: Composition, folder: Path) -> None:
    for file in model.files.filter(path__startswith="expert-"):
        plain = sha256((folder / file.path).read_bytes()).removeprefix("sha256:")

        assert file.sha256 == Shard.objects.get(key=file.key).sha256 == plain
        assert file.digest != f"sha256:{plain}"


def test_a_second_model_reads_no_shard_and_has_papers_of_its_own(
    model: Composition, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(papers, "_read", lambda key: pytest.fail(f"{key} was read"))

    second = published("second")

    assert second.revision == model.revision
    for path in BESIDE:
        assert second.files.get(path=path).digest != model.files.get(path=path).digest
    statement = json.loads(b64decode(json.loads(read_file(second, DECISION))["payload"]))
    assert statement["predicate"]["model"] == "library/second"


def test_a_digest_that_nobody_knows_is_found_once_and_told_to_all_who_share_the_shard(model: Composition) -> None:
    before = dict(RepositoryFile.objects.filter(path__startswith="expert-").values_list("path", "sha256"))
    Shard.objects.update(sha256="")
    RepositoryFile.objects.filter(path__startswith="expert-").update(sha256="")

    second = published("second")

    for build in (model, second):
        assert dict(build.files.filter(path__startswith="expert-").values_list("path", "sha256")) == before
    assert not Shard.objects.filter(sha256="").exists()


def test_the_papers_of_a_withdrawn_revision_are_destroyed_and_others_keep_theirs(home: Home) -> None:
    bring_both(home)
    both, code = published(on_withdrawal="close"), published("other", experts=("code",))

    carried(doomed("drama"))

    assert not Paper.objects.filter(file__composition=both).exists()
    for file in code.files.all():
        assert len(content_of(file)) == file.size, file.path


@pytest.fixture
def spoilt(home: Home) -> Iterator[Composition]:
    """Assembled; then somebody got at a small file in the store."""
    bring_both(home)
    build = requested()
    compose(str(build.id))
    file = build.files.get(path="LICENSE")
    data = read_file(build, "LICENSE")
    storage.put(file.key, data[:-1] + b"!")
    yield build
    storage.put(file.key, data)


def test_what_came_with_other_bytes_is_not_signed(spoilt: Composition) -> None:
    with pytest.raises(OSError, match="other bytes"):
        validate_composition(str(spoilt.id))

    assert Composition.objects.get(id=spoilt.id).state == CompositionState.VALIDATING


def test_a_build_that_is_cancelled_at_the_last_moment_gets_no_papers(home: Home) -> None:
    bring_both(home)
    build = requested()
    compose(str(build.id))
    drama = version_of("drama")
    drama.state = VersionState.WITHDRAWN
    drama.save()

    validate_composition(str(build.id))

    assert Composition.objects.get(id=build.id).state == CompositionState.CANCELLED
    assert not build.files.filter(path__in=BESIDE).exists()


def read_file(build: Composition, path: str) -> bytes:
    return content_of(build.files.get(path=path))
