"""Public text for an expert to keep out of: a quarter as it comes, the rest what is least like the others."""

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer

from flexcore.training.corpus import Mixture, Windows
from flexcore.training.varied import Varied
from tests.flexcore.small import small_tokenizer, windows
from tests.flexcore.texts import public_texts

ODD = ["%&#@!~^" * 40]  # a twentieth of the text


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return small_tokenizer()


@pytest.fixture(scope="module")
def vectors() -> torch.Tensor:
    return torch.randn(280, 32, generator=torch.Generator().manual_seed(0))


def is_odd(window: np.ndarray, tokenizer: Tokenizer) -> bool:
    return sum(not letter.isalnum() and not letter.isspace() for letter in tokenizer.decode(window.tolist())) > 16


def test_a_quarter_is_the_text_as_it_comes_and_the_rest_what_is_least_like_the_others(
    tokenizer: Tokenizer, vectors: torch.Tensor
) -> None:
    text = windows(public_texts() + ODD, tokenizer, wanted=4000)
    rare = np.mean([is_odd(text[number], tokenizer) for number in range(text.count)])
    drawn = Varied(text, vectors)

    unusual = [drawn[number] for number in range(8 * len(drawn.unusual)) if number % 4]
    odd = [is_odd(window, tokenizer) for window in unusual[: len(drawn.unusual)]]

    assert 0 < rare < 0.1
    assert sum(odd) == round(rare * text.count), "each of them is among the unusual"
    assert [drawn[number].tobytes() for number in range(0, 80, 4)] == [text[number].tobytes() for number in range(20)]
    assert unusual[0].tobytes() == unusual[len(drawn.unusual)].tobytes(), "they come round again"


def test_a_text_all_alike_and_one_of_a_single_window_will_do(tokenizer: Tokenizer, vectors: torch.Tensor) -> None:
    alike = windows(["a b " * 400], tokenizer)
    short = Windows([public_texts()[0] * 9], tokenizer, positions=32, wanted=1, seed=0)
    short.count = 1

    for text in (alike, short):
        drawn = Varied(text, vectors)
        batch = Mixture(text, drawn, replay=0.5, batch=4)[3]
        assert batch.public == 2
        assert batch.token_BS.shape == (4, 33)
