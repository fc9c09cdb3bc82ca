"""Attention that remembers: keys and values are turned once, kept, and looked at by every later token.

Shapes: T tokens, D width, R rows of the cache, H heads of queries, G heads of keys and values, C channels a head,
P positions there is room for.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from flexcore.ops.attend import attend
from flexcore.ops.norm import rms_norm
from flexcore.ops.rope import rotate


@dataclass(frozen=True, slots=True)
class Cache:
    """One layer's keys and values, as attention reads them: a head's positions lie side by side."""

    keys_RGPC: Tensor
    values_RGPC: Tensor


@dataclass(frozen=True, slots=True)
class Places:
    """Where each token stands: its row of the cache and its position there. int32."""

    row_T: Tensor
    position_T: Tensor


@dataclass(frozen=True, slots=True)
class Turning:
    """What queries and keys are normed and turned with. The tables are fp32 and as long as the cache."""

    query_norm_D: Tensor
    key_norm: Tensor
    cos_PC: Tensor
    sin_PC: Tensor
    eps: float


def turn(qkv: Tensor, cache: Cache, places: Places, by: Turning) -> Tensor:
    """query_THC from query, key and value side by side; key and value are put into the cache."""
    channels = cache.keys_RGPC.shape[-1]
    key_width = cache.keys_RGPC.shape[1] * channels
    query_TD, key, value = torch.split(qkv, [qkv.shape[1] - 2 * key_width, key_width, key_width], dim=1)
    cos_TC, sin_TC = by.cos_PC[places.position_T.long()], by.sin_PC[places.position_T.long()]

    def turned(x: Tensor, weight: Tensor) -> Tensor:
        x_HTC = rms_norm(x, weight, by.eps).view(x.shape[0], -1, channels).transpose(0, 1)
        return rotate(x_HTC, cos_TC, sin_TC).transpose(0, 1)

    row_T, position_T = places.row_T.long(), places.position_T.long()
    cache.keys_RGPC[row_T, :, position_T] = turned(key, by.key_norm)
    cache.values_RGPC[row_T, :, position_T] = value.view(value.shape[0], -1, channels)
    return turned(query_TD, by.query_norm_D).contiguous()


def attend_texts(query_RSHC: Tensor, cache: Cache) -> Tensor:
    """x_RSD of whole texts, each in the front of its row: every token looks at its text, up to itself."""
    positions = query_RSHC.shape[1]
    keys_RGSC, values_RGSC = cache.keys_RGPC[:, :, :positions], cache.values_RGPC[:, :, :positions]
    return attend(query_RSHC.transpose(1, 2), keys_RGSC, values_RGSC).transpose(1, 2).flatten(2)


def attend_step(query_THC: Tensor, cache: Cache, places: Places) -> Tensor:
    """x_TD: each token looks at its row of the cache, up to and with its own position."""
    row_T = places.row_T.long()
    keys_TGPC, values_TGPC = cache.keys_RGPC[row_T], cache.values_RGPC[row_T]
    position_P = torch.arange(keys_TGPC.shape[2], device=query_THC.device)
    seen_TP = position_P <= places.position_T[:, None]
    # What no token has been put into yet may hold anything.
    values_TGPC = values_TGPC.masked_fill(~seen_TP[:, None, :, None], 0.0)
    keys_TGPC = keys_TGPC.masked_fill(~seen_TP[:, None, :, None], 0.0)
    answer = F.scaled_dot_product_attention(
        query_THC[:, :, None],
        keys_TGPC,
        values_TGPC,
        attn_mask=seen_TP[:, None, None],
        enable_gqa=query_THC.shape[1] != keys_TGPC.shape[1],
    )
    return answer.flatten(1)
