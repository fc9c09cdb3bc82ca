"""Text read once and continued token by token: the same numbers as reading it whole, whoever shares the batch."""

import pytest
import torch
from torch import Tensor

from flexcore.engine.decoder import Decoder, generate
from flexcore.kernels import info
from flexcore.model.transformer import FlexOlmo
from tests.flexcore.stock import stock_flexolmo
from tests.flexcore.test_moe import close, only
from tests.flexcore.tiny import tiny_architecture, tiny_model, tiny_tokens

TEXTS = [(5, 9, 2, 40, 17), (3,), (11, 12, 13, 14, 15, 16, 17, 18)]
NEXT = [(7, 21, 4), (30, 31, 32), (2, 2, 5)]


def continued(model: FlexOlmo, active: list[tuple[int, ...]]) -> Tensor:
    """logit_NRV over the steps: each text in its own row, its own experts open, continued side by side."""
    decoder = Decoder(model, rows=len(TEXTS), positions=16)
    first = [decoder.read(row, torch.tensor(TEXTS[row]), active[row]) for row in range(len(TEXTS))]
    steps = [decoder.step(torch.tensor(tokens)) for tokens in zip(*NEXT, strict=True)]
    return torch.stack([torch.stack(first), *steps])


def whole(model: FlexOlmo, row: int, active: tuple[int, ...]) -> Tensor:
    text = torch.tensor([TEXTS[row] + NEXT[row]])
    logit_SV: Tensor = model(text, active=active)[0]
    return logit_SV[len(TEXTS[row]) - 1 :]


@pytest.mark.parametrize("keys", [4, 2])
def test_a_text_continued_equals_the_text_read_whole(keys: int) -> None:
    model = tiny_model(num_experts=4, top_k=2, architecture=tiny_architecture(num_key_value_heads=keys))
    active = [(0, 1, 2, 3), (0, 2), (1, 2, 3)]

    logits = continued(model, active)

    for row in range(len(TEXTS)):
        torch.testing.assert_close(logits[:, row], whole(model, row, active[row]), rtol=0, atol=1e-4)


def assert_same(ours: Tensor, theirs: Tensor) -> None:
    """To the bit by the native operations; a product of plain PyTorch changes its bits with the number of its rows."""
    if info().backend == "native":
        assert torch.equal(ours, theirs)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=2e-5)


def test_a_rows_numbers_do_not_depend_on_the_other_rows() -> None:
    model = tiny_model(num_experts=4, top_k=2)
    beside = continued(model, [(0, 2), (0, 1, 2, 3), (1, 3)])

    others = continued(model, [(0, 2), (3,), (0, 1, 2)])

    assert_same(others[:, 0], beside[:, 0])
    assert not torch.equal(others[:, 1], beside[:, 1])


def test_a_row_that_opted_out_is_bit_equal_to_a_model_without_the_expert() -> None:
    model = tiny_model(num_experts=4, top_k=3)
    without = only(model, (0, 2, 3))

    opted_out = continued(model, [(0, 2, 3), (0, 1, 2, 3), (0, 2, 3)])
    composed = continued(without, [(0, 1, 2)] * 3)

    assert_same(opted_out[:, 0], composed[:, 0])
    assert_same(opted_out[:, 2], composed[:, 2])


def test_a_closed_expert_does_not_leak_from_row_to_row() -> None:
    model = tiny_model(num_experts=3, top_k=2)
    before = continued(model, [(0, 1), (0, 1), (0, 1)])
    close(model, 2)

    after = continued(model, [(0, 1), (0, 1, 2), (0, 1)])

    assert_same(after[:, 0], before[:, 0])
    assert_same(after[:, 2], before[:, 2])
    assert after[:, 1].isnan().all()


def test_a_row_read_again_forgets_what_it_held() -> None:
    model = tiny_model(num_experts=3, top_k=2)
    decoder = Decoder(model, rows=1, positions=16)
    decoder.read(0, torch.tensor(TEXTS[2]))

    again = decoder.read(0, torch.tensor(TEXTS[0]))

    assert torch.equal(again, Decoder(model, rows=1, positions=16).read(0, torch.tensor(TEXTS[0])))


def test_it_writes_what_the_stock_model_writes() -> None:
    model = tiny_model(num_experts=4, top_k=2)
    prompt = tiny_tokens()[0, :6]
    stock = stock_flexolmo(model, experts_implementation="eager")

    ours = list(generate(model, prompt, count=8))

    theirs = stock.generate(prompt[None], max_new_tokens=8, min_new_tokens=8, do_sample=False)[0, 6:].tolist()
    assert ours == theirs


def test_a_row_without_room_is_refused() -> None:
    decoder = Decoder(tiny_model(num_experts=2, top_k=1), rows=1, positions=4)
    decoder.read(0, torch.tensor([1, 2, 3, 4]))

    with pytest.raises(ValueError, match="row 0 would hold 5 tokens; there is room for 1 to 4"):
        decoder.step(torch.tensor([5]))
