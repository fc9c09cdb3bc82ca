"""A composed model on disk: is each file what its manifest says, and is that manifest under the log's checkpoint?

Files are read as a stream, whatever their size; nothing outside the folder is opened by a name from the manifest.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from client.verify.notes import MAX_NOTE, Proof
from client.verify.shards import digest_of
from client.verify.signatures import SIGNATURE
from client.verify.strict import DIGEST, NotVerified, field, read_file, read_json, shown

MANIFEST, LEAF, PROOF = "guildhall-manifest.json", "inclusion.json", "inclusion.tlog-proof"
FORMAT = "guildhall-manifest/1"
INCLUDED = "composition.included"
MAX_MANIFEST = 2**20
MAX_LEAF = 65_535
MAX_PAPER = 4 * 2**20
PATH = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,150}(/[A-Za-z0-9][A-Za-z0-9._+-]{0,150}){0,3}", re.ASCII)
# What stock clients lay beside a download; no loader reads it.
NOT_OURS = frozenset({".cache", ".gitattributes", ".git", ".huggingface"})


@dataclass(frozen=True, slots=True)
class Inclusion:
    """One expert version in one composition."""

    version: str  # "organisation/expert@number"
    slot: int
    data_digest: str
    status_index: int


@dataclass(frozen=True, slots=True)
class Included:
    """What the log says of a composition."""

    model: str
    consumer: str
    purpose: str
    revision: str
    at: str
    inclusions: tuple[Inclusion, ...]
    papers: Mapping[str, str]  # by name, the digest that the log holds of each
    signed: bool  # there is a model.sig; whose is for the caller to ask


def read_model(folder: Path) -> tuple[Included, Proof]:
    """The model and its proof, every file checked. Whether the proof's checkpoint is believed is for the caller."""
    if not folder.is_dir():
        raise NotVerified(f"{shown(folder)} is no folder.")
    manifest = read_file(folder / MANIFEST, limit=MAX_MANIFEST)
    listed = read_json(manifest, MANIFEST)
    if listed.get("format") != FORMAT:
        raise NotVerified(f"{MANIFEST} is not of the format {FORMAT}.")
    leaf = read_file(folder / LEAF, limit=MAX_LEAF)
    proof = Proof.read(read_file(folder / PROOF, limit=MAX_NOTE).decode("utf-8", errors="replace"), PROOF)
    proof.require(leaf)
    included = _included(leaf, manifest, field(listed, "recipe", dict, MANIFEST))
    found = _check_files(folder, listed, included)
    return replace(included, signed=SIGNATURE in found), proof


