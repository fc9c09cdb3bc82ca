"""Bits per byte: every token of every document once, whatever the batches, and the same figure for the same bits."""

import math

import pytest
import torch
from tokenizers import Tokenizer

from flexcore.evaluation.bits_per_byte import bits_per_byte, cut, windows
from flexcore.model.transformer import FlexOlmo
from flexcore.training.tokenizer import END_ID, encode, load_tokenizer, save_tokenizer, train_tokenizer
from tests.flexcore.stock import stock_flexolmo
from tests.flexcore.texts import public_texts
from tests.flexcore.tiny import tiny_architecture, tiny_model


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    folder = tmp_path_factory.mktemp("tokenizer")
    save_tokenizer(train_tokenizer(public_texts(), vocab_size=300), folder, positions=16)
    return load_tokenizer(folder)


@pytest.fixture(scope="module")
def model() -> FlexOlmo:
    return tiny_model(num_experts=3, top_k=2, architecture=tiny_architecture(vocab_size=300))


def plain_bits_per_byte(model: FlexOlmo, documents: list[str], tokenizer: Tokenizer, positions: int) -> float:
    """One window, one token at a time."""
    bits = 0.0
    for ids in encode(tokenizer, documents):
        whole = [END_ID, *ids]
        for start in range(0, len(ids), positions):
            shown = torch.tensor([whole[start : start + positions]])
            logs = model(shown)[0].double().log_softmax(dim=-1)
            for place, token in enumerate(ids[start : start + positions]):
                bits -= float(logs[place, token]) / math.log(2)
    return bits / sum(len(document.encode()) for document in documents)


def test_it_says_what_the_plain_loop_says(model: FlexOlmo, tokenizer: Tokenizer) -> None:
    documents = [*(text[:200] for text in public_texts()[:4]), "☃", "naïve"]

    found = bits_per_byte(model, windows(documents, tokenizer, positions=16))

    assert found == pytest.approx(plain_bits_per_byte(model, documents, tokenizer, 16), rel=1e-6)


def test_the_stock_model_gets_the_same_figure(model: FlexOlmo, tokenizer: Tokenizer) -> None:
    stock = stock_flexolmo(model)
    text = windows(public_texts()[:5], tokenizer, positions=16)

    ours, theirs = bits_per_byte(model, text), bits_per_byte(lambda token_BS: stock(token_BS).logits, text)

    assert f"{ours:.5f}" == f"{theirs:.5f}"


def test_a_closed_expert_leaves_the_figure_of_a_model_without_it(model: FlexOlmo, tokenizer: Tokenizer) -> None:
    text = windows(public_texts()[:5], tokenizer, positions=16)
    before = bits_per_byte(lambda token_BS: model(token_BS, [0, 2]), text)
    poisoned = tiny_model(num_experts=3, top_k=2, architecture=tiny_architecture(vocab_size=300))
    for _, expert in poisoned.expert(1):
        expert.gate_proj.fill_(float("nan"))

    after = bits_per_byte(lambda token_BS: poisoned(token_BS, [0, 2]), text)

    assert before == after


def test_a_model_that_knows_nothing_needs_the_whole_vocabulary_for_a_token(tokenizer: Tokenizer) -> None:
    documents = public_texts()[:2]
    tokens = sum(len(ids) for ids in encode(tokenizer, documents))

    found = bits_per_byte(
        lambda token_BS: torch.zeros(*token_BS.shape, 300), windows(documents, tokenizer, positions=16)
    )

    assert found == pytest.approx(tokens * math.log2(300) / sum(len(text.encode()) for text in documents))


def test_a_limit_keeps_whole_documents() -> None:
    documents = ["aaaa", "☃☃", "cc"]

    assert [cut(documents, limit) for limit in (None, 11, 10, 4, 1)] == [
        documents,
        ["aaaa", "☃☃"],
        ["aaaa", "☃☃"],
        ["aaaa"],
        ["aaaa"],
    ]
