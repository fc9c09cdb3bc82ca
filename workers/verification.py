"""Uploaded to read: the files of a version or an anchor are read as a stranger's, once. An anchor gets its verdict
here; a version that was found whole is asked next (`workers.probing`).

A verdict is about the files alone. Trouble of our own (the store is down, the disk is full) is raised, and the sweep
sends the job again.
"""

import logging
from collections.abc import Iterable
from dataclasses import asdict
from functools import partial
from uuid import UUID

from celery import shared_task

from flexcore.cards import MAX_CARD
from flexcore.config import Architecture
from flexcore.package import AnchorContents, Malformed, check_anchor_files, check_expert_files
from flexcore.samples import packed
from flexcore.training.tokenizer import read_tokenizer
from registry import storage
from registry.accounts.queries import live_keys_of
from registry.actors import VERIFIER
from registry.errors import Taken, WrongState
from registry.evidence.queries import provenance_of
from registry.evidence.rules import check_provenance
from registry.evidence.signatures import SIGNATURE, KnownKey, verify_package
from registry.experts.actions import Reading, fail_anchor, fail_version, mark_anchor_verified, note_reading
from registry.experts.models import Anchor, AnchorState, ExpertVersion, UploadedFile, VersionState
from registry.experts.queries import get_version
from registry.jobs import Job, send
from workers.announced import read_announced
from workers.findings import Findings, Unfit
from workers.probe_text import PROBE
from workers.turns import turn
from workers.weights import weights_beside

logger = logging.getLogger(__name__)


@shared_task(name=Job.VERIFY_VERSION.value)
def verify_version(version_id: str) -> None:
    """Safe to run twice: a version that has its verdict is left alone, and one that was read goes on to its probe."""
    with turn(Job.VERIFY_VERSION, UUID(version_id)) as ours:
        version = get_version(UUID(version_id))
        if not ours or version.state != VersionState.SUBMITTED:
            return
        if version.reading:
            send(Job.PROBE_VERSION, version.id)
            return
        findings = Findings(version.id)
        try:
            reading, weights, sample = read_version(version, findings)
            checks = findings.checks
            note_reading(version.id, reading, sample=sample, weights=weights, checks=checks, by=VERIFIER)
        except WrongState as moved:
            logger.info("the verdict on %s came too late: %s", version, moved)
        except Unfit as fault:
            reject_files(version, fault, findings)


@shared_task(name=Job.VERIFY_ANCHOR.value)
def verify_anchor(anchor_id: str) -> None:
    """Safe to run twice: an anchor that has its verdict is left alone."""
    with turn(Job.VERIFY_ANCHOR, UUID(anchor_id)) as ours:
        anchor = Anchor.objects.get(id=anchor_id)
        if not ours or anchor.state != AnchorState.SUBMITTED:
            return
        try:
            contents = _inspect_anchor(anchor)
            mark_anchor_verified(
                anchor.id,
                digest=contents.digest,
                data_digest=contents.data_digest,
                architecture=asdict(contents.architecture),
                card=contents.card,
                by=VERIFIER,
            )
        except WrongState as moved:
            logger.info("the verdict on %s came too late: %s", anchor, moved)
        except (Unfit, Taken) as fault:
            fail_anchor(anchor.id, failure=str(fault), by=VERIFIER)
            _delete_files(anchor.files.all())


def reject_files(version: ExpertVersion, fault: Unfit, findings: Findings) -> None:
    """The verdict on a version whose files are not what they should be; nothing of them stays."""
    fail_version(version.id, failure=str(fault), checks=findings.checks, by=VERIFIER)
    _delete_files(version.files.all())


def read_version(version: ExpertVersion, findings: Findings) -> tuple[Reading, dict[str, object], bytes]:
    """What the package holds and who signed it, how its weights stand to others', and their sample."""
    anchor = version.expert.anchor
    files = list(version.files.all())
    read = partial(check_expert_files, anchor_digest=anchor.digest, architecture=Architecture(**anchor.architecture))
    with findings.check("files", fine="Every file has the size and the SHA-256 it was announced with."):
        contents = read_announced(files, read)
    with findings.check("package", fine="Well-formed, shaped for its anchor, and every value is finite."):
        if isinstance(contents, Malformed):
            raise contents
        if contents.has_bias:
            raise Unfit(
                "router.safetensors keeps a bias, which a composed model cannot hold; train the expert without one."
            )
    with findings.check("provenance", fine="The statement names the anchor that the package was trained beside."):
        check_provenance(provenance_of(version).statement, anchor_digest=contents.anchor_digest)
    with findings.check("signature", fine="Signed over every file, with a key that the owner has registered."):
        fingerprint = _signer_of(version, files)
    reading = Reading(
        data_digest=contents.data_digest,
        router_digest=contents.router_digest,
        card=contents.card,
        data_card=contents.data_card,
        fingerprint=fingerprint,
    )
    weights, remark = weights_beside(version, contents)
    findings.note("weights", remark)
    return reading, weights, packed(contents.measured)


def _signer_of(version: ExpertVersion, files: Iterable[UploadedFile]) -> str:
    digests = {file.path: file.sha256 for file in files}
    signature = None
    if digests.pop(SIGNATURE, None):
        signature = storage.read(version.files.get(path=SIGNATURE).key, limit=MAX_CARD)
    keys = live_keys_of(version.expert.organisation_id)
    return verify_package(signature, digests, [KnownKey(key.fingerprint, key.public_key) for key in keys])


def _inspect_anchor(anchor: Anchor) -> AnchorContents:
    contents = read_announced(anchor.files.all(), check_anchor_files)
    if isinstance(contents, Malformed):
        raise Unfit(str(contents)) from contents
    _check_tokenizer(contents)
    return contents


def _check_tokenizer(contents: AnchorContents) -> None:
    """Every composed model is asked about the probe text: its tokenizer has to read it, within the vocabulary."""
    try:
        ids = read_tokenizer(contents.tokenizer["tokenizer.json"]).encode(PROBE).ids
    except Exception as fault:  # the library raises nothing narrower
        raise Unfit(f"tokenizer.json cannot be used ({str(fault)[:200]}); save it again with `tokenizers`.") from fault
    if not ids:
        raise Unfit("tokenizer.json turns English text into nothing; bring the tokenizer the anchor was trained with.")
    if max(ids) >= contents.architecture.vocab_size:
        raise Unfit(
            f"tokenizer.json gives the token {max(ids)}, but config.json has a vocabulary of "
            f"{contents.architecture.vocab_size}; bring the tokenizer the anchor was trained with."
        )


def _delete_files(files: Iterable[UploadedFile]) -> None:
    """Nothing of a failed package stays. If we die half way, the sweep of uploads drops the rest."""
    for file in files:
        storage.delete(file.key)
