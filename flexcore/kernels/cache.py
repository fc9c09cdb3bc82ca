"""Attention that remembers, fast: norm, turn and keep in one pass, and a step that reads each key and value once."""

import torch
from torch import Tensor

from flexcore.kernels.library import can_do
from flexcore.ops import cache as plain
from flexcore.ops.cache import Cache, Places, Turning


def turn(qkv: Tensor, cache: Cache, places: Places, by: Turning) -> Tensor:
    """As `flexcore.ops.cache.turn`."""
    if not can_do(qkv, by.query_norm_D, by.key_norm):
        return plain.turn(qkv, cache, places, by)
    query_THC: Tensor = torch.ops.flexcore.turn(
        qkv,
        by.query_norm_D,
        by.key_norm,
        by.cos_PC,
        by.sin_PC,
        places.row_T,
        places.position_T,
        cache.keys_RGPC,
        cache.values_RGPC,
        by.eps,
    )
    return query_THC


def attend_texts(query_RSHC: Tensor, cache: Cache) -> Tensor:
    """As `flexcore.ops.cache.attend_texts`. A GPU's own attention is PyTorch's."""
    if query_RSHC.device.type != "cpu" or not can_do(query_RSHC):
        return plain.attend_texts(query_RSHC, cache)
    x_RSD: Tensor = torch.ops.flexcore.attend_texts(query_RSHC, cache.keys_RGPC, cache.values_RGPC)
    return x_RSD


def attend_step(query_THC: Tensor, cache: Cache, places: Places) -> Tensor:
    """As `flexcore.ops.cache.attend_step`."""
    if not can_do(query_THC):
        return plain.attend_step(query_THC, cache, places)
    x_TD: Tensor = torch.ops.flexcore.attend_step(
        query_THC, cache.keys_RGPC, cache.values_RGPC, places.row_T, places.position_T
    )
    return x_TD
