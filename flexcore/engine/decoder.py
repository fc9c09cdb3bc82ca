"""Reads texts, each into a row of its own, and says for every row what comes next.

A row keeps what its text looked like to the experts that were open for it; since no row reads another's memory, what
one may not ask never shows in what another says.

Shapes: R rows, S positions, V vocabulary, C channels a head, P positions there is room for.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from flexcore.kernels.linear import linear
from flexcore.kernels.moe import moe
from flexcore.model.attention import empty_cache, places_of
from flexcore.model.transformer import Block, FlexOlmo
from flexcore.ops.cache import Cache, Places
from flexcore.ops.moe import Answer, Experts, Masks
from flexcore.ops.rope import rope_tables


@dataclass(frozen=True, slots=True)
class Layer:
    """A block with what it remembers; its experts' weights are gathered once, not at every step."""

    block: Block
    experts: Experts
    cache: Cache


class Decoder:
    """`rows` texts at once, of up to `positions` tokens each, prompt and answer together."""

    def __init__(self, model: FlexOlmo, *, rows: int, positions: int) -> None:
        a = model.architecture
        if positions > a.max_position_embeddings:
            raise ValueError(f"the model was made for {a.max_position_embeddings} positions, not for {positions}")
        self._model, self._positions = model, positions
        self._everyone = model.open_experts(None)
        weight = model.embed_tokens.weight
        self._cos_PC, self._sin_PC = rope_tables(positions, a.head_size, a.rope_theta, device=weight.device)
        self._layers = [
            Layer(
                block=block,
                experts=block.mlp.shown(self._everyone),
                cache=empty_cache(rows, a.num_key_value_heads, positions, a.head_size, like=weight.detach()),
            )
            for block in model.blocks()
        ]
        self._length = [0] * rows
        self._open: list[tuple[int, ...]] = [self._everyone] * rows
        self._places: Places | None = None  # of the next step; they lie where the weights do
        self._masks: Masks | None = None

    @torch.inference_mode()
    def read(self, row: int, token_S: Tensor, active: Sequence[int] | None = None) -> Tensor:
        """logit_V of what follows the text. What the row held before is forgotten; `active` holds until it is again."""
        self._expect_room(row, len(token_S))
        chosen = self._model.open_experts(active)
        places = places_of(1, len(token_S), device=token_S.device)
        x_BSD = self._model.embed_tokens(token_S[None])
        for layer in self._layers:
            block, own = layer.block, _row(layer.cache, row)
            attended = block.self_attn.read(x_BSD, own, places, self._cos_PC, self._sin_PC)
            x_BSD = block.post_attention_layernorm.added_to(x_BSD, attended)
            answer = block.mlp(x_BSD.flatten(0, 1), chosen)
            x_BSD = block.post_feedforward_layernorm.added_to(x_BSD, answer.x_TD.view_as(x_BSD))
        self._length[row], self._open[row] = len(token_S), chosen
        self._places = self._masks = None
        return self._said(x_BSD[0, -1:])[0]

    @torch.inference_mode()
    def step(self, token_R: Tensor) -> Tensor:
        """logit_RV, after one more token in every row."""
        for row in range(len(self._length)):
            self._expect_room(row, self._length[row] + 1)
        places, masks = self._prepared(token_R.device)
        x_RD = self._model.embed_tokens(token_R)
        for layer in self._layers:
            block = layer.block
            attended = block.self_attn.step(x_RD, layer.cache, places, self._cos_PC, self._sin_PC)
            x_RD = block.post_attention_layernorm.added_to(x_RD, attended)
            x_RD = block.post_feedforward_layernorm.added_to(x_RD, self._asked(layer, x_RD, masks).x_TD)
        places.position_T.add_(1)
        self._length = [length + 1 for length in self._length]
        return self._said(x_RD)

    def _asked(self, layer: Layer, x_RD: Tensor, masks: Masks | None) -> Answer:
        return moe(x_RD, layer.experts, top_k=self._model.top_k, masks=masks)

    def _said(self, x_RD: Tensor) -> Tensor:
        return linear(self._model.norm(x_RD), self._model.lm_head.weight)

    def _prepared(self, device: torch.device) -> tuple[Places, Masks | None]:
        """Where the rows stand, and masks where not everybody is open in all of them. Made anew after a reading."""
        if self._places is None:
            row_R = torch.arange(len(self._length), dtype=torch.int32, device=device)
            self._places = Places(row_R, torch.tensor(self._length, dtype=torch.int32, device=device))
            if any(chosen != self._everyone for chosen in self._open):
                words = [sum(1 << number for number in chosen) for chosen in self._open]
                signed = [word - (word >> 31 << 32) for word in words]
                self._masks = Masks(torch.tensor(signed, dtype=torch.int32, device=device), row_R)
        return self._places, self._masks

    def _expect_room(self, row: int, length: int) -> None:
        if not 1 <= length <= self._positions:
            raise ValueError(f"row {row} would hold {length} tokens; there is room for 1 to {self._positions}")


def generate(model: FlexOlmo, token_S: Tensor, *, count: int, active: Sequence[int] | None = None) -> Iterator[int]:
    """The likeliest next token, `count` times over."""
    decoder = Decoder(model, rows=1, positions=len(token_S) + count)
    logit_V = decoder.read(0, token_S, active)
    for left in range(count, 0, -1):
        token = logit_V.argmax()
        yield int(token)
        if left > 1:
            logit_V = decoder.step(token[None])[0]


def _row(cache: Cache, row: int) -> Cache:
    return Cache(cache.keys_RGPC[row : row + 1], cache.values_RGPC[row : row + 1])
