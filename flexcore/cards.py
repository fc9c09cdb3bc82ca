"""The papers inside a package: expert.json, data-card.json and anchor.json, made and read in one place.

Only what others rely on is required; what more an owner says is kept as it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from flexcore.config import Dimensions
from flexcore.untrusted import Fields, Malformed, parse_json

MAX_CARD = 2**20
EXPERT_FORMAT = "guildhall-expert/1"
ANCHOR_FORMAT = "guildhall-anchor/1"
PERSONAL = "rai:personalSensitiveInformation"


@dataclass(frozen=True, slots=True)
class ExpertCard:
    """What expert.json says, as far as anything is decided by it; `value` is all of it."""

    anchor_digest: str
    dimensions: Dimensions
    value: Mapping[str, Any]


def expert_card(
    *,
    anchor_digest: str,
    dimensions: Dimensions,
    training: Mapping[str, Any],
    domain_embedding: Mapping[str, Any],
    privacy: Mapping[str, Any],
    evaluation: Mapping[str, Any],
) -> dict[str, Any]:
    """expert.json, as the training writes it."""
    return {
        "format": EXPERT_FORMAT,
        "anchor": anchor_digest,
        "architecture": asdict(dimensions),
        "training": dict(training),
        "domain_embedding": dict(domain_embedding),
        "privacy": dict(privacy),
        "evaluation": dict(evaluation),
    }


def read_expert_card(data: bytes) -> ExpertCard:
    fields = Fields(parse_json(data, "expert.json", max_bytes=MAX_CARD), "expert.json")
    _check_format(fields, EXPERT_FORMAT)
    training = fields.section("training")
    training.integer("steps")
    training.integer("tokens")
    training.integer("seed")
    embedding = fields.section("domain_embedding")
    embedding.text("embedder")
    embedding.integer("documents", low=1)
    embedding.vector("vector")
    fields.section("privacy").text("mechanism")
    fields.section("evaluation")
    return ExpertCard(fields.digest("anchor"), Dimensions.from_card(fields.section("architecture")), dict(fields.value))


def data_card(
    *,
    name: str,
    licence: str,
    languages: Sequence[str],
    volume: str,
    collection: str,
    personal_data: Sequence[str] = (),
) -> dict[str, Any]:
    """data-card.json in Croissant's words. `personal_data` lists the kinds of it; an empty list says there is none."""
    return {
        "@context": {
            "@vocab": "https://schema.org/",
            "cr": "http://mlcommons.org/croissant/",
            "rai": "http://mlcommons.org/croissant/RAI/",
        },
        "@type": "Dataset",
        "name": name,
        "license": licence,
        "inLanguage": list(languages),
        "contentSize": volume,
        "rai:dataCollection": collection,
        PERSONAL: list(personal_data),
    }


def read_data_card(data: bytes) -> dict[str, Any]:
    found = parse_json(data, "data-card.json", max_bytes=MAX_CARD)
    fields = Fields(found, "data-card.json")
    fields.text("name", max_length=200)
    fields.text("license", max_length=500)
    fields.texts("inLanguage", least=1)
    fields.text("contentSize", max_length=200)
    fields.text("rai:dataCollection", max_length=20_000)
    fields.texts(PERSONAL)
    return found


def anchor_card(
    *,
    dimensions: Dimensions,
    embedder: str,
    embedder_digest: str,
    projection_seed: int,
    public_vector: Sequence[float],
    training: Mapping[str, Any],
) -> dict[str, Any]:
    """anchor.json: how the public model was made, and what turns a domain into a router row."""
    return {
        "format": ANCHOR_FORMAT,
        "architecture": asdict(dimensions),
        "embedder": {"name": embedder, "digest": embedder_digest},
        "projection_seed": projection_seed,
        "public_vector": [float(x) for x in public_vector],
        "training": dict(training),
    }


def read_anchor_card(data: bytes, dimensions: Dimensions) -> dict[str, Any]:
    found = parse_json(data, "anchor.json", max_bytes=MAX_CARD)
    fields = Fields(found, "anchor.json")
    _check_format(fields, ANCHOR_FORMAT)
    if Dimensions.from_card(fields.section("architecture")) != dimensions:
        raise Malformed("anchor.json and config.json tell of different architectures; write both from one model.")
    embedder = fields.section("embedder")
    embedder.text("name")
    embedder.digest("digest")
    fields.integer("projection_seed")
    fields.vector("public_vector")
    fields.section("training")
    return found


def _check_format(fields: Fields, wanted: str) -> None:
    if fields.value.get("format") != wanted:
        fields.refuse("format", f'"{wanted}"')