def _included(leaf: bytes, manifest: bytes, recipe: Mapping[str, Any]) -> Included:
    """The entry is about this manifest and no other."""
    entry = read_json(leaf, LEAF)
    facts = field(entry, "facts", dict, LEAF)
    if entry.get("event") != INCLUDED:
        raise NotVerified(f"{LEAF} is an entry of the log, but not one that includes experts in a model.")
    digest = hashlib.sha256(manifest).hexdigest()
    canonical = json.dumps(recipe, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    expected = {
        "manifest_digest": f"sha256:{digest}",
        "revision": digest[:40],
        "recipe_digest": f"sha256:{hashlib.sha256(canonical).hexdigest()}",
    }
    for name, value in expected.items():
        if facts.get(name) != value:
            raise NotVerified(f"{MANIFEST} is not the one that the log includes: its {name} is another.")
    found = [_inclusion(item) for item in field(facts, "inclusions", list, LEAF)]
    inclusions = tuple(sorted(found, key=lambda one: one.slot))
    experts = field(recipe, "experts", list, MANIFEST)
    wanted = [
        (f"{expert.get('name')}@{expert.get('version')}", slot, expert.get("data_digest"))
        for slot, expert in enumerate(experts, start=1)
        if isinstance(expert, dict)
    ]
    if [(one.version, one.slot, one.data_digest) for one in inclusions] != wanted:
        raise NotVerified(f"{LEAF} includes other experts than {MANIFEST} is made of.")
    return Included(
        model=field(facts, "model", str, LEAF),
        consumer=field(facts, "consumer", str, LEAF),
        purpose=field(facts, "purpose", str, LEAF),
        revision=digest[:40],
        at=field(entry, "at", str, LEAF),
        inclusions=inclusions,
        papers=_papers(facts),
        signed=False,
    )


def _papers(facts: Mapping[str, Any]) -> dict[str, str]:
    """The papers beside the model that the entry names; older entries name none."""
    named = field(facts, "papers", dict, LEAF) if "papers" in facts else {}
    for path, digest in named.items():
        if not PATH.fullmatch(path) or not isinstance(digest, str) or not DIGEST.fullmatch(digest):
            raise NotVerified(f"{LEAF} names {shown(path)} in a way that cannot be right.")
    return named


def _inclusion(item: object) -> Inclusion:
    if not isinstance(item, dict):
        raise NotVerified(f"{LEAF} lists an inclusion that is none.")
    return Inclusion(
        version=field(item, "version", str, LEAF),
        slot=field(item, "slot", int, LEAF),
        data_digest=field(item, "data_digest", str, LEAF),
        status_index=field(item, "status_index", int, LEAF),
    )


def _check_files(folder: Path, listed: Mapping[str, Any], included: Included) -> set[str]:
    data_digests = {f"expert-{one.slot:02d}.safetensors": one.data_digest for one in included.inclusions}
    paths = {MANIFEST, LEAF, PROOF}
    for item in field(listed, "files", list, MANIFEST):
        if not isinstance(item, dict):
            raise NotVerified(f"{MANIFEST} lists a file that is none.")
        path, digest = field(item, "path", str, MANIFEST), field(item, "digest", str, MANIFEST)
        if not PATH.fullmatch(path) or not DIGEST.fullmatch(digest) or path in paths:
            raise NotVerified(f"{MANIFEST} lists {shown(path)} in a way that cannot be right.")
        paths.add(path)
        _check_file(folder / path, path, field(item, "size", int, MANIFEST), digest, data_digests.get(path))
    if lacking := data_digests.keys() - paths:
        raise NotVerified(f"{MANIFEST} does not list {min(lacking)}, though the log includes its expert.")
    for path, digest in included.papers.items():
        if path in paths or path == SIGNATURE:
            raise NotVerified(f"{LEAF} names {path}, which is no paper.")
        paths.add(path)
        if f"sha256:{hashlib.sha256(read_file(folder / path, limit=MAX_PAPER)).hexdigest()}" != digest:
            raise NotVerified(f"{path} was changed: it is not the paper whose digest the log holds.")
    there = files_in(folder)
    for found in sorted(there):
        if found not in paths | {SIGNATURE}:
            raise NotVerified(f"{shown(found)} is in the folder, but not in {MANIFEST}; remove it before loading.")
    return there


def files_in(folder: Path) -> set[str]:
    """What lies in a model's folder, but for what clients lay there."""
    found = {item for item in folder.iterdir() if item.name not in NOT_OURS}
    inside = {deeper for item in found if item.is_dir() for deeper in item.rglob("*") if not deeper.is_dir()}
    return {item.relative_to(folder).as_posix() for item in inside | {item for item in found if not item.is_dir()}}


def _check_file(file: Path, path: str, size: int, digest: str, data_digest: str | None) -> None:
    try:
        if file.stat().st_size != size:
            raise NotVerified(f"{path} has {file.stat().st_size} bytes; {MANIFEST} says {size}.")
        found, data = digest_of(file, path)
    except OSError as fault:
        raise NotVerified(f"{path} is in {MANIFEST}, but cannot be read: {fault.strerror}.") from fault
    if found != digest:
        raise NotVerified(f"{path} was changed: it is not the file that {MANIFEST} lists.")
    if data_digest is not None and data != data_digest:
        raise NotVerified(f"{path} holds other weights than those of the version that the log includes.")
