"""How surprised a model is by each next token, or how far from another's answers, and the gradient of either, without
ever holding all logits.

With a frozen head the gradient at a token needs that token's logits alone; so they are made, used for both and dropped,
a few tokens at a time.

Shapes: B batch, S positions, T tokens, D width, V vocabulary.
"""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from flexcore.kernels.linear import many

LOGITS = 1 << 23  # at most so many at a time

# Of which tokens, their log-likelihoods, and what gives those of other states: the tokens' nats. In the place of the
# log-likelihoods it leaves by how much each answer is too likely.
Judge = Callable[[slice, Tensor, Callable[[Tensor], Tensor]], Tensor]


def next_token_nats(logit_BSV: Tensor, token_BS: Tensor) -> Tensor:
    """Mean surprise a token, in fp32. `token_BS` is one longer than what the logits were made from."""
    return F.cross_entropy(logit_BSV.float().flatten(0, 1), token_BS[:, 1:].flatten())


def nats_by_frozen_head(x_BSD: Tensor, head_VD: Tensor, token_BS: Tensor) -> Tensor:
    """The same from the last layer's output; the head's weight gets no gradient. Of no tokens it is zero."""
    token_T1 = token_BS[:, 1:].flatten()[:, None]

    def judge(part: slice, logp_TV: Tensor, _: Callable[[Tensor], Tensor]) -> Tensor:
        nats = -logp_TV.gather(1, token_T1[part]).sum()
        logp_TV.exp_().scatter_add_(1, token_T1[part], logp_TV.new_full(token_T1[part].shape, -1.0))
        return nats

    return _by_head(x_BSD, head_VD, judge)


def divergence_by_frozen_head(x_BSD: Tensor, theirs_BSD: Tensor, head_VD: Tensor) -> Tensor:
    """Mean Kullback-Leibler divergence a token, in nats, of what `x_BSD` answers from what `theirs_BSD` does.

    Both are outputs of a last layer under one head; the gradient goes into `x_BSD` alone. Of no tokens it is zero.
    """
    theirs_TD = theirs_BSD.flatten(0, 1)

    def judge(part: slice, logp_TV: Tensor, logp_of: Callable[[Tensor], Tensor]) -> Tensor:
        their_TV = logp_of(theirs_TD[part])
        wanted_TV = their_TV.exp()
        nats = (wanted_TV * (their_TV - logp_TV)).sum()
        logp_TV.exp_().sub_(wanted_TV)
        return nats

    return _by_head(x_BSD, head_VD, judge)


def _by_head(x_BSD: Tensor, head_VD: Tensor, judge: Judge) -> Tensor:
    mean: Tensor = _ByHead.apply(x_BSD.flatten(0, 1), head_VD, judge)  # type: ignore[no-untyped-call]
    return mean


class _ByHead(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x_TD: Tensor, head_VD: Tensor, judge: Judge) -> Tensor:
        device = x_TD.device.type
        dtype = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else x_TD.dtype
        nats = torch.zeros((), dtype=torch.float32, device=x_TD.device)
        into_x = torch.empty_like(x_TD) if ctx.needs_input_grad[0] else None
        with torch.autocast(device, enabled=False):
            head_VD = head_VD.to(dtype)

            def logp_of(states_TD: Tensor) -> Tensor:
                logit_TV = many(states_TD.to(dtype), head_VD).float()
                return logit_TV.sub_(logit_TV.logsumexp(dim=1, keepdim=True))

            tokens = max(1, LOGITS // head_VD.shape[0])
            for start in range(0, len(x_TD), tokens):
                part = slice(start, start + tokens)
                away_TV = logp_of(x_TD[part])
                nats += judge(part, away_TV, logp_of)
                if into_x is not None:
                    into_x[part] = away_TV.to(dtype) @ head_VD
        if into_x is not None:
            ctx.save_for_backward(into_x)
        ctx.tokens = max(1, len(x_TD))
        mean: Tensor = nats / ctx.tokens
        return mean

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        into_x: Tensor = ctx.saved_tensors[0]
        return into_x * (gradients[0] / ctx.tokens), None, None
