"""Small anchors and expert packages of random weights, written by our own writer."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from flexcore.cards import anchor_card, data_card, expert_card
from flexcore.config import Architecture, olmo2_config
from flexcore.layout import Layout, expert_layout, router_layout, shared_layout
from flexcore.package import AnchorContents, Contents
from flexcore.packing import TensorData, write_anchor_package, write_expert_package

TINY = Architecture(
    vocab_size=96,
    hidden_size=64,
    intermediate_size=48,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
    max_position_embeddings=64,
    rms_norm_eps=1e-6,
    rope_theta=500000.0,
    pad_token_id=0,
    eos_token_id=1,
    dtype="F32",
)
EXPERT = "expert.safetensors"
ELSEWHERE = "sha256:" + "0" * 64
TOKENIZER = {
    "tokenizer.json": (
        b'{"version":"1.0","truncation":null,"padding":null,"added_tokens":[],"normalizer":null,"pre_tokenizer":null,'
        b'"post_processor":null,"decoder":null,"model":{"type":"WordLevel","vocab":{"<pad>":0,"<eos>":1,"a":2},'
        b'"unk_token":"<pad>"}}'
    ),
    "tokenizer_config.json": b'{"tokenizer_class":"PreTrainedTokenizerFast","eos_token":"<eos>","pad_token":"<pad>"}',
}
DATA_CARD = data_card(
    name="Plays",
    licence="CC0-1.0",
    languages=["en"],
    volume="2 MB",
    collection="Plays whose copyright has ended, from public collections.",
)


def random_tensors(layout: Layout, *, seed: str, dtype: str = "F32", scale: float = 0.3) -> list[TensorData]:
    """Each tensor its own values, given by its name and the seed; norms are about one."""
    found = []
    for name, shape in layout.items():
        digits = hashlib.sha256(f"{seed}/{name}".encode()).digest()
        drawn = np.random.default_rng(list(digits)).standard_normal(shape) * scale
        values = np.asarray(1 + drawn / 4 if "norm" in name else drawn, dtype="<f4")
        bits = values.view("<u4") if dtype == "F32" else (values.view("<u4") >> 16).astype("<u2")
        found.append(TensorData(name, dtype, shape, bits.tobytes()))
    return found


def make_anchor(folder: Path, *, architecture: Architecture = TINY, seed: str = "public") -> AnchorContents:
    d = architecture.dimensions
    return write_anchor_package(
        folder,
        config=olmo2_config(architecture),
        shared=random_tensors(shared_layout(architecture), seed=seed, dtype=d.dtype),
        expert=random_tensors(expert_layout(d), seed=seed, dtype=d.dtype),
        router=random_tensors(router_layout(d, bias=False), seed=seed, dtype=d.dtype),
        tokenizer=TOKENIZER,
        card=anchor_card(
            dimensions=d,
            embedder="all-MiniLM-L6-v2",
            embedder_digest=ELSEWHERE,
            projection_seed=7,
            public_vector=[0.5, -0.25],
            training={"steps": 10},
        ),
    )


def make_card(
    *, anchor_digest: str = ELSEWHERE, architecture: Architecture = TINY, **changes: Mapping[str, Any]
) -> dict[str, Any]:
    sections: dict[str, Mapping[str, Any]] = {
        "training": {"steps": 10, "tokens": 1000, "seed": 1, "top_k": 2, "replay": 0.25},
        "domain_embedding": {"embedder": "all-MiniLM-L6-v2", "documents": 3, "vector": [0.5, 0.25]},
        "privacy": {"mechanism": "none"},
        "evaluation": {"bits_per_byte": {"before": 2.5, "after": 2.0}},
    }
    return expert_card(anchor_digest=anchor_digest, dimensions=architecture.dimensions, **(sections | changes))


def make_expert(
    folder: Path,
    *,
    anchor_digest: str = ELSEWHERE,
    architecture: Architecture = TINY,
    seed: str = "drama",
    bias: bool = False,
    scale: float = 0.3,
) -> Contents:
    d = architecture.dimensions
    return write_expert_package(
        folder,
        expert=random_tensors(expert_layout(d), seed=seed, dtype=d.dtype, scale=scale),
        router=random_tensors(router_layout(d, bias=bias), seed=seed, dtype=d.dtype, scale=scale),
        card=make_card(anchor_digest=anchor_digest, architecture=architecture),
        data_card=DATA_CARD,
    )
