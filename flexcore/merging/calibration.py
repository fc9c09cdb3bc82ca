"""Rows that were trained apart, made to compete fairly: with the model and public text alone, never joint data.

Each function changes the experts' rows of a composed model in place; the public row and every other weight stay. What
is measured is how the router sees public text: the mean state and each row's logits there, layer by layer. Two states
of that are all it takes, so there is nothing to train, and a stock loader reads the result.

Shapes: T tokens, D width, E experts.
"""

import torch
from torch import Tensor

from flexcore.model.listening import router_inputs
from flexcore.model.names import router_rows
from flexcore.model.transformer import FlexOlmo


def shift_to_margin(model: FlexOlmo, public_BS: Tensor, *, margin: float) -> None:
    """On public text every expert's mean logit ends `margin` under the public row's: a bias in closed form.

    A row holds no constant, but public states have a mean, and a step against it is a constant on average there.
    """
    for layer, seen in enumerate(router_inputs(model, public_BS, [0])):
        mean_D = seen.mean
        rows = _rows(model, layer)
        for row_D in rows[1:]:
            excess = (row_D - rows[0]).float() @ mean_D + margin
            row_D.sub_((excess / mean_D.square().sum() * mean_D).to(row_D.dtype))


def hold_back(model: FlexOlmo, public_BS: Tensor, *, margin: float) -> None:
    """As `shift_to_margin`, but only experts whose mean logit on public text is above the margin are moved."""
    for layer, seen in enumerate(router_inputs(model, public_BS, [0])):
        mean_D = seen.mean
        rows = _rows(model, layer)
        for row_D in rows[1:]:
            excess = ((row_D - rows[0]).float() @ mean_D + margin).clamp(min=0.0)
            row_D.sub_((excess / mean_D.square().sum() * mean_D).to(row_D.dtype))


def equal_norms(model: FlexOlmo) -> None:
    """What each row adds to the public one gets the same length in a layer: nobody shouts."""
    for layer in range(model.architecture.num_hidden_layers):
        rows = _rows(model, layer)
        apart = [row_D - rows[0] for row_D in rows[1:]]
        norm = torch.stack([one.norm() for one in apart]).mean()
        for row_D, one in zip(rows[1:], apart, strict=True):
            row_D.copy_(rows[0] + one * (norm / one.norm()))


def equal_spread(model: FlexOlmo, public_BS: Tensor) -> None:
    """Each row's logits spread equally on public text, layer by layer: a sharp router is no louder than a flat one."""
    for layer, seen in enumerate(router_inputs(model, public_BS, [0])):
        rows = _rows(model, layer)
        apart = [row_D - rows[0] for row_D in rows[1:]]
        spread = [(seen.x_TD @ one.float()).std() for one in apart]
        wanted = torch.stack(spread).mean()
        for row_D, one, own in zip(rows[1:], apart, spread, strict=True):
            row_D.copy_(rows[0] + one * (wanted / own).to(one.dtype))


def sharpen(model: FlexOlmo, *, by: float) -> None:
    """All that tells the rows from the public one, times a factor: sharper choices above 1, flatter below."""
    for layer in range(model.architecture.num_hidden_layers):
        rows = _rows(model, layer)
        for row_D in rows[1:]:
            row_D.copy_(rows[0] + (row_D - rows[0]) * by)


def _rows(model: FlexOlmo, layer: int) -> list[Tensor]:
    return [list(router_rows(model, slot).values())[layer].data for slot in range(model.num_experts)]
