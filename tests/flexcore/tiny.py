"""Small models for the tests of the engine, with weights large enough that routing matters."""

from pathlib import Path

import torch

from flexcore.cards import anchor_card, data_card, expert_card
from flexcore.config import Architecture
from flexcore.model.transformer import FlexOlmo
from flexcore.package import AnchorContents, Contents
from flexcore.training.packages import save_anchor, save_expert


def tiny_architecture(*, dtype: str = "F32", num_key_value_heads: int = 4, vocab_size: int = 61) -> Architecture:
    return Architecture(
        vocab_size=vocab_size,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=num_key_value_heads,
        max_position_embeddings=64,
        rms_norm_eps=1e-6,
        rope_theta=10_000.0,
        pad_token_id=1,
        eos_token_id=0,
        dtype=dtype,
    )


def tiny_model(*, num_experts: int, top_k: int, seed: int = 0, architecture: Architecture | None = None) -> FlexOlmo:
    """Every weight is drawn from the seed, norms included: nothing is left at a value that hides a mistake."""
    model = FlexOlmo(architecture or tiny_architecture(), num_experts=num_experts, top_k=top_k)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name.endswith("router_bias"):
                continue
            drawn = torch.randn(weight.shape, generator=generator) * 0.25
            weight.copy_(drawn + 1.0 if weight.ndim == 1 and not name.endswith("router_row") else drawn)
    return model.eval().requires_grad_(False)


def tiny_tokens(*, batch: int = 3, positions: int = 17, seed: int = 5) -> torch.Tensor:
    return torch.randint(0, 61, (batch, positions), generator=torch.Generator().manual_seed(seed))


def tiny_anchor(folder: Path, model: FlexOlmo) -> AnchorContents:
    """The public part of a model as an anchor package; its tokenizer is no part of these tests."""
    tokenizer = {"tokenizer.json": b"{}", "tokenizer_config.json": b"{}"}
    card = anchor_card(
        dimensions=model.architecture.dimensions,
        embedder="none",
        embedder_digest="sha256:" + "0" * 64,
        projection_seed=1,
        public_vector=[1.0, 0.0],
        training={"steps": 0},
    )
    return save_anchor(folder, model, tokenizer=tokenizer, card=card)


def tiny_package(folder: Path, model: FlexOlmo, *, slot: int, anchor_digest: str) -> Contents:
    card = expert_card(
        anchor_digest=anchor_digest,
        dimensions=model.architecture.dimensions,
        training={"steps": 0, "tokens": 0, "seed": 0},
        domain_embedding={"embedder": "none", "documents": 1, "vector": [1.0, 0.0]},
        privacy={"mechanism": "none"},
        evaluation={},
    )
    described = data_card(
        name=folder.name, licence="CC0-1.0", languages=["en"], volume="1 kB", collection="made up for a test"
    )
    return save_expert(folder, model, slot=slot, card=card, data_card=described)
