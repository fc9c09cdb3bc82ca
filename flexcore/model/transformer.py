"""FlexOlmo: OLMo-2 with a mixture of experts in place of each feed-forward. One expert makes it the dense anchor.

Norms come after attention and after the experts, so router and experts read the raw residual stream.

Shapes: B batch, S positions, T = B*S tokens, D width, V vocabulary, A active experts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from flexcore.config import Architecture
from flexcore.kernels.linear import linear
from flexcore.model.attention import Attention
from flexcore.model.moe import Expert, MoE
from flexcore.model.norm import RMSNorm
from flexcore.ops.rope import rope_tables

DTYPES = {"F32": torch.float32, "BF16": torch.bfloat16}


@dataclass(frozen=True, slots=True)
class Hidden:
    """The last layer's output, normed, and each layer's router logits (none where one expert alone was open)."""

    x_BSD: Tensor
    logits_TA: tuple[Tensor, ...]


class Block(nn.Module):
    def __init__(self, a: Architecture, *, num_experts: int, top_k: int) -> None:
        super().__init__()
        self.self_attn = Attention(a)
        self.post_attention_layernorm = RMSNorm(a.hidden_size, eps=a.rms_norm_eps)
        self.mlp = MoE(a, num_experts=num_experts, top_k=top_k)
        self.post_feedforward_layernorm = RMSNorm(a.hidden_size, eps=a.rms_norm_eps)

    def forward(
        self, x_BSD: Tensor, cos_SC: Tensor, sin_SC: Tensor, active: Sequence[int]
    ) -> tuple[Tensor, Tensor | None]:
        x_BSD = self.post_attention_layernorm.added_to(x_BSD, self.self_attn(x_BSD, cos_SC, sin_SC))
        answer = self.mlp(x_BSD.flatten(0, 1), active)
        return self.post_feedforward_layernorm.added_to(x_BSD, answer.x_TD.view_as(x_BSD)), answer.logit_TA


class FlexOlmo(nn.Module):
    """`active` names the open experts of a call; left out, all are open."""

    def __init__(self, a: Architecture, *, num_experts: int, top_k: int) -> None:
        super().__init__()
        if not 1 <= top_k <= num_experts:
            raise ValueError(f"a token cannot ask {top_k} of {num_experts} experts: take 1 to {num_experts}")
        self.architecture, self.num_experts, self.top_k = a, num_experts, top_k
        self.embed_tokens = nn.Embedding(a.vocab_size, a.hidden_size)
        self.layers = nn.ModuleList(Block(a, num_experts=num_experts, top_k=top_k) for _ in range(a.num_hidden_layers))
        self.norm = RMSNorm(a.hidden_size, eps=a.rms_norm_eps)
        self.lm_head = nn.Linear(a.hidden_size, a.vocab_size, bias=False)
        self.to(DTYPES[a.dtype])

    def forward(self, token_BS: Tensor, active: Sequence[int] | None = None) -> Tensor:
        """logit_BSV."""
        return linear(self.hidden(token_BS, active).x_BSD, self.lm_head.weight)

    def hidden(self, token_BS: Tensor, active: Sequence[int] | None = None) -> Hidden:
        chosen = self.open_experts(active)
        x_BSD = self.embed_tokens(token_BS)
        cos_SC, sin_SC = rope_tables(
            token_BS.shape[1], self.architecture.head_size, self.architecture.rope_theta, device=token_BS.device
        )
        logits: list[Tensor] = []
        for layer in self.layers:
            x_BSD, logit_TA = layer(x_BSD, cos_SC, sin_SC, chosen)
            if logit_TA is not None:
                logits.append(logit_TA)
        return Hidden(self.norm(x_BSD), tuple(logits))

    def expert(self, slot: int) -> Iterator[tuple[int, Expert]]:
        """The expert's part of each layer, with the layer's number."""
        for number, layer in enumerate(self.layers):
            yield number, cast(Expert, layer.get_submodule(f"mlp.experts.{slot}"))

    def blocks(self) -> list[Block]:
        return [cast(Block, layer) for layer in self.layers]

    def open_experts(self, active: Sequence[int] | None) -> tuple[int, ...]:
        """The open experts in rising order, or ValueError where `active` is no choice."""
        if active is None:
            return tuple(range(self.num_experts))
        chosen = tuple(sorted(set(active)))
        if not chosen or len(chosen) != len(active) or not 0 <= chosen[0] <= chosen[-1] < self.num_experts:
            raise ValueError(
                f"active experts {list(active)} are not a choice out of {self.num_experts}: "
                "name each at most once, and at least one"
            )
        return chosen
