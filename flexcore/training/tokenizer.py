"""The tokenizer that all parties share, so it is made of public text only: byte-level BPE, digits one by one.

Byte-level means that every text comes back as it was, and that bits per byte can be compared across tokenizers.
"""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

END, PAD = "<|endoftext|>", "<|pad|>"
END_ID, PAD_ID = 0, 1
SMALLEST = 2 + 256  # the special tokens and one for each byte
FILES = ("tokenizer.json", "tokenizer_config.json")


def train_tokenizer(texts: Iterable[str], *, vocab_size: int) -> Tokenizer:
    if vocab_size < SMALLEST:
        raise ValueError(f"a vocabulary of {vocab_size} cannot spell every byte: take {SMALLEST} or more")
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=[END, PAD],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def save_tokenizer(tokenizer: Tokenizer, folder: Path, *, positions: int) -> None:
    """The two files that stock `AutoTokenizer` reads."""
    tokenizer.save(str(folder / FILES[0]))
    config = {
        "clean_up_tokenization_spaces": False,
        "eos_token": END,
        "model_max_length": positions,
        "pad_token": PAD,
        "tokenizer_class": "PreTrainedTokenizerFast",
    }
    (folder / FILES[1]).write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def load_tokenizer(folder: Path) -> Tokenizer:
    return read_tokenizer((folder / FILES[0]).read_bytes())


def read_tokenizer(data: bytes) -> Tokenizer:
    tokenizer = Tokenizer.from_buffer(data)
    tokenizer.encode_special_tokens = True  # a document that spells <|endoftext|> is a text like any other
    return tokenizer


def encode(tokenizer: Tokenizer, texts: Sequence[str]) -> list[list[int]]:
    found = tokenizer.encode_batch(list(texts), add_special_tokens=False)
    return [encoding.ids for encoding in found]
