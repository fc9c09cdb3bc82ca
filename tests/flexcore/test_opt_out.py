"""Leaving experts out: for every choice of eight experts and every number of them asked, the very bits of a model that
was composed without the others; and adding one more changes nothing of those that were there.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path

import pytest
import torch

from flexcore.config import Architecture
from flexcore.loading import load_composed
from flexcore.merging.flexolmo import compose, members_in_order
from flexcore.model.names import expert_weights, router_rows, shared_weights
from flexcore.model.transformer import FlexOlmo
from flexcore.training.checkpoint import file_digest, weights_digest
from tests.flexcore.tiny import tiny_anchor, tiny_model, tiny_package, tiny_tokens

EXPERTS = 8


def architecture(dtype: str) -> Architecture:
    return Architecture(
        vocab_size=61,
        hidden_size=32,
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=512,
        rms_norm_eps=1e-6,
        rope_theta=10_000.0,
        pad_token_id=1,
        eos_token_id=0,
        dtype=dtype,
    )


def choices() -> Iterator[tuple[int, ...]]:
    for count in range(1, EXPERTS + 1):
        yield from combinations(range(EXPERTS), count)


def without_the_others(model: FlexOlmo, slots: Sequence[int]) -> FlexOlmo:
    """Composed anew: its experts are copies, moved up into the free slots."""
    smaller = FlexOlmo(model.architecture, num_experts=len(slots), top_k=1).requires_grad_(False).eval()
    for name, weight in shared_weights(smaller).items():
        weight.copy_(shared_weights(model)[name])
    for new, old in enumerate(slots):
        for (_, target), (_, source) in zip(smaller.expert(new), model.expert(old), strict=True):
            target.load_state_dict(source.state_dict())
    return smaller


def ask_so_many(model: FlexOlmo, top_k: int) -> None:
    model.top_k = top_k
    for block in model.blocks():
        block.mlp.top_k = top_k


@pytest.mark.parametrize("dtype", ["F32", "BF16"])
def test_every_choice_of_eight_is_bit_equal_to_a_model_without_the_others(dtype: str) -> None:
    model = tiny_model(num_experts=EXPERTS, top_k=1, architecture=architecture(dtype))
    tokens, unequal = tiny_tokens(batch=2, positions=9), []

    for slots in choices():
        composed = without_the_others(model, slots)
        for k in sorted({*range(1, len(slots) + 1), EXPERTS}):  # what is above the open ones means all of them
            ask_so_many(model, k)
            ask_so_many(composed, min(k, len(slots)))
            if not torch.equal(model(tokens, active=slots), composed(tokens)):
                unequal.append((slots, k))

    assert unequal == []


@pytest.mark.parametrize("dtype", ["F32", "BF16"])
def test_so_it_is_for_long_texts(dtype: str) -> None:
    model = tiny_model(num_experts=EXPERTS, top_k=1, architecture=architecture(dtype))
    tokens = tiny_tokens(batch=1, positions=300)

    for slots in list(choices())[::23]:
        composed = without_the_others(model, slots)
        for k in range(1, len(slots) + 1):
            ask_so_many(model, k)
            ask_so_many(composed, k)

            assert torch.equal(model(tokens, active=slots), composed(tokens)), (slots, k)


def test_it_would_tell_one_weight_from_another() -> None:
    model = tiny_model(num_experts=EXPERTS, top_k=4, architecture=architecture("F32"))
    composed = without_the_others(model, (0, 2, 5))
    ask_so_many(composed, 3)
    next(iter(expert_weights(composed, 1).values())).mul_(1.001)

    assert not torch.equal(model(tiny_tokens(), active=(0, 2, 5)), composed(tiny_tokens()))


def test_one_more_expert_costs_the_others_nothing(tmp_path: Path) -> None:
    drawn = tiny_model(num_experts=4, top_k=2, architecture=architecture("F32"))
    anchor = tiny_anchor(tmp_path / "anchor", drawn)
    packages = []
    for slot in (1, 2, 3):
        packages.append(tmp_path / f"expert-{slot}")
        tiny_package(packages[-1], drawn, slot=slot, anchor_digest=anchor.digest)
    before = {path: file_digest(path) for path in tmp_path.rglob("*") if path.is_file()}

    fewer = compose(tmp_path / "anchor", members_in_order(packages[:2]), tmp_path / "fewer", top_k=2)
    more = compose(tmp_path / "anchor", members_in_order(packages), tmp_path / "more", top_k=2)

    assert {path: file_digest(path) for path in before} == before
    weights = {file.path: file.digest for file in fewer.files if file.path.startswith("expert-")}
    assert len(weights) == 3
    assert weights.items() <= {file.path: file.digest for file in more.files}.items()
    small, large = load_composed(tmp_path / "fewer"), load_composed(tmp_path / "more")
    assert weights_digest(shared_weights(small)) == weights_digest(shared_weights(large))
    for slot in range(3):
        assert weights_digest(expert_weights(small, slot)) == weights_digest(expert_weights(large, slot))
        assert weights_digest(router_rows(small, slot)) == weights_digest(router_rows(large, slot))
