"""What every merge is to those who ask it, and how likely a model holds a text to be.

Shapes: B texts, S positions, M models, V vocabulary.
"""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from flexcore.training.tokenizer import PAD_ID

Logits = Callable[[Tensor], Tensor]  # token_BS to logit_BSV; each row is a text of its own


def surprise(logit_BSV: Tensor, token_BS: Tensor) -> Tensor:
    """nats_BS of the tokens shown: zero for the first, which nobody foretold, and for padding."""
    nats_BS = F.cross_entropy(
        logit_BSV[:, :-1].float().transpose(1, 2), token_BS[:, 1:], ignore_index=PAD_ID, reduction="none"
    )
    return F.pad(nats_BS, (1, 0))


def trust(nats_MB: Tensor, *, temperature: float, top_k: int | None = None) -> Tensor:
    """weight_MB: a softmax over how likely each model holds the text to be; the best K share it where K is given.

    `temperature` is in nats of the whole text: 1 is the likelihood itself, infinity treats all alike.
    """
    score_MB = -nats_MB.double() / temperature
    if top_k is not None and top_k < len(score_MB):
        kept_KB = score_MB.topk(top_k, dim=0).indices
        score_MB = torch.full_like(score_MB, -torch.inf).scatter(0, kept_KB, score_MB.gather(0, kept_KB))
    return score_MB.softmax(dim=0).float()


def asked(models: Sequence[Logits], token_BS: Tensor) -> Tensor:
    """logit_MBSV of all models."""
    return torch.stack([model(token_BS).float() for model in models])
