"""What each layer's router reads while the model is asked.

Shapes: B sequences, S positions, T = B*S tokens, D width.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor

from flexcore.model.transformer import FlexOlmo


@dataclass(frozen=True, slots=True)
class Seen:
    """One layer's: each token's state in the residual stream, fp32."""

    x_TD: Tensor

    @property
    def mean(self) -> Tensor:
        return self.x_TD.mean(dim=0)


@torch.inference_mode()
def router_inputs(model: FlexOlmo, token_BS: Tensor, active: Sequence[int] | None = None) -> list[Seen]:
    found: list[Tensor] = []
    with _listening(model, found.append):
        model.hidden(token_BS, active)
    return [Seen(x_TD.float()) for x_TD in found]


@contextmanager
def _listening(model: FlexOlmo, hear: Callable[[Tensor], None]) -> Iterator[None]:
    hooks = [
        block.mlp.register_forward_pre_hook(lambda _, given: hear(given[0].detach().clone()))
        for block in model.blocks()
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
