"""Extraction: the textbook's distance, a draw that keeps to its nucleus, and who knows a text by heart is caught."""

import numpy as np
import pytest
import torch

from flexcore.evaluation.extraction import draw, extract, pick, similarity
from flexcore.model.names import expert_weights
from flexcore.model.transformer import FlexOlmo
from tests.flexcore.tiny import tiny_model


def levenshtein(one: list[int], other: list[int]) -> int:
    """The textbook's table."""
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, start=1):
        diagonal, row[0] = row[0], i
        for j, b in enumerate(other, start=1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (a != b))
    return row[-1]


def by_heart() -> FlexOlmo:
    """Says n + 1 after n, whatever came before: attention and experts add nothing worth hearing."""
    model = tiny_model(num_experts=1, top_k=1)
    model.embed_tokens.weight.zero_()
    model.embed_tokens.weight[:, :] = torch.randn(61, 32, generator=torch.Generator().manual_seed(0))
    model.lm_head.weight.copy_(40 * model.embed_tokens.weight.roll(1, dims=0))
    for weight in expert_weights(model, 0).values():
        weight.mul_(1e-3)
    for block in model.blocks():
        block.post_attention_layernorm.weight.mul_(1e-3)
        block.post_feedforward_layernorm.weight.mul_(1e-3)
    return model


def test_the_distance_is_the_textbooks() -> None:
    drawn = np.random.default_rng(1)
    for _ in range(60):
        one, other = (drawn.integers(0, 4, size=drawn.integers(0, 12)).tolist() for _ in range(2))
        expected = 1 - levenshtein(one, other) / max(1, len(one), len(other))

        assert similarity(np.array(one), np.array(other)) == pytest.approx(expected)


def test_a_draw_is_among_the_likeliest_that_make_up_the_mass() -> None:
    logit_RV = torch.tensor([0.6, 0.3, 0.06, 0.04]).log().repeat(4000, 1)

    drawn = pick(logit_RV, torch.Generator().manual_seed(0)).bincount(minlength=4)

    assert drawn[3] == 0  # the first three make up 96 %
    assert drawn[2] > 0
    assert float(drawn[0]) / 4000 == pytest.approx(0.6 / 0.96, abs=0.03)


def test_no_more_than_fifty_tokens_are_drawn_from() -> None:
    drawn = pick(torch.zeros(3000, 200), torch.Generator().manual_seed(0))

    assert len(set(drawn.tolist())) <= 50


def test_what_is_known_by_heart_is_extracted_and_what_is_not_is_not() -> None:
    counting = [[(start + n) % 61 for n in range(40)] for start in (3, 17)]
    scattered = [[(start * n * n) % 61 for n in range(40)] for start in (3, 17)]

    known = extract(by_heart(), [*counting, *scattered], seed=0, samples=2, prefix=8, continuation=32)

    assert known.similarity[:2] == (1.0, 1.0)
    assert max(known.similarity[2:]) < 0.5
    assert known.extracted == 2


def test_the_seed_decides_what_is_drawn() -> None:
    model, starts = tiny_model(num_experts=3, top_k=2), [torch.tensor([4, 5, 6]), torch.tensor([7, 8, 9])]
    drawn = [
        draw(model, starts, count=20, generator=torch.Generator().manual_seed(seed), active=[0, 2])
        for seed in (1, 1, 2)
    ]

    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])


def test_a_document_that_is_too_short_to_ask_for_is_refused() -> None:
    with pytest.raises(ValueError, match="each document needs 40 tokens"):
        extract(tiny_model(num_experts=1, top_k=1), [[1, 2, 3]], seed=0, prefix=8, continuation=32)
