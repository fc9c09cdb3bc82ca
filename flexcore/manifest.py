"""What a composition is: its recipe, the digest of each of its files, and the revision that follows from both.

`plan` says all of it before a byte moves; a folder and an object store are filled from the same plan, so the
same recipe has the same files and the same revision everywhere.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import rfc8785

from flexcore.config import flexolmo_config, generation_config
from flexcore.headers import layout_size
from flexcore.layout import expert_layout
from flexcore.package import AnchorFiles, ExpertFiles
from flexcore.shards import (
    INDEX,
    MAX_EXPERTS,
    ROUTER,
    SHARED,
    check_tuned,
    index_file,
    json_file,
    router_file,
    shard_digest,
    shard_path,
    slot_header,
)
from flexcore.untrusted import DIGEST, Fields, Malformed, parse_json, shown
from flexcore.weights import sha256

FORMAT = "guildhall-manifest/1"
TUNING = "guildhall-router-tuning/1"
MANIFEST = "guildhall-manifest.json"
MAX_MANIFEST = 2**20
TEXT_PATH = re.compile(r"(README\.md|NOTICE|LICENSE|LICENSES/[A-Za-z0-9][A-Za-z0-9.+-]{0,99}\.txt|bom\.cdx\.json)")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}/[A-Za-z0-9][A-Za-z0-9._-]{0,95}")


@dataclass(frozen=True, slots=True)
class ExpertEntry:
    """An expert version's place in a recipe."""

    name: str  # "organisation/expert"
    version: int
    data_digest: str
    router_digest: str
    registration: int  # given once to the expert for its anchor, never reused

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):
            raise Malformed(f"{shown(self.name)} is no expert's name; write organisation/expert.")
        for digest in (self.data_digest, self.router_digest):
            _check_digest(digest)
        if self.version < 1 or self.registration < 1:
            raise Malformed(f"{self.name}: version and registration number are counted from 1; correct them.")


@dataclass(frozen=True, slots=True)
class Tuning:
    """How router rows were tuned after the merge, and on which public text. All experts of the recipe took part."""

    method: str
    public_text: str  # digest
    steps: int
    batch: int
    positions: int
    learning_rate: str  # as text: every reader writes numbers with a point in its own way
    seed: int

    def __post_init__(self) -> None:
        _check_digest(self.public_text)

    @classmethod
    def usual(cls, public_text: str) -> "Tuning":
        return cls(TUNING, public_text, steps=40, batch=4, positions=256, learning_rate="0.001", seed=0)


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a composition is made of. The experts stand by registration number, in whatever order they were given."""

    anchor_digest: str
    experts: tuple[ExpertEntry, ...]
    top_k: int
    tuning: Tuning | None = None

    def __post_init__(self) -> None:
        _check_digest(self.anchor_digest)
        object.__setattr__(self, "experts", tuple(sorted(self.experts, key=lambda e: e.registration)))
        for before, after in pairwise(self.experts):
            if before.registration == after.registration:
                raise Malformed(
                    f"{before.name} and {after.name} share the registration number {after.registration};"
                    " take one version of each expert."
                )
        if self.num_experts > MAX_EXPERTS:
            raise Malformed(f"A model has at most {MAX_EXPERTS - 1} experts beside the public one; take fewer.")
        if not 1 <= self.top_k <= self.num_experts:
            raise Malformed(f"top_k is {self.top_k}; choose it from 1 to {self.num_experts}.")

    @property
    def num_experts(self) -> int:
        """With the public one."""
        return 1 + len(self.experts)

    def value(self) -> dict[str, Any]:
        """As it stands in JSON. A tuning names who took part, since of each something is left in the others' rows."""
        value: dict[str, Any] = {
            "anchor_digest": self.anchor_digest,
            "experts": [asdict(expert) for expert in self.experts],
            "top_k": self.top_k,
        }
        if self.tuning is not None:
            participants = [expert.data_digest for expert in self.experts]
            value["tuning"] = asdict(self.tuning) | {"participants": participants}
        return value


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file of a composition. The digest of a shard is its shard digest; of every other file its sha256."""

    path: str
    size: int
    digest: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """A recipe and its result. It holds no time and no order of events: the same recipe, the same bytes."""

    recipe: Recipe
    files: tuple[FileEntry, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "files", tuple(sorted(self.files, key=lambda file: file.path)))

    def canonical(self) -> bytes:
        """RFC 8785, the content of guildhall-manifest.json."""
        files = [asdict(file) for file in self.files]
        return rfc8785.dumps({"format": FORMAT, "recipe": self.recipe.value(), "files": files})

    def revision(self) -> str:
        return sha256(self.canonical()).removeprefix("sha256:")[:40]


def recipe_digest(recipe: Recipe) -> str:
    return sha256(rfc8785.dumps(recipe.value()))


def read_manifest(data: bytes) -> Manifest:
    """A manifest from outside; anything but the canonical bytes of a manifest is refused."""
    fields = Fields(parse_json(data, MANIFEST, max_bytes=MAX_MANIFEST), MANIFEST)
    if fields.value.get("format") != FORMAT:
        fields.refuse("format", f'"{FORMAT}"')
    recipe = fields.section("recipe")
    experts = tuple(
        ExpertEntry(
            name=e.text("name"),
            version=e.integer("version"),
            data_digest=e.digest("data_digest"),
            router_digest=e.digest("router_digest"),
            registration=e.integer("registration"),
        )
        for e in recipe.sections("experts")
    )
    files = tuple(
        FileEntry(path=f.text("path"), size=f.integer("size"), digest=f.digest("digest"))
        for f in fields.sections("files")
    )
    tuning = _read_tuning(recipe.section("tuning")) if "tuning" in recipe.value else None
    found = Manifest(Recipe(recipe.digest("anchor_digest"), experts, recipe.integer("top_k"), tuning), files)
    if found.canonical() != data:
        raise Malformed(f"{MANIFEST} is not in its canonical form; write it as RFC 8785 JSON.")
    return found


def _read_tuning(fields: Fields) -> Tuning:
    return Tuning(
        method=fields.text("method"),
        public_text=fields.digest("public_text"),
        steps=fields.integer("steps"),
        batch=fields.integer("batch"),
        positions=fields.integer("positions"),
        learning_rate=fields.text("learning_rate"),
        seed=fields.integer("seed"),
    )


@dataclass(frozen=True, slots=True)
class Shard:
    """A file to make: `header`, and behind it `data_size` bytes of the source from `data_offset` on."""

    path: str
    slot: int  # 0 is the public expert, n the n-th expert of the recipe
    header: bytes
    data_offset: int
    data_size: int
    data_digest: str
    digest: str

    @property
    def size(self) -> int:
        return len(self.header) + self.data_size


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that a composition will be. The shared file is the anchor's, byte for byte."""

    shared: FileEntry
    shards: tuple[Shard, ...]
    small: Mapping[str, bytes]  # every other file, guildhall-manifest.json among them
    manifest: Manifest


