"""How surprised a model is by each next token, and its gradient, without ever holding all logits.

With a frozen head the gradient of a token's surprise needs that token's logits alone; so they are made, used for both
and dropped, a few tokens at a time.

Shapes: B batch, S positions, T tokens, D width, V vocabulary.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from flexcore.kernels.linear import many

LOGITS = 1 << 23  # at most so many at a time


def next_token_nats(logit_BSV: Tensor, token_BS: Tensor) -> Tensor:
    """Mean surprise a token, in fp32. `token_BS` is one longer than what the logits were made from."""
    return F.cross_entropy(logit_BSV.float().flatten(0, 1), token_BS[:, 1:].flatten())


def nats_by_frozen_head(x_BSD: Tensor, head_VD: Tensor, token_BS: Tensor) -> Tensor:
    """The same from the last layer's output; the head's weight gets no gradient."""
    nats: Tensor = _Nats.apply(x_BSD.flatten(0, 1), head_VD, token_BS[:, 1:].flatten())  # type: ignore[no-untyped-call]
    return nats


class _Nats(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x_TD: Tensor, head_VD: Tensor, token_T: Tensor) -> Tensor:
        device = x_TD.device.type
        dtype = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else x_TD.dtype
        nats = torch.zeros((), dtype=torch.float32, device=x_TD.device)
        into_x = torch.empty_like(x_TD) if ctx.needs_input_grad[0] else None
        with torch.autocast(device, enabled=False):
            head_VD = head_VD.to(dtype)
            tokens = max(1, LOGITS // head_VD.shape[0])
            for start in range(0, len(token_T), tokens):
                part = slice(start, start + tokens)
                chosen = token_T[part, None]
                logit_TV = many(x_TD[part].to(dtype), head_VD).float()
                total_T1 = logit_TV.logsumexp(dim=1, keepdim=True)
                nats += (total_T1 - logit_TV.gather(1, chosen)).sum()
                if into_x is not None:
                    likely_TV = logit_TV.sub_(total_T1).exp_()
                    likely_TV.scatter_add_(1, chosen, torch.full_like(total_T1, -1.0))
                    into_x[part] = likely_TV.to(dtype) @ head_VD
        if into_x is not None:
            ctx.save_for_backward(into_x)
        ctx.tokens = len(token_T)
        mean: Tensor = nats / ctx.tokens
        return mean

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        into_x: Tensor = ctx.saved_tensors[0]
        return into_x * (gradients[0] / ctx.tokens), None, None
