"""An anchor and experts of random weights, signed, and brought to a running site as their owners would: so that a
benchmark of the service has something to serve.
"""

import hashlib
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from client import shapes
from client.api import Guildhall
from client.packages import push_anchor, push_version
from client.signing import KeyPair, make_key, sign_package
from client.waiting import wait_for_anchor, wait_for_version
from flexcore.cards import anchor_card, data_card, expert_card
from flexcore.config import Architecture, olmo2_config
from flexcore.layout import Layout, expert_layout, router_layout, shared_layout
from flexcore.packing import TensorData, write_anchor_package, write_expert_package
from flexcore.training.tokenizer import FILES, save_tokenizer, train_tokenizer

# An expert of 1.2 MB: large enough to be fetched from the object store, as every real one is.
SMALL = Architecture(
    vocab_size=300,
    hidden_size=64,
    intermediate_size=512,
    num_hidden_layers=3,
    num_attention_heads=4,
    num_key_value_heads=4,
    max_position_embeddings=64,
    rms_norm_eps=1e-6,
    rope_theta=10_000.0,
    pad_token_id=1,
    eos_token_id=0,
    dtype="F32",
)
TEXTS = ["A town keeps its books in the hall, and whoever asks may read them.", "Numbers: 0 1 2 3 4 5 6 7 8 9."]
PASSWORD = "a password for measuring"  # noqa: S105  of people who live for an hour
ANCHOR = "measured"


@dataclass(frozen=True, slots=True)
class Town:
    """Who takes part; each has a line of their own. `versions` by the expert's full name."""

    operator: Guildhall
    owner: Guildhall
    consumers: dict[str, Guildhall]  # by organisation
    versions: dict[str, shapes.Version]


def found_town(
    lines: ExitStack,
    url: str,
    *,
    operator: tuple[str, str],
    experts: Sequence[str],
    consumers: int,
    architecture: Architecture = SMALL,
    patience: float = 120,
) -> Town:
    """One owner with experts, approved by somebody else, and organisations that may ask for models."""
    office = _line(lines, url, *operator)
    owner = _bring(lines, office, url, "makers", "owner")
    examiner = _bring(lines, office, url, "examiners", "compliance")
    readers = {
        name: _bring(lines, office, url, name, "consumer") for name in (f"readers-{n:02}" for n in range(consumers))
    }
    with TemporaryDirectory() as room:
        folder = Path(room)
        digest = write_anchor(folder / "anchor", architecture)
        push_anchor(office, folder / "anchor", slug=ANCHOR, name="Measured", licence="Apache-2.0")
        wait_for_anchor(office, ANCHOR, seconds=patience)
        key = make_key(folder / "keys", name="makers")
        owner.register_key("makers", name="home", public_key=key.public_pem)
        drafts = {}
        for name in experts:
            write_expert(folder / name, architecture, name=name, anchor_digest=digest)
            drafts[name] = _push(owner, folder / name, name, digest, key)
    versions = {}
    for name, version in drafts.items():
        wait_for_version(owner, version["id"], seconds=patience)
        reason = "All that it needs is there."
        versions[f"makers/{name}"] = examiner.approve_version(version["id"], reason=reason)
    return Town(office, owner, readers, versions)


def write_anchor(folder: Path, architecture: Architecture = SMALL) -> str:
    """Its digest."""
    aside = folder.parent
    save_tokenizer(train_tokenizer(TEXTS, vocab_size=architecture.vocab_size), aside, positions=64)
    d = architecture.dimensions
    written = write_anchor_package(
        folder,
        config=olmo2_config(architecture),
        shared=random_tensors(shared_layout(architecture), seed="public"),
        expert=random_tensors(expert_layout(d), seed="public"),
        router=random_tensors(router_layout(d, bias=False), seed="public"),
        tokenizer={name: (aside / name).read_bytes() for name in FILES},
        card=anchor_card(
            dimensions=d,
            embedder="all-MiniLM-L6-v2",
            embedder_digest="sha256:" + "0" * 64,
            projection_seed=7,
            public_vector=[0.5, -0.25],
            training={"steps": 1},
        ),
    )
    return written.digest


def write_expert(folder: Path, architecture: Architecture = SMALL, *, name: str, anchor_digest: str) -> None:
    d = architecture.dimensions
    write_expert_package(
        folder,
        expert=random_tensors(expert_layout(d), seed=name),
        router=random_tensors(router_layout(d, bias=False), seed=name),
        card=expert_card(
            anchor_digest=anchor_digest,
            dimensions=d,
            training={"steps": 1, "tokens": 1, "seed": 1, "top_k": 2, "replay": 0.25},
            domain_embedding={"embedder": "all-MiniLM-L6-v2", "documents": 1, "vector": [0.5, 0.25]},
            privacy={"mechanism": "none"},
            evaluation={"bits_per_byte": {"before": 2.5, "after": 2.0}},
        ),
        data_card=data_card(
            name="Nothing", licence="CC0-1.0", languages=["en"], volume="0 MB", collection="Drawn at random."
        ),
    )


def random_tensors(layout: Layout, *, seed: str) -> list[TensorData]:
    found = []
    for name, shape in layout.items():
        digits = hashlib.sha256(f"{seed}/{name}".encode()).digest()
        drawn = np.random.default_rng(list(digits)).standard_normal(shape) * 0.05
        values = np.asarray(1 + drawn if "norm" in name else drawn, dtype="<f4")
        found.append(TensorData(name, "F32", shape, values.tobytes()))
    return found


def _push(owner: Guildhall, folder: Path, name: str, anchor_digest: str, key: KeyPair) -> shapes.Version:
    sign_package(folder, private_key=key.private)
    owner.create_expert(f"makers/{name}", anchor=ANCHOR, title=name, domain="none")
    return push_version(owner, folder, expert=f"makers/{name}", evidence=evidence_of(anchor_digest))


def evidence_of(anchor_digest: str) -> shapes.Evidence:
    return {
        "licence": {"declared": "CC-BY-4.0", "attribution": "makers"},
        "consent": {
            "legal_basis": "no-personal-data",
            "purposes": ["research"],
            "withdrawal_method": "Write to us.",
        },
        "provenance": {
            "statement": {
                "anchor_digest": anchor_digest,
                "dataset": "Drawn at random.",
                "trained_by": "makers",
                "code": "flexcore",
            }
        },
    }


def _bring(lines: ExitStack, operator: Guildhall, url: str, slug: str, role: str) -> Guildhall:
    operator.create_organisation(slug, slug.title())
    email = f"{role}@{slug}.example"
    operator.create_person(email, f"{role} of {slug}", password=PASSWORD, roles=[(slug, role)])
    return _line(lines, url, email, PASSWORD)


def _line(lines: ExitStack, url: str, email: str, password: str) -> Guildhall:
    opened = lines.enter_context(Guildhall(url))
    opened.sign_in(email, password)
    return opened
