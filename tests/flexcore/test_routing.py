"""Routing shares against counting token by token; rows calibrated on public text; and what leaving one out costs."""

import pytest
import torch
from torch import Tensor

from flexcore.evaluation.bits_per_byte import Windows
from flexcore.evaluation.routing import opt_out, routing_shares
from flexcore.merging.calibration import equal_norms, equal_spread, hold_back, sharpen, shift_to_margin
from flexcore.model.listening import router_inputs
from flexcore.model.names import router_rows
from flexcore.model.transformer import FlexOlmo
from flexcore.training.checkpoint import weights_digest
from tests.flexcore.tiny import tiny_model, tiny_tokens

TEXT = Windows(shown=((5, 6, 7, 8), (9, 10)), told=((6, 7, 8, 9), (10, 11)), bytes=20)


@pytest.fixture
def model() -> FlexOlmo:
    return tiny_model(num_experts=4, top_k=2)


def logits_over_public(model: FlexOlmo, layer: int, x_TD: Tensor) -> Tensor:
    """How far each expert's logit stands above the public one's on average."""
    rows = [list(router_rows(model, slot).values())[layer] for slot in range(model.num_experts)]
    return torch.stack([(x_TD @ (row - rows[0])).mean() for row in rows[1:]])


def test_shares_are_those_of_the_plain_count(model: FlexOlmo) -> None:
    counts = torch.zeros(3, 4)
    for row in TEXT.shown:
        for layer, logit_TA in enumerate(model.hidden(torch.tensor([row]), [0, 1, 3]).logits_TA):
            for logit_A in logit_TA:
                for place in logit_A.topk(2).indices:
                    counts[layer, [0, 1, 3][int(place)]] += 1

    found = routing_shares(model, TEXT, [0, 1, 3])

    torch.testing.assert_close(found.float(), counts / counts.sum(dim=1, keepdim=True))
    assert found[:, 2].sum() == 0


def test_leaving_one_out_is_asked_of_every_text(model: FlexOlmo) -> None:
    found = opt_out(model, {"one": TEXT}, 2)["one"]

    assert found["with"] != found["without"]
    assert found["without"] == opt_out(tiny_model(num_experts=4, top_k=2), {"one": TEXT}, 2)["one"]["without"]


def test_a_margin_is_reached_on_public_text_and_the_public_row_stays(model: FlexOlmo) -> None:
    public = tiny_tokens(batch=4, positions=20)
    before = weights_digest(router_rows(model, 0))

    shift_to_margin(model, public, margin=1.5)

    assert weights_digest(router_rows(model, 0)) == before
    for layer, seen in enumerate(router_inputs(model, public, [0])):
        torch.testing.assert_close(logits_over_public(model, layer, seen.x_TD), torch.full((3,), -1.5))


def test_only_who_is_too_loud_is_held_back(model: FlexOlmo) -> None:
    public = tiny_tokens(batch=4, positions=20)
    seen = router_inputs(model, public, [0])
    before = [logits_over_public(model, layer, one.x_TD) for layer, one in enumerate(seen)]

    hold_back(model, public, margin=0.5)

    for layer, one in enumerate(seen):
        expected = before[layer].clamp(max=-0.5)
        torch.testing.assert_close(logits_over_public(model, layer, one.x_TD), expected, rtol=1e-4, atol=1e-4)


def test_norms_spreads_and_sharpness_are_what_their_names_say(model: FlexOlmo) -> None:
    public = tiny_tokens(batch=4, positions=20)

    equal_spread(model, public)
    seen = router_inputs(model, public, [0])[1].x_TD
    rows = [list(router_rows(model, slot).values())[1] for slot in range(4)]
    spread = torch.stack([(seen @ (row - rows[0])).std() for row in rows[1:]])
    torch.testing.assert_close(spread, spread.mean().expand(3))

    equal_norms(model)
    apart = torch.stack([(row - rows[0]).norm() for row in rows[1:]])
    torch.testing.assert_close(apart, apart.mean().expand(3))

    sharpen(model, by=2.0)
    torch.testing.assert_close(torch.stack([(row - rows[0]).norm() for row in rows[1:]]), 2 * apart)
