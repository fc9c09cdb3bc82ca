"""Trained weights to packages on disk: the bits go as they lie in memory, and the reader has the last word."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from flexcore.config import olmo2_config
from flexcore.model.names import expert_weights, has_bias, router_biases, router_rows, shared_weights
from flexcore.model.transformer import FlexOlmo
from flexcore.package import AnchorContents, Contents
from flexcore.packing import TensorData, write_anchor_package, write_expert_package
from flexcore.training.checkpoint import bits_of
from flexcore.untrusted import Malformed

DTYPE_NAMES = {torch.float32: "F32", torch.bfloat16: "BF16"}


def refuse_existing(folder: Path) -> None:
    """Before the training, not after it."""
    if folder.exists():
        raise Malformed(f"{folder} is there already; choose another folder.")


def save_anchor(
    folder: Path, model: FlexOlmo, *, tokenizer: Mapping[str, bytes], card: Mapping[str, Any]
) -> AnchorContents:
    return write_anchor_package(
        folder,
        config=olmo2_config(model.architecture),
        shared=_data(shared_weights(model)),
        expert=_data(expert_weights(model, 0)),
        router=_data(router_rows(model, 0)),
        tokenizer=tokenizer,
        card=card,
    )


def save_expert(
    folder: Path, model: FlexOlmo, *, slot: int, card: Mapping[str, Any], data_card: Mapping[str, Any]
) -> Contents:
    """A bias goes beside the rows where there is one at all; most readers have no place for it."""
    rows = router_rows(model, slot)
    if has_bias(model, slot):
        rows |= router_biases(model, slot)
    return write_expert_package(
        folder,
        expert=_data(expert_weights(model, slot)),
        router=_data(rows),
        card=card,
        data_card=data_card,
    )


def _data(weights: Mapping[str, Tensor]) -> list[TensorData]:
    return [
        TensorData(name, DTYPE_NAMES[weight.dtype], tuple(weight.shape), bits_of(weight))
        for name, weight in weights.items()
    ]
