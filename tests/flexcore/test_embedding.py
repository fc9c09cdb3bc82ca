"""From a domain's documents to the row its expert starts from."""

import numpy as np
import pytest

from flexcore.training import embedding
from flexcore.training.embedding import mean_embedding, projection, router_row, sample
from flexcore.untrusted import Malformed
from tests.flexcore.texts import public_texts, sum_texts


@pytest.mark.parametrize("hidden_size", [48, 384, 500])
def test_the_projection_is_orthonormal_and_the_same_for_a_seed(hidden_size: int) -> None:
    found = projection(hidden_size, seed=7)

    narrow = found @ found.T if hidden_size <= 384 else found.T @ found
    np.testing.assert_allclose(narrow, np.eye(min(hidden_size, 384)), atol=1e-10)
    assert np.array_equal(found, projection(hidden_size, seed=7))
    assert not np.allclose(found, projection(hidden_size, seed=8))


def test_a_row_has_the_norm_it_was_told_and_its_domains_direction() -> None:
    mean = np.random.default_rng(0).normal(size=384).astype(np.float32)

    free, scaled = router_row(mean, 192, seed=7), router_row(mean, 192, seed=7, norm=0.3)

    assert np.linalg.norm(scaled) == pytest.approx(0.3, rel=1e-6)
    np.testing.assert_allclose(scaled / np.linalg.norm(scaled), free / np.linalg.norm(free), atol=1e-6)


def test_alike_documents_lie_closer_than_others() -> None:
    sums, more_sums, prose = (
        mean_embedding(sample(texts, seed=0, count=6))
        for texts in (sum_texts(10, 30), sum_texts(500, 30), public_texts())
    )

    def cosine(one: embedding.Vector, other: embedding.Vector) -> float:
        return float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))

    assert sums.shape == (384,)
    assert cosine(sums, more_sums) > cosine(sums, prose) + 0.2


def test_another_embedder_than_the_pinned_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding, "EMBEDDER_DIGEST", "sha256:" + "0" * 64)

    with pytest.raises(Malformed, match="is not the pinned one"):
        mean_embedding(["text"])
