"""The expert package and the anchor package, read as from a stranger.

Each file is gone through once, forwards, and never more of it held than a piece; every refusal is a Malformed.
"""

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rfc8785

from flexcore.cards import MAX_CARD, read_anchor_card, read_data_card, read_expert_card
from flexcore.config import Architecture, Dimensions
from flexcore.files import Files, SourceFile, check_names, folder_files, read_small
from flexcore.headers import Header, TensorEntry, read_header
from flexcore.layout import Layout, expert_layout, router_layout, shared_layout
from flexcore.samples import Measured
from flexcore.untrusted import Malformed, parse_json
from flexcore.weights import Weights, data_digest, read_weights, sha256

__all__ = [
    "AnchorContents",
    "AnchorFiles",
    "Contents",
    "ExpertFiles",
    "Header",
    "Malformed",
    "TensorEntry",
    "check_anchor_files",
    "check_anchor_package",
    "check_expert_files",
    "check_expert_names",
    "check_expert_package",
    "data_digest",
    "read_header",
]

ALIGNMENT = 4096  # what a file system needs to share blocks between two files
MAX_ROUTER = 2**28
MAX_TOKENIZER = 2**26
SIGNATURE = "model.sig"
EXPERT_NAMES = ("expert.safetensors", "router.safetensors", "expert.json", "data-card.json")
TOKENIZER_NAMES = ("tokenizer.json", "tokenizer_config.json")
ANCHOR_NAMES = (
    "config.json",
    "shared.safetensors",
    "expert.safetensors",
    "router.safetensors",
    *TOKENIZER_NAMES,
    "anchor.json",
)


@dataclass(frozen=True, slots=True)
class ExpertFiles:
    """All that composing has to know of a stored expert: enough to name its tensors, without reading one."""

    data_offset: int  # where the data begins in its expert.safetensors
    data_digest: str
    router: bytes  # its router.safetensors


@dataclass(frozen=True, slots=True)
class AnchorFiles:
    """All that composing has to know of a stored anchor."""

    architecture: Architecture
    digest: str
    shared_size: int
    shared_digest: str
    expert: ExpertFiles  # the public expert
    tokenizer: Mapping[str, bytes]  # tokenizer.json and tokenizer_config.json


@dataclass(frozen=True, slots=True)
class Contents:
    """An expert package that was read to its end and found whole."""

    dimensions: Dimensions
    anchor_digest: str
    expert_header: Header
    data_digest: str
    router_digest: str
    router: bytes
    has_bias: bool
    file_digests: Mapping[str, str]
    file_sizes: Mapping[str, int]
    card: Mapping[str, Any]
    data_card: Mapping[str, Any]
    measured: Mapping[str, Measured]  # of the expert's tensors

    @property
    def files(self) -> ExpertFiles:
        return ExpertFiles(self.expert_header.data_offset, self.data_digest, self.router)


@dataclass(frozen=True, slots=True)
class AnchorContents:
    """An anchor package that was read to its end and found whole."""

    architecture: Architecture
    digest: str
    data_digest: str  # of the public expert
    router_digest: str
    shared_header: Header
    expert_header: Header
    router: bytes
    tokenizer: Mapping[str, bytes]
    file_digests: Mapping[str, str]
    file_sizes: Mapping[str, int]
    card: Mapping[str, Any]
    measured: Mapping[str, Measured]  # of the public expert's tensors

    @property
    def files(self) -> AnchorFiles:
        return AnchorFiles(
            architecture=self.architecture,
            digest=self.digest,
            shared_size=self.file_sizes["shared.safetensors"],
            shared_digest=self.file_digests["shared.safetensors"],
            expert=ExpertFiles(self.expert_header.data_offset, self.data_digest, self.router),
            tokenizer=self.tokenizer,
        )


def check_expert_package(
    folder: Path,
    *,
    anchor_digest: str | None = None,
    architecture: Architecture | None = None,
    signed: bool = False,
) -> Contents:
    """Read an expert package from a folder; see `check_expert_files`."""
    return check_expert_files(
        folder_files(folder), anchor_digest=anchor_digest, architecture=architecture, signed=signed
    )


def check_expert_names(names: Iterable[str], *, signed: bool = False) -> None:
    """Exactly the files of an expert package; the signature may be missing unless `signed`."""
    required = (*EXPERT_NAMES, SIGNATURE) if signed else EXPERT_NAMES
    check_names(names, required=required, optional=(SIGNATURE,))


