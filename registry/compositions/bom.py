"""bom.cdx.json: the bill of materials of a composition, as CycloneDX 1.6 writes it for models. Pure, and without time.

The experts are components with their digests, owners and licences; what an owner says of the data stands in the model
card of the expert. Every string of an owner is a JSON string here and nothing else.
"""

from collections.abc import Sequence
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from registry.compositions.credits import AnchorCredit, ExpertCredit, licence_files, line, outbound
from registry.digests import canonical, sha256

FILE = "bom.cdx.json"
SCHEMA = "http://cyclonedx.org/schema/bom-1.6.schema.json"
WHOLE, ANCHOR = "model", "anchor"
KIND = "machine-learning-model"


def bom_of(anchor: AnchorCredit, experts: Sequence[ExpertCredit], *, recipe_digest: str, tuned: bool = False) -> bytes:
    """Canonical JSON. Its serial number follows from its content."""
    refs = [_ref(expert) for expert in experts]
    bom: dict[str, Any] = {
        "$schema": SCHEMA,
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "tools": {"components": [{"type": "application", "name": "guildhall"}]},
            "component": _whole(anchor, experts, recipe_digest, tuned=tuned),
        },
        "components": [_anchor(anchor), *map(_expert, experts)],
        "dependencies": [
            {"ref": WHOLE, "dependsOn": [ANCHOR, *refs]},
            {"ref": ANCHOR},
            *({"ref": ref, "dependsOn": [ANCHOR]} for ref in refs),
        ],
    }
    return canonical(bom | {"serialNumber": f"urn:uuid:{uuid5(NAMESPACE_URL, sha256(canonical(bom)))}"})


def _whole(anchor: AnchorCredit, experts: Sequence[ExpertCredit], recipe_digest: str, *, tuned: bool) -> dict[str, Any]:
    return {
        "type": KIND,
        "bom-ref": WHOLE,
        "name": f"composed-{recipe_digest.removeprefix('sha256:')[:12]}",
        "description": "Experts of several owners beside one public model, stacked without changing a weight.",
        "licenses": [{"expression": outbound(anchor, experts)}],
        "modelCard": {
            "modelParameters": {
                "task": "text-generation",
                "architectureFamily": "mixture-of-experts transformer",
                "modelArchitecture": "FlexOlmoForCausalLM",
            }
        },
        "properties": [
            _property("recipe-digest", recipe_digest),
            *([_property("router-rows", "tuned on public text, with every expert taking part")] if tuned else []),
        ],
    }


def _anchor(anchor: AnchorCredit) -> dict[str, Any]:
    return {
        "type": KIND,
        "bom-ref": ANCHOR,
        "name": line(anchor.name),
        "hashes": [_hash(anchor.digest)],
        "licenses": [{"expression": anchor.licence, "acknowledgement": "declared"}],
        "modelCard": {"modelParameters": {"task": "text-generation", "modelArchitecture": "Olmo2ForCausalLM"}},
        "properties": [_property("slot", "0"), *_texts(anchor)],
    }


def _expert(expert: ExpertCredit) -> dict[str, Any]:
    """The hash is the version's data digest: over its tensors' names, types and shapes, and then their bytes."""
    group, _, name = expert.name.partition("/")
    held = {"expression": expert.licence, "acknowledgement": "concluded" if expert.concluded else "declared"}
    component: dict[str, Any] = {
        "type": KIND,
        "bom-ref": _ref(expert),
        "supplier": {"name": line(expert.owner)},
        "group": group,
        "name": name,
        "version": str(expert.version),
        "description": line(expert.title),
        "hashes": [_hash(expert.data_digest)],
        "licenses": [held],
        "modelCard": {"modelParameters": _parameters(expert)},
        "properties": [
            _property("slot", str(expert.slot)),
            _property("licence-declared", expert.declared),
            *_texts(expert),
        ],
    }
    told = expert.described
    said = {
        "trained-by": told.trained_by,
        "code": told.code,
        "languages": told.languages,
        "signed-with": told.signed_with,
    }
    component["properties"] += [_property(label, line(text)) for label, text in said.items() if text.strip()]
    if expert.attribution.strip():
        component["copyright"] = line(expert.attribution)
    return component


def _parameters(expert: ExpertCredit) -> dict[str, Any]:
    told = expert.described
    data: dict[str, Any] = {
        "type": "dataset",
        "governance": {"owners": [{"organization": {"name": line(expert.owner)}}]},
    }
    for label, text in (("name", told.data_name), ("description", told.dataset)):
        if text.strip():
            data[label] = line(text)
    if told.personal_data:
        data["sensitiveData"] = [line(kind) for kind in told.personal_data]
    parameters: dict[str, Any] = {
        "task": "text-generation",
        "architectureFamily": "feed-forward expert of a transformer",
        "datasets": [data],
    }
    return parameters


def _texts(part: AnchorCredit | ExpertCredit) -> list[dict[str, str]]:
    return [_property("licence-text", path) for path in licence_files(part)]


def _ref(expert: ExpertCredit) -> str:
    return f"expert:{expert.full_name}"


def _hash(digest: str) -> dict[str, str]:
    return {"alg": "SHA-256", "content": digest.removeprefix("sha256:")}


def _property(name: str, value: str) -> dict[str, str]:
    return {"name": f"guildhall:{name}", "value": value}
