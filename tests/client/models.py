"""A composed model as a consumer has it on disk: made by flexcore, and included in a small log."""

import base64
import hashlib
import json
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rfc8785

from flexcore.manifest import MANIFEST, read_manifest, recipe_digest
from flexcore.merging.flexolmo import Member, compose
from tests.flexcore.packages import make_anchor, make_expert
from tests.small_log import Signer, SmallLog

STATEMENTS = Signer("log.example/statements", seed=b"8" * 32)
EXPERTS = ("drama", "law")
PAPERS = {
    "decision.intoto.json": "https://guildhall.dev/decision/v1",
    "provenance.intoto.json": "https://slsa.dev/provenance/v1",
}


def make_model(folder: Path, *, texts: Mapping[str, bytes] | None = None) -> Path:
    """Two experts beside the public one, under `folder`/model, without a proof."""
    anchor = make_anchor(folder / "anchor")
    members = []
    for number, name in enumerate(EXPERTS, start=1):
        make_expert(folder / name, anchor_digest=anchor.digest, seed=name)
        members.append(Member(folder / name, f"playhouse/{name}", 1, number))
    compose(folder / "anchor", members, folder / "model", top_k=2, texts=texts)
    return folder / "model"


def add_papers(model: Path) -> dict[str, str]:
    """Statements that say little, beside the model; by name, the digest that the log's entry is to hold."""
    named = {}
    for name, kind in PAPERS.items():
        statement = base64.b64encode(json.dumps({"predicateType": kind}).encode()).decode()
        data = json.dumps({"payload": statement}, separators=(",", ":")).encode()
        (model / name).write_bytes(data)
        named[name] = f"sha256:{hashlib.sha256(data).hexdigest()}"
    return named


def included(model: Path, **changes: object) -> dict[str, Any]:
    """The entry that includes the model."""
    data = (model / MANIFEST).read_bytes()
    manifest = read_manifest(data)
    facts = {
        "model": "reader/stories",
        "consumer": "reader",
        "purpose": "research",
        "recipe_digest": recipe_digest(manifest.recipe),
        "revision": manifest.revision(),
        "manifest_digest": f"sha256:{hashlib.sha256(data).hexdigest()}",
        "inclusions": [
            {
                "version": f"{expert.name}@{expert.version}",
                "slot": slot,
                "data_digest": expert.data_digest,
                "status_index": 16 + slot,
            }
            for slot, expert in enumerate(manifest.recipe.experts, start=1)
        ],
    }
    return {
        "version": 1,
        "at": "2026-11-23T00:00:00.000000+00:00",
        "event": "composition.included",
        "about": "composition:1",
        "actor": "system:assembler",
        "facts": facts | changes,
    }


@dataclass(frozen=True)
class Published:
    """A log that includes one model and names the key that signs statements, as files to be served."""

    folder: Path
    log: SmallLog

    @property
    def key(self) -> str:
        return self.log.signer.vkey


def make_site(folder: Path, model: Path, entry: Mapping[str, Any], *, signs_models: str = "") -> Published:
    """Put the entry in a log, and its proof beside the model. The log may name a key that signs models, too."""
    key_added: dict[str, Any] = {"event": "log_key.added", "facts": {"purpose": "statements", "vkey": STATEMENTS.vkey}}
    leaf = rfc8785.dumps(dict(entry))
    recorded = [rfc8785.dumps(one) for one in _recorded(entry)]
    entries = [*SmallLog.of(300).entries, rfc8785.dumps(key_added), leaf, b"{}", *recorded]
    if signs_models:
        facts = {"purpose": "models", "vkey": signs_models}
        entries.append(rfc8785.dumps({"event": "log_key.added", "facts": facts}))
    log = SmallLog(entries)
    log.write(folder / "log")
    keys = [{"purpose": "log", "vkey": log.signer.vkey, "added": 0, "retired": None, "rotation": None}]
    keys += [{"purpose": "statements", "vkey": STATEMENTS.vkey, "added": 300, "retired": None, "rotation": None}]
    if signs_models:
        last = len(entries) - 1
        keys += [{"purpose": "models", "vkey": signs_models, "added": last, "retired": None, "rotation": None}]
    (folder / "log/keys.json").write_text(json.dumps({"origin": log.signer.name, "keys": keys}))
    (model / "inclusion.json").write_bytes(leaf)
    (model / "inclusion.tlog-proof").write_text(log.proof(301), encoding="utf-8")
    return Published(folder, log)


def _recorded(entry: Mapping[str, Any]) -> list[dict[str, Any]]:
    """An entry for each inclusion, about its version."""
    facts = {"composition": entry.get("about", "").removeprefix("composition:"), "consumer": "reader"}
    told = entry["facts"].get("inclusions", [])
    return [
        {"event": "inclusion.recorded", "about": one["version"], "at": entry["at"], "facts": facts}
        for one in told
        if isinstance(one, dict)
    ]


def status_list(
    states: Mapping[int, int], *, subject: str, signer: Signer = STATEMENTS, age: int = 5, **claims: object
) -> bytes:
    """A Token Status List of 64 versions with these states."""
    packed = bytearray(16)
    for index, state in states.items():
        packed[index // 4] |= state << index % 4 * 2
    issued = int(time.time()) - age
    listed = {"bits": 2, "lst": b64url(zlib.compress(bytes(packed)))}
    head = {"typ": "statuslist+jwt", "alg": "EdDSA", "kid": signer.name}
    body = {"sub": subject, "iat": issued, "exp": issued + 86_400, "ttl": 900, "status_list": listed} | claims
    text = f"{b64url(json.dumps(head).encode())}.{b64url(json.dumps(body).encode())}"
    return f"{text}.{b64url(signer.private.sign(text.encode()))}".encode()


def b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
