"""Causal self-attention of OLMo-2: query and key are normed over their whole width, then split into heads and turned.

Shapes: B batch, S positions, D width, H heads, C channels a head.
"""

from torch import Tensor, nn

from flexcore.config import Architecture
from flexcore.model.norm import RMSNorm
from flexcore.ops.attend import attend
from flexcore.ops.rope import rotate


class Attention(nn.Module):
    def __init__(self, a: Architecture) -> None:
        super().__init__()
        self.channels = a.head_size
        key_width = a.num_key_value_heads * self.channels
        self.q_proj = nn.Linear(a.hidden_size, a.hidden_size, bias=False)
        self.k_proj = nn.Linear(a.hidden_size, key_width, bias=False)
        self.v_proj = nn.Linear(a.hidden_size, key_width, bias=False)
        self.o_proj = nn.Linear(a.hidden_size, a.hidden_size, bias=False)
        self.q_norm = RMSNorm(a.hidden_size, eps=a.rms_norm_eps)
        self.k_norm = RMSNorm(key_width, eps=a.rms_norm_eps)

    def forward(self, x_BSD: Tensor, cos_SC: Tensor, sin_SC: Tensor) -> Tensor:
        query = rotate(self._heads(self.q_norm(self.q_proj(x_BSD))), cos_SC, sin_SC)
        key = rotate(self._heads(self.k_norm(self.k_proj(x_BSD))), cos_SC, sin_SC)
        value = self._heads(self.v_proj(x_BSD))
        answer: Tensor = self.o_proj(attend(query, key, value).transpose(1, 2).flatten(2))
        return answer

    def _heads(self, x_BSD: Tensor) -> Tensor:
        return x_BSD.view(*x_BSD.shape[:2], -1, self.channels).transpose(1, 2)
