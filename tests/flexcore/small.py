"""An anchor of two layers that seconds train, and what it is trained with."""

from pathlib import Path

from tokenizers import Tokenizer

from flexcore.model.transformer import FlexOlmo
from flexcore.training.anchor import Size, make_tokenizer, train_anchor
from flexcore.training.checkpoint import Checkpoint
from flexcore.training.corpus import Mixture, Windows
from flexcore.training.loop import Plan
from flexcore.training.tokenizer import read_tokenizer
from tests.flexcore.texts import public_texts

SIZE = Size(vocab_size=280, hidden_size=32, intermediate_size=48, layers=2, heads=4, positions=32)
PLAN = Plan(steps=30, batch=4, positions=32, learning_rate=1e-2, warmup=3)


def small_tokenizer() -> Tokenizer:
    return read_tokenizer(make_tokenizer(public_texts(), SIZE)["tokenizer.json"])


def windows(texts: list[str], tokenizer: Tokenizer, *, wanted: int = 200, seed: int = 0) -> Windows:
    return Windows(texts, tokenizer, positions=32, wanted=wanted, seed=seed)


def small_anchor(tokenizer: Tokenizer, folder: Path) -> FlexOlmo:
    public = Mixture(windows(public_texts(), tokenizer), None, replay=0.0, batch=4)
    return train_anchor(SIZE, public, plan=PLAN, checkpoint=Checkpoint(folder / "checkpoint", "anchor"))[0]
