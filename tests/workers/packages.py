"""Small packages as they come from outside, and their way into the store and the rows."""

import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.utils import timezone

from client.signing import KeyPair, make_key, sign_package
from flexcore.cards import anchor_card
from flexcore.config import Architecture, olmo2_config
from flexcore.layout import expert_layout, router_layout, shared_layout
from flexcore.package import AnchorContents, Contents
from flexcore.packing import write_anchor_package
from flexcore.training.tokenizer import FILES, save_tokenizer, train_tokenizer
from registry import storage
from registry.accounts.models import SigningKey
from registry.compositions.actions import request_model
from registry.compositions.models import Composition
from registry.digests import sha256
from registry.experts.models import Anchor, AnchorState, ExpertVersion, UploadedFile, VersionState
from tests.factories import CY, make_anchor, make_expert, make_version
from tests.factories import make_key as register
from tests.flexcore.packages import ELSEWHERE, random_tensors
from tests.flexcore.packages import make_expert as write_expert
from workers.probe_text import DOCUMENTS

SMALL = Architecture(
    vocab_size=300,
    hidden_size=32,
    intermediate_size=48,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=4,
    max_position_embeddings=64,
    rms_norm_eps=1e-6,
    rope_theta=10_000.0,
    pad_token_id=1,
    eos_token_id=0,
    dtype="F32",
)
Spoil = Callable[[Path], None]


@dataclass(frozen=True, slots=True)
class Brought:
    """A package on this machine, and what its writer read back of it."""

    folder: Path
    contents: Contents


@dataclass(frozen=True, slots=True)
class Home:
    """What was trained and packed at home: one anchor, two signed experts beside it, and the key."""

    folder: Path
    anchor_folder: Path
    anchor: AnchorContents
    key: KeyPair
    drama: Brought
    code: Brought


def make_home(folder: Path) -> Home:
    anchor = write_anchor(folder / "anchor")
    key = make_key(folder / "keys", name="playhouse")
    experts = {}
    for name in ("drama", "code"):
        contents = write_expert(folder / name, anchor_digest=anchor.digest, architecture=SMALL, seed=name)
        sign_package(folder / name, private_key=key.private)
        experts[name] = Brought(folder / name, contents)
    return Home(folder, folder / "anchor", anchor, key, **experts)


def write_anchor(
    folder: Path,
    *,
    tokenizer: dict[str, bytes] | None = None,
    architecture: Architecture = SMALL,
    scale: float = 0.3,
) -> AnchorContents:
    d = architecture.dimensions
    draw = partial(random_tensors, seed="public", scale=scale)
    return write_anchor_package(
        folder,
        config=olmo2_config(architecture),
        shared=draw(shared_layout(architecture)),
        expert=draw(expert_layout(d)),
        router=draw(router_layout(d, bias=False)),
        tokenizer=tokenizer or real_tokenizer(folder.parent),
        card=anchor_card(
            dimensions=d,
            embedder="all-MiniLM-L6-v2",
            embedder_digest=ELSEWHERE,
            projection_seed=7,
            public_vector=[0.5, -0.25],
            training={"steps": 10},
        ),
    )


def real_tokenizer(aside: Path) -> dict[str, bytes]:
    save_tokenizer(train_tokenizer(DOCUMENTS, vocab_size=SMALL.vocab_size), aside, positions=64)
    return {name: (aside / name).read_bytes() for name in FILES}


def spoiled(brought: Brought, to: Path, spoil: Spoil) -> Path:
    """A copy of a package, changed after it was packed and signed."""
    shutil.copytree(brought.folder, to)
    spoil(to)
    return to


def bring_anchor(home: Home, *, state: str = AnchorState.VERIFIED, folder: Path | None = None) -> Anchor:
    """The anchor's row and its files, as if uploaded."""
    known: dict[str, Any] = {}
    if state == AnchorState.VERIFIED:
        contents = home.anchor
        known = {
            "digest": contents.digest,
            "data_digest": contents.data_digest,
            "architecture": asdict(contents.architecture),
            "card": dict(contents.card),
        }
    anchor = make_anchor(state=state, **known)
    store(folder or home.anchor_folder, anchor=anchor)
    return anchor


def register_key(home: Home, organisation: str = "playhouse") -> SigningKey:
    return register(organisation, public_key=home.key.public_pem)


def bring_version(
    folder: Path, anchor: Anchor, *, expert: str = "drama", state: str = VersionState.SUBMITTED, **fields: Any
) -> ExpertVersion:
    """The version's row, its evidence and its files, as if uploaded."""
    version = make_version(make_expert(expert, anchor=anchor), state=state, **fields)
    store(folder, version=version)
    return version


def bring_approved(brought: Brought, anchor: Anchor, *, expert: str, **fields: Any) -> ExpertVersion:
    """As if it had been verified and reviewed."""
    contents = brought.contents
    found = {"data_digest": contents.data_digest, "router_digest": contents.router_digest}
    return bring_version(brought.folder, anchor, expert=expert, state=VersionState.APPROVED, **(found | fields))


def store(folder: Path, **home: Any) -> list[UploadedFile]:
    """Each file of the folder under a key of its own, and its row with true size and digest."""
    rows = []
    for path in sorted(folder.iterdir()):
        data, key = path.read_bytes(), f"uploads/{uuid4()}/{path.name}"
        storage.put(key, data)
        row = UploadedFile(path=path.name, size=len(data), sha256=sha256(data), key=key, part_size=5 * 2**20, **home)
        row.completed_at = timezone.now()
        row.save()
        rows.append(row)
    return rows


def requested(*, name: str = "reader", experts: tuple[str, ...] = ("drama", "code"), **wish: Any) -> Composition:
    """A consumer's request, allowed and ready to be composed."""
    return request_model(
        "library",
        name,
        anchor="small",
        experts=[f"playhouse/{expert}" for expert in experts],
        purpose="research",
        by=CY,
        **wish,
    )


def bring_both(home: Home) -> None:
    anchor = bring_anchor(home)
    for name in ("drama", "code"):
        bring_approved(getattr(home, name), anchor, expert=name)
