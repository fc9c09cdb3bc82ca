"""Tunes the router rows of a build. Needs torch and the embedder, so only the task that tunes loads it."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from flexcore.cards import MAX_CARD, read_expert_card
from flexcore.files import folder_files, read_small
from flexcore.loading import load_beside
from flexcore.manifest import Tuning
from flexcore.training.documents import read_documents
from flexcore.training.embedding import Vector, embeddings
from flexcore.training.router_tuning import Tuned, tune_rows
from flexcore.training.tokenizer import load_tokenizer


def tuned(
    anchor: Path,
    packages: Sequence[Path],
    public_text: Path,
    *,
    tuning: Mapping[str, Any],
    top_k: int,
    watch: Callable[[int], None],
) -> Tuned:
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return tune_rows(
        load_beside(anchor, packages, top_k=top_k).to(device),
        read_documents(public_text),
        load_tokenizer(anchor),
        [_domain(package) for package in packages],
        embed=embeddings,
        tuning=Tuning(**tuning),
        watch=watch,
    )


def _domain(package: Path) -> Vector:
    card = read_expert_card(read_small(folder_files(package), "expert.json", max_bytes=MAX_CARD))
    return np.asarray(card.value["domain_embedding"]["vector"], dtype=np.float32)
