"""Public text for an expert to keep out of: half as it comes, half what is least like the rest."""

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
def embedding_VD() -> torch.Tensor:
    return torch.randn(280, 32, generator=torch.Generator().manual_seed(0))


def is_odd(window: np.ndarray, tokenizer: Tokenizer) -> bool:
    return sum(not letter.isalnum() and not letter.isspace() for letter in tokenizer.decode(window.tolist())) > 16


def test_half_is_what_is_least_like_the_rest_and_half_the_text_as_it_comes(
    tokenizer: Tokenizer, embedding_VD: torch.Tensor
) -> None:
    text = windows(public_texts() + ODD, tokenizer, wanted=4000)
    rare = np.mean([is_odd(text[number], tokenizer) for number in range(text.count)])
    drawn = Varied(text, embedding_VD)

    odd = [is_odd(drawn[number], tokenizer) for number in range(1, 2 * len(drawn.unusual), 2)]

    assert 0 < rare < 0.1
    assert sum(odd) == round(rare * text.count), "each of them is among the unusual"
    assert [drawn[number].tobytes() for number in range(0, 40, 2)] == [text[number].tobytes() for number in range(20)]
    assert drawn[1].tobytes() == drawn[1 + 2 * len(drawn.unusual)].tobytes(), "they come round again"


def test_a_text_all_alike_and_one_of_a_single_window_will_do(tokenizer: Tokenizer, embedding_VD: torch.Tensor) -> None:
    alike = windows(["a b " * 400], tokenizer)
    short = Windows([public_texts()[0] * 9], tokenizer, positions=32, wanted=1, seed=0)
    short.count = 1

    for text in (alike, short):
        drawn = Varied(text, embedding_VD)
        batch = Mixture(text, drawn, replay=0.5, batch=4)[3]
        assert batch.public == 2
        assert batch.token_BS.shape == (4, 33)