def check_expert_files(
    files: Files,
    *,
    anchor_digest: str | None = None,
    architecture: Architecture | None = None,
    signed: bool = False,
) -> Contents:
    """Whole, well-formed and finite, and made beside the anchor where one is named; else Malformed.

    What is small is checked first, so a wrong package is refused before its weights are read. Whether the
    signature is the owner's is not decided here.
    """
    check_expert_names(files, signed=signed)
    small = {name: read_small(files, name, max_bytes=MAX_CARD) for name in ("expert.json", "data-card.json")}
    if SIGNATURE in files:
        small[SIGNATURE] = read_small(files, SIGNATURE, max_bytes=MAX_CARD)
        parse_json(small[SIGNATURE], SIGNATURE, max_bytes=MAX_CARD)
    card = read_expert_card(small["expert.json"])
    described = read_data_card(small["data-card.json"])
    if anchor_digest is not None and card.anchor_digest != anchor_digest:
        raise Malformed(
            f"This expert was trained beside the anchor {card.anchor_digest}, not beside {anchor_digest};"
            " upload it for that anchor or train it again beside this one."
        )
    if architecture is not None and card.dimensions != architecture.dimensions:
        raise Malformed(
            f"expert.json tells of {card.dimensions}, the anchor is {architecture.dimensions};"
            " train beside this anchor."
        )
    router, has_bias, rows = _read_router(files, card.dimensions)
    expert = _read_expert(files, card.dimensions)
    digests = {name: sha256(data) for name, data in small.items()}
    digests |= {"router.safetensors": rows.file_digest, "expert.safetensors": expert.file_digest}
    return Contents(
        dimensions=card.dimensions,
        anchor_digest=card.anchor_digest,
        expert_header=expert.header,
        data_digest=expert.data_digest,
        router_digest=rows.file_digest,
        router=router,
        has_bias=has_bias,
        file_digests=digests,
        file_sizes={name: source.size for name, source in files.items()},
        card=card.value,
        data_card=described,
        measured=expert.measured,
    )


def measure_expert(file: SourceFile, d: Dimensions) -> Mapping[str, Measured]:
    """What `Contents.measured` says, from an expert.safetensors alone."""
    return _read_expert({"expert.safetensors": file}, d).measured


def check_anchor_package(folder: Path) -> AnchorContents:
    """Read an anchor package from a folder; see `check_anchor_files`."""
    return check_anchor_files(folder_files(folder))


def check_anchor_files(files: Files) -> AnchorContents:
    """Whole, well-formed and finite: every tensor that the architecture asks for and no other; else Malformed."""
    check_names(files, required=ANCHOR_NAMES)
    limits = {"config.json": MAX_CARD, "anchor.json": MAX_CARD} | dict.fromkeys(TOKENIZER_NAMES, MAX_TOKENIZER)
    small = {name: read_small(files, name, max_bytes=limit) for name, limit in limits.items()}
    architecture = Architecture.from_config(parse_json(small["config.json"], "config.json", max_bytes=MAX_CARD))
    card = read_anchor_card(small["anchor.json"], architecture.dimensions)
    _check_tokenizer(small)
    router, has_bias, rows = _read_router(files, architecture.dimensions)
    if has_bias:
        raise Malformed("router.safetensors: a public expert has no bias; leave layers.0.router.bias out.")
    shared = _read(files, "shared.safetensors", shared_layout(architecture), architecture.dtype, ordered=False)
    if shared.header.metadata != {"format": "pt"}:
        raise Malformed("shared.safetensors lacks the metadata format = pt, which loaders ask for; add it.")
    expert = _read_expert(files, architecture.dimensions)
    digests = {name: sha256(data) for name, data in small.items()} | {
        "shared.safetensors": shared.file_digest,
        "expert.safetensors": expert.file_digest,
        "router.safetensors": rows.file_digest,
    }
    return AnchorContents(
        architecture=architecture,
        digest=sha256(rfc8785.dumps(digests)),
        data_digest=expert.data_digest,
        router_digest=rows.file_digest,
        shared_header=shared.header,
        expert_header=expert.header,
        router=router,
        tokenizer={name: small[name] for name in TOKENIZER_NAMES},
        file_digests=digests,
        file_sizes={name: source.size for name, source in files.items()},
        card=card,
        measured=expert.measured,
    )


def _read(files: Files, name: str, layout: Layout, dtype: str, *, ordered: bool, aligned: int = 1) -> Weights:
    source = files[name]
    with source.open() as file:
        return read_weights(
            file, size=source.size, label=name, layout=layout, dtype=dtype, ordered=ordered, aligned=aligned
        )


def _read_expert(files: Files, d: Dimensions) -> Weights:
    return _read(files, "expert.safetensors", expert_layout(d), d.dtype, ordered=True, aligned=ALIGNMENT)


def _read_router(files: Files, d: Dimensions) -> tuple[bytes, bool, Weights]:
    """The router's bytes, whether it has a bias, and what was read."""
    name = "router.safetensors"
    data = read_small(files, name, max_bytes=MAX_ROUTER)
    header = read_header(io.BytesIO(data), size=len(data), label=name)
    has_bias = any(entry.name.endswith(".bias") for entry in header.entries)
    layout = router_layout(d, bias=has_bias)
    rows = read_weights(io.BytesIO(data), size=len(data), label=name, layout=layout, dtype=d.dtype, ordered=False)
    return data, has_bias, rows


def _check_tokenizer(small: Mapping[str, bytes]) -> None:
    for name in TOKENIZER_NAMES:
        found = parse_json(small[name], name, max_bytes=MAX_TOKENIZER, max_depth=32)
        if "auto_map" in found:
            raise Malformed(f"{name} names code to run (auto_map); leave it out and use a standard tokenizer.")
