"""Causal self-attention of OLMo-2: query and key are normed over their whole width, then split into heads and turned.

Shapes: B batch, S positions, T = B*S tokens, D width, H heads, G heads of keys and values, C channels a head,
R rows of a cache with P positions.
"""

import torch
from torch import Tensor, nn

from flexcore.config import Architecture
from flexcore.kernels.cache import attend_step, attend_texts, turn
from flexcore.kernels.library import can_do
from flexcore.kernels.linear import linear, linears
from flexcore.model.norm import RMSNorm
from flexcore.ops.attend import attend
from flexcore.ops.cache import Cache, Places, Turning
from flexcore.ops.rope import rotate


class Attention(nn.Module):
    def __init__(self, a: Architecture) -> None:
        super().__init__()
        self.channels = a.head_size
        self.groups = a.num_key_value_heads
        key_width = a.num_key_value_heads * self.channels
        self.q_proj = nn.Linear(a.hidden_size, a.hidden_size, bias=False)
        self.k_proj = nn.Linear(a.hidden_size, key_width, bias=False)
        self.v_proj = nn.Linear(a.hidden_size, key_width, bias=False)
        self.o_proj = nn.Linear(a.hidden_size, a.hidden_size, bias=False)
        self.q_norm = RMSNorm(a.hidden_size, eps=a.rms_norm_eps)
        self.k_norm = RMSNorm(key_width, eps=a.rms_norm_eps)

    def forward(self, x_BSD: Tensor, cos_SC: Tensor, sin_SC: Tensor) -> Tensor:
        if can_do(x_BSD, *self.parameters()):
            batch, positions, _ = x_BSD.shape
            cache = empty_cache(batch, self.groups, positions, self.channels, like=x_BSD)
            places = places_of(batch, positions, device=x_BSD.device)
            return self.read(x_BSD, cache, places, cos_SC, sin_SC)
        query = rotate(self._heads(self.q_norm(self.q_proj(x_BSD))), cos_SC, sin_SC)
        key = rotate(self._heads(self.k_norm(self.k_proj(x_BSD))), cos_SC, sin_SC)
        value = self._heads(self.v_proj(x_BSD))
        answer: Tensor = self.o_proj(attend(query, key, value).transpose(1, 2).flatten(2))
        return answer

    def read(self, x_BSD: Tensor, cache: Cache, places: Places, cos_PC: Tensor, sin_PC: Tensor) -> Tensor:
        """Texts from their beginnings: each fills the front of a row of the cache, which holds nothing else."""
        query_THC = self._turned(x_BSD.flatten(0, 1), cache, places, cos_PC, sin_PC)
        query_BSHC = query_THC.view(*x_BSD.shape[:2], -1, self.channels)
        return linear(attend_texts(query_BSHC, cache), self.o_proj.weight)

    def step(self, x_TD: Tensor, cache: Cache, places: Places, cos_PC: Tensor, sin_PC: Tensor) -> Tensor:
        """One more token in each of some rows."""
        query_THC = self._turned(x_TD, cache, places, cos_PC, sin_PC)
        return linear(attend_step(query_THC, cache, places), self.o_proj.weight)

    def _turned(self, x_TD: Tensor, cache: Cache, places: Places, cos_PC: Tensor, sin_PC: Tensor) -> Tensor:
        qkv = linears(x_TD, self.q_proj.weight, self.k_proj.weight, self.v_proj.weight)
        by = Turning(self.q_norm.weight, self.k_norm.weight, cos_PC, sin_PC, self.q_norm.eps)
        return turn(qkv, cache, places, by)

    def _heads(self, x_BSD: Tensor) -> Tensor:
        return x_BSD.view(*x_BSD.shape[:2], -1, self.channels).transpose(1, 2)


def empty_cache(rows: int, groups: int, positions: int, channels: int, *, like: Tensor) -> Cache:
    """Room, and nothing in it yet."""
    shape = (rows, groups, positions, channels)
    return Cache(like.new_empty(shape), like.new_empty(shape))


def places_of(rows: int, positions: int, *, device: torch.device) -> Places:
    """The places of whole texts, one after the other."""
    row_T = torch.arange(rows, dtype=torch.int32, device=device).repeat_interleave(positions)
    position_T = torch.arange(positions, dtype=torch.int32, device=device).repeat(rows)
    return Places(row_T, position_T)
