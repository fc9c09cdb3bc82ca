"""The tokenizer: any text comes back as it was, digits stand alone, and stock `transformers` reads it alike."""

import json
from pathlib import Path

import pytest
from transformers import AutoTokenizer

from flexcore.training.tokenizer import END, END_ID, encode, load_tokenizer, save_tokenizer, train_tokenizer
from tests.flexcore.texts import public_texts

ODD = [
    "naïve ☃ 🐌\u0000",
    "  two  spaces\n\ttab\r\n",
    f"spelled out: {END} and <|pad|>",
    "3.14159 and 2026",
    "",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tokenizer")
    save_tokenizer(train_tokenizer(public_texts(), vocab_size=400), folder, positions=32)
    return folder


def test_every_text_comes_back_as_it_was(folder: Path) -> None:
    tokenizer = load_tokenizer(folder)

    found = [tokenizer.decode(ids, skip_special_tokens=False) for ids in encode(tokenizer, ODD)]

    assert found == ODD


def test_digits_stand_alone(folder: Path) -> None:
    tokenizer = load_tokenizer(folder)

    tokens = tokenizer.encode("in 12345").tokens

    assert tokens[-5:] == ["1", "2", "3", "4", "5"]


def test_a_text_that_spells_a_special_token_does_not_become_one(folder: Path) -> None:
    tokenizer = load_tokenizer(folder)

    ids = encode(tokenizer, [f"before {END} after"])[0]

    assert END_ID not in ids


def test_stock_transformers_reads_it_alike(folder: Path) -> None:
    (folder / "config.json").write_text(json.dumps({"model_type": "olmo2"}))
    texts = [*public_texts()[:3], "12345 naïve ☃"]

    stock = AutoTokenizer.from_pretrained(folder)

    assert (stock.eos_token_id, stock.pad_token_id, stock.model_max_length) == (0, 1, 32)
    ours = encode(load_tokenizer(folder), [text[:60] for text in texts])
    assert [stock(text[:60])["input_ids"] for text in texts] == ours


def test_the_same_text_makes_the_same_files(folder: Path, tmp_path: Path) -> None:
    save_tokenizer(train_tokenizer(public_texts(), vocab_size=400), tmp_path, positions=32)

    assert (tmp_path / "tokenizer.json").read_bytes() == (folder / "tokenizer.json").read_bytes()


def test_a_vocabulary_too_small_for_the_bytes_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot spell every byte"):
        train_tokenizer(["text"], vocab_size=100)
