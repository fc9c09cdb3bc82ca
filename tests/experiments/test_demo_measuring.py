"""Measuring: bits per byte, by stock transformers, in a process of its own, the same figure every time."""

import json
import math
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import AutoModelForCausalLM, FlexOlmoConfig, PreTrainedTokenizerFast

from experiments.demo.measuring import ConsumerFailed, measure_folder
from experiments.demo.samples import sample, write_samples

LETTERS = "abcdefghijklmnopqrstuvwxyz "


@pytest.fixture(scope="module")
def uniform_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real FlexOlmo that knows nothing: every sign of 32 is as likely as every other, five bits each."""
    folder = tmp_path_factory.mktemp("model")
    vocabulary = {letter: number for number, letter in enumerate(LETTERS)}
    vocabulary |= {f"<{number}>": number for number in range(len(LETTERS), 32)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<30>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<31>").save_pretrained(folder)
    config = FlexOlmoConfig(
        vocab_size=32,
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=2,
        num_experts=2,
        num_experts_per_tok=2,
        eos_token_id=31,
        pad_token_id=30,
        bos_token_id=None,
    )
    model = AutoModelForCausalLM.from_config(config)
    with torch.no_grad():
        model.lm_head.weight.zero_()
    model.save_pretrained(folder)
    return folder


def test_a_model_that_knows_nothing_needs_five_bits_a_letter(uniform_model: Path, tmp_path: Path) -> None:
    texts = tmp_path / "texts.json"
    texts.write_text(json.dumps({"long": ["ab c" * 150, "x" * 700], "short": ["a", "bc"]}))

    measured = measure_folder(uniform_model, texts, cache=tmp_path / "cache")

    assert measured.revision is None
    assert set(measured.figures) == {"long", "short"}
    assert all(math.isclose(figure, 5.0, rel_tol=1e-5) for figure in measured.figures.values())


def test_a_model_that_cannot_be_loaded_is_told_in_one_sentence(tmp_path: Path) -> None:
    texts = tmp_path / "texts.json"
    texts.write_text("{}")

    with pytest.raises(ConsumerFailed, match=r"could not measure .*nowhere"):
        measure_folder(tmp_path / "nowhere", texts, cache=tmp_path / "cache")


def corpus(folder: Path, texts: list[str]) -> Path:
    folder.mkdir(parents=True)
    path = folder / "test.jsonl"
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    return path


def test_a_sample_takes_beginnings_until_its_limit(tmp_path: Path) -> None:
    path = corpus(tmp_path / "tales", ["é" * 3000, "b" * 100, "c" * 5000, "d"])

    found = sample(path, limit=5000)

    assert found == ["é" * 2000, "b" * 100]


def test_samples_are_the_same_every_time(tmp_path: Path) -> None:
    corpus(tmp_path / "public", ["one", "two"])
    corpus(tmp_path / "drama", ["three"])

    first = write_samples(tmp_path, ["public", "drama"], tmp_path / "first.json").read_text()
    second = write_samples(tmp_path, ["public", "drama"], tmp_path / "second.json").read_text()

    assert first == second
    assert json.loads(first) == {"public": ["one", "two"], "drama": ["three"]}
