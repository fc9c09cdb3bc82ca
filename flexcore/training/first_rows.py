"""The router rows of an expert that has public text beside its own: in closed form, fair to owners it never meets.

A row that learns beside public text alone learns "not public", and speaks up on every other owner's text as well. These
rows say instead how much likelier a state is in this domain than in public text, taking both for Gaussian with the
spread of public states (Fisher's linear discriminant, layer by layer). Public text is everybody's, so the rows of two
owners, who know nothing of each other, differ by how much likelier a state is with one than with the other.

The paper starts from one embedding in every layer and lets the row learn (section 3.3.2); that stays the way where
there is no public text, or where the owner's is private, for these rows hold the mean of its states.

Shapes: B windows, S positions, T = B*S tokens, D width.
"""

import numpy as np
import torch
from torch import Tensor

from flexcore.model.listening import router_inputs
from flexcore.model.names import router_rows
from flexcore.model.transformer import FlexOlmo
from flexcore.training.corpus import Windows
from flexcore.training.embedding import Vector

TOKENS = 16_384  # of either text: what means and spread are taken from
MARGIN = 1.5  # nats that a state has to be likelier here before it is not public
SHRINKAGE = 0.05  # of each state's own spread, added to it: a few thousand tokens overrate what few directions tell
TINY = 1e-6  # of the mean spread: a direction that public text never takes tells nothing


def first_tokens(text: Windows) -> Tensor:
    """token_BS: the text's first windows, as many as are looked at."""
    count = min(text.count, max(1, TOKENS // text.positions))
    return torch.from_numpy(np.stack([text[number][:-1] for number in range(count)])).long()


def discriminant_rows(anchor: FlexOlmo, own_BS: Tensor, public_BS: Tensor, *, margin: float = MARGIN) -> list[Vector]:
    """One row for each layer, fp32: the public row, and what tells the domain's states from public ones.

    A row holds no constant. In its place stands the direction whose product with public states is as near to one as a
    direction's can be; the residual stream has so strong a mean that it nearly is one.
    """
    own, public = router_inputs(anchor, own_BS), router_inputs(anchor, public_BS)
    rows = router_rows(anchor, 0).values()
    found: list[Vector] = []
    for own_seen, public_seen, row_D in zip(own, public, rows, strict=True):
        x_TD = public_seen.x_TD.double()
        mean_D, own_D = x_TD.mean(dim=0), own_seen.x_TD.double().mean(dim=0)
        spread_DD = torch.cov(x_TD.T)
        spread_D = spread_DD.diagonal().clone()
        spread_DD += torch.diag(SHRINKAGE * spread_D + TINY * spread_D.mean())
        towards_D = torch.linalg.solve(spread_DD, own_D - mean_D)
        one_D = torch.linalg.solve(spread_DD + torch.outer(mean_D, mean_D), mean_D)
        constant = -0.5 * (own_D + mean_D) @ towards_D - margin
        found.append((row_D.double() + towards_D + constant * one_D).float().numpy())
    return found
