"""Dense models that answer together: BTM mixes what they say, the weighted soup mixes what they are.

How much each counts follows from how likely it holds the text to be (paper, 4.3 and A.1), one of two ways: `whole`
looks at all of the text, as the paper does, also at what is still to be told; `before` only at what came before each
token.

Shapes: B texts, S positions, M models, V vocabulary.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from flexcore.merging.stacking import average
from flexcore.merging.texts import Logits, asked, surprise, trust
from flexcore.model.transformer import FlexOlmo


@dataclass(frozen=True, slots=True)
class BranchTrainMerge:
    """A weighted mean of probabilities, not of logits. Gives the mixture's log-probabilities."""

    models: Sequence[Logits]
    temperature: float = 1.0
    top_k: int | None = None
    seen: Literal["whole", "before"] = "whole"

    def __call__(self, token_BS: Tensor) -> Tensor:
        logit_MBSV = asked(self.models, token_BS)
        nats_MBS = torch.stack([surprise(logit_BSV, token_BS) for logit_BSV in logit_MBSV])
        known_MBS = nats_MBS.cumsum(dim=-1)
        if self.seen == "whole":
            known_MBS = known_MBS[..., -1:].expand_as(known_MBS)
        weight_MN = trust(known_MBS.flatten(1), temperature=self.temperature, top_k=self.top_k)
        log_weight_MBS = weight_MN.view_as(known_MBS).log()
        mixed: Tensor = (logit_MBSV.log_softmax(dim=-1) + log_weight_MBS[..., None]).logsumexp(dim=0)
        return mixed


@dataclass(frozen=True, slots=True)
class WeightedSoup:
    """For each text a model of its own, averaged by how likely each model holds that text to be."""

    models: Sequence[FlexOlmo]
    temperature: float = 1.0

    def __call__(self, token_BS: Tensor) -> Tensor:
        nats = [surprise(model(token_BS), token_BS).sum(dim=-1) for model in self.models]
        weight_MB = trust(torch.stack(nats), temperature=self.temperature)
        soups = (average(self.models, share_M) for share_M in weight_MB.T)
        return torch.cat([soup(text_S[None]) for soup, text_S in zip(soups, token_BS, strict=True)])