def plan(
    recipe: Recipe,
    anchor: AnchorFiles,
    experts: Sequence[ExpertFiles],
    *,
    texts: Mapping[str, bytes],
    tuned: bytes | None = None,
) -> Plan:
    """What this recipe gives; `experts` in the order of `recipe.experts`, `texts` the README, NOTICE and licences.

    Where the recipe has a tuning, `tuned` is the model's router.safetensors as the tuning left it.
    """
    check_texts(texts)
    _check_sources(recipe, anchor, experts)
    if (recipe.tuning is None) != (tuned is None):
        raise Malformed("A recipe with a tuning takes a tuned router, and no other does; give what the recipe says.")
    architecture, dimensions = anchor.architecture, anchor.architecture.dimensions
    sources = [anchor.expert, *experts]
    data_size = layout_size(expert_layout(dimensions), dimensions.dtype)
    shards = []
    for slot, source in enumerate(sources):
        header = slot_header(dimensions, slot)
        digest = shard_digest(header, source.data_digest)
        path = shard_path(slot)
        shards.append(Shard(path, slot, header, source.data_offset, data_size, source.data_digest, digest))
    shared = FileEntry(SHARED, anchor.shared_size, anchor.shared_digest)
    stacked = router_file([source.router for source in sources], dimensions)
    config = flexolmo_config(architecture, num_experts=len(sources), top_k=recipe.top_k)
    small = {
        "config.json": json_file(config),
        "generation_config.json": json_file(generation_config(architecture)),
        INDEX: index_file(architecture, len(sources)),
        ROUTER: stacked if tuned is None else check_tuned(tuned, stacked, dimensions, num_experts=len(sources)),
        **anchor.tokenizer,
        **texts,
    }
    files = [shared, *(FileEntry(shard.path, shard.size, shard.digest) for shard in shards)]
    files += [FileEntry(path, len(data), sha256(data)) for path, data in small.items()]
    manifest = Manifest(recipe, tuple(files))
    return Plan(shared, tuple(shards), small | {MANIFEST: manifest.canonical()}, manifest)


def check_texts(texts: Mapping[str, bytes]) -> None:
    """Only the governance files by name: none can take the place of a file that a loader reads."""
    for path in texts:
        if not TEXT_PATH.fullmatch(path):
            raise Malformed(f"{shown(path)} is no text of a composition; name it README.md, NOTICE or LICENSES/X.txt.")


def _check_sources(recipe: Recipe, anchor: AnchorFiles, experts: Sequence[ExpertFiles]) -> None:
    if recipe.anchor_digest != anchor.digest:
        raise Malformed(
            f"The recipe asks for the anchor {recipe.anchor_digest}, but {anchor.digest} was given; give the former."
        )
    if len(experts) != len(recipe.experts):
        raise Malformed(
            f"The recipe names {len(recipe.experts)} experts, but {len(experts)} were given; give each once."
        )
    for entry, files in zip(recipe.experts, experts, strict=True):
        if (entry.data_digest, entry.router_digest) != (files.data_digest, sha256(files.router)):
            raise Malformed(
                f"The files given for {entry.name} are not those of the recipe; give its version {entry.version}."
            )


def _check_digest(digest: str) -> None:
    if not DIGEST.fullmatch(digest):
        raise Malformed(f"{shown(digest)} is no digest; write sha256: and 64 hexadecimal digits.")
