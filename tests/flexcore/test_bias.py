"""A router bias: never above zero, held exactly in a package, and in no stock export unless left out by name."""

from pathlib import Path

import pytest
import torch

from flexcore.loading import load_beside
from flexcore.merging.flexolmo import compose, members_in_order
from flexcore.model.names import router_biases, router_rows, stock_weights
from flexcore.model.transformer import FlexOlmo
from flexcore.ops.route import router_logits
from flexcore.shards import router_rows as stacked_rows
from flexcore.untrusted import Malformed
from tests.flexcore.tiny import tiny_anchor, tiny_model, tiny_package, tiny_tokens


@pytest.fixture
def biased() -> FlexOlmo:
    model = tiny_model(num_experts=3, top_k=3)
    for slot, start in ((1, -0.7), (2, -0.2)):
        for layer, bias in enumerate(router_biases(model, slot).values()):
            bias.fill_(start - layer)
    return model


def packages(folder: Path, model: FlexOlmo) -> list[Path]:
    digest = tiny_anchor(folder / "anchor", model).digest
    for slot in (1, 2):
        tiny_package(folder / f"expert-{slot}", model, slot=slot, anchor_digest=digest)
    return [folder / "expert-1", folder / "expert-2"]


def test_a_package_holds_it_and_the_model_answers_the_same(biased: FlexOlmo, tmp_path: Path) -> None:
    loaded = load_beside(tmp_path / "anchor", packages(tmp_path, biased))

    assert torch.equal(loaded(tiny_tokens()), biased(tiny_tokens()))
    assert not torch.equal(loaded(tiny_tokens()), unbiased(biased)(tiny_tokens()))


@pytest.mark.parametrize("active", [(0, 1), (0, 2), (2,)])
def test_an_active_set_answers_as_if_the_others_had_never_been(
    biased: FlexOlmo, tmp_path: Path, active: tuple[int, ...]
) -> None:
    found = packages(tmp_path, biased)
    chosen = [found[slot - 1] for slot in active if slot]
    alone = load_beside(tmp_path / "anchor", chosen)
    open_here = tuple(range(1 + len(chosen))) if 0 in active else (1,)

    assert torch.equal(biased(tiny_tokens(), active), alone(tiny_tokens(), open_here))


def test_what_is_above_zero_counts_as_zero() -> None:
    x_TD, row_AD = torch.randn(2, 5, 8, generator=torch.Generator().manual_seed(0))[:, :2]

    held = router_logits(x_TD, row_AD, torch.tensor([0.5, -0.5]))

    torch.testing.assert_close(held - router_logits(x_TD, row_AD), torch.tensor([[0.0, -0.5], [0.0, -0.5]]))


def test_a_stock_export_is_refused_unless_it_is_left_out_by_name(biased: FlexOlmo, tmp_path: Path) -> None:
    members = members_in_order(packages(tmp_path, biased))
    with pytest.raises(Malformed, match="keeps a router bias"):
        compose(tmp_path / "anchor", members, tmp_path / "model", top_k=3)
    assert not (tmp_path / "model").exists()
    with pytest.raises(ValueError, match="silently drop"):
        stock_weights(biased)

    compose(tmp_path / "anchor", members, tmp_path / "model", top_k=3, drop_bias=True)

    from transformers import AutoModelForCausalLM

    stock = AutoModelForCausalLM.from_pretrained(tmp_path / "model")
    ours = unbiased(biased)
    torch.testing.assert_close(stock(tiny_tokens()).logits, ours(tiny_tokens()), rtol=0, atol=1e-4)


def test_a_bias_of_zero_is_none(tmp_path: Path) -> None:
    model = tiny_model(num_experts=2, top_k=2)

    contents = tiny_package(tmp_path / "expert", model, slot=1, anchor_digest=tiny_anchor(tmp_path / "a", model).digest)

    assert not contents.has_bias
    rows = stacked_rows(contents.router, contents.dimensions, label="rows")
    assert len(rows) == len(router_rows(model, 1))


def unbiased(model: FlexOlmo) -> FlexOlmo:
    twin = tiny_model(num_experts=3, top_k=3)
    twin.load_state_dict(model.state_dict())
    for slot in (1, 2):
        for bias in router_biases(twin, slot).values():
            bias.zero_()
    return twin
