"""The papers of a build: what stands beside a revision and is no part of its digest. Read only; the same build, the
same bytes.

`decision.intoto.json` says which policies let each expert in, for whom and for what; `provenance.intoto.json` how the
files came to be and out of what. The log's entry names both by digest. `model.sig` is made last, over all the others.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from django.conf import settings

from flexcore.manifest import MANIFEST
from registry.audit.keys import model_signer
from registry.audit.statements import STATEMENT, envelope_of, sign, signed_text
from registry.compositions.models import Composition
from registry.compositions.queries import versions_in
from registry.digests import canonical
from registry.policy.models import Decision

DECISION, PROVENANCE, SIGNATURE = "decision.intoto.json", "provenance.intoto.json", "model.sig"
DECIDED = "https://guildhall.dev/decision/v1"
BUILT = "https://slsa.dev/provenance/v1"
BUILD_TYPE = "https://guildhall.dev/composition/v1"
SIGNED = "https://model_signing/signature/v1.0"
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
# What lies in a download and is nobody's work: clients' notes, git's files, and the signature itself.
IGNORED = (".cache", ".git", ".gitattributes", ".github", ".gitignore", SIGNATURE)


def papers_of(composition: Composition, digests: Mapping[str, str]) -> dict[str, bytes]:
    """The two statements as signed envelopes. `digests` are the plain SHA-256 (hex) of the revision's files."""
    return {
        DECISION: canonical(sign(_statement({MANIFEST: digests[MANIFEST]}, DECIDED, _decision(composition))).envelope),
        PROVENANCE: canonical(sign(_statement(digests, BUILT, _provenance(composition))).envelope),
    }


def _statement(files: Mapping[str, str], kind: str, predicate: dict[str, Any]) -> dict[str, Any]:
    return {
        "_type": STATEMENT,
        "subject": [{"name": path, "digest": {"sha256": digest}} for path, digest in sorted(files.items())],
        "predicateType": kind,
        "predicate": predicate,
    }


def _decision(composition: Composition) -> dict[str, Any]:
    """Of each expert the newest decision that the build stands on."""
    newest = {row.version_id: row for row in composition.decisions.order_by("created_at", "id")}
    model = composition.model
    return {
        "model": str(model),
        "revision": composition.revision,
        "consumer": model.organisation.slug,
        "purpose": model.purpose,
        "policySets": sorted({row.set_hash for row in newest.values()}),
        "decisions": [
            {"slot": slot, "version": str(version), "dataDigest": version.data_digest, **_told(newest[version.id])}
            for slot, version in versions_in(composition)
            if version.id in newest
        ],
    }


def _told(decision: Decision) -> dict[str, Any]:
    return {
        "decision": str(decision.id),
        "action": decision.action,
        "purpose": decision.purpose,
        "allowed": decision.allowed,
        "reasons": decision.reasons,
        "policySet": decision.set_hash,
        "inputsDigest": decision.inputs_digest,
        "decidedAt": decision.created_at.isoformat(),
    }


def _provenance(composition: Composition) -> dict[str, Any]:
    recipe = composition.recipe
    sources = [("anchor", recipe["anchor_digest"], "the list of the anchor's files")]
    for expert in recipe["experts"]:
        name = f"{expert['name']}@{expert['version']}"
        sources.append((name, expert["data_digest"], "names, types and shapes of the weights, and then their bytes"))
        sources.append((f"{name}/router.safetensors", expert["router_digest"], "the file"))
    return {
        "buildDefinition": {
            "buildType": BUILD_TYPE,
            "externalParameters": {"recipe": recipe, "model": str(composition.model)},
            "internalParameters": {"recipeDigest": composition.recipe_digest, "revision": composition.revision},
            "resolvedDependencies": [
                {"name": name, "digest": {"sha256": digest.removeprefix("sha256:")}, "annotations": {"digestOf": what}}
                for name, digest, what in sources
            ],
        },
        "runDetails": {
            "builder": {"id": settings.GUILDHALL_URL},
            "metadata": {"invocationId": str(composition.id), "startedOn": composition.created_at.isoformat()},
        },
    }


def signature_of(name: str, digests: Mapping[str, str]) -> bytes:
    """model.sig over files with these plain SHA-256 (hex): an OpenSSF Model Signing bundle, as their tool writes it.

    Made out of digests alone, so that whoever signs need not have the files.
    """
    root = hashlib.sha256(b"".join(bytes.fromhex(digest) for _, digest in sorted(digests.items()))).hexdigest()
    payload = json.dumps(
        {
            "_type": STATEMENT,
            "subject": [{"name": name, "digest": {"sha256": root}}],
            "predicateType": SIGNED,
            "predicate": {
                "serialization": {
                    "method": "files",
                    "hash_type": "sha256",
                    "allow_symlinks": False,
                    "ignore_paths": list(IGNORED),
                },
                "resources": [
                    {"name": path, "algorithm": "sha256", "digest": digest} for path, digest in sorted(digests.items())
                ],
            },
        }
    ).encode()
    key = model_signer()
    bundle = {
        "mediaType": BUNDLE,
        "verificationMaterial": {"publicKey": {"hint": key.hint}, "tlogEntries": []},
        "dsseEnvelope": envelope_of(payload, keyid="", signature=key.sign(signed_text(payload))),
    }
    return json.dumps(bundle, indent=1).encode() + b"\n"
