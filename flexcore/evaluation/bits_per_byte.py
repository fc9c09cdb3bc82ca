"""How many bits a model needs for a byte of a text. Tokenizers and models can be compared by it; lower is better.

Documents are cut into fixed windows, windows sorted into batches by length alone, and sums kept in fp64 in the order of
the text: the same weights give the same figure, to its last digit.

Shapes: B windows, S positions, V vocabulary.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from tokenizers import Tokenizer
from torch import Tensor

from flexcore.training.tokenizer import END_ID, PAD_ID, encode

BATCH = 16
IGNORED = -100

Logits = Callable[[Tensor], Tensor]


@dataclass(frozen=True, slots=True)
class Windows:
    """A text, ready to be asked about: what a window shows, and what is to be told from it."""

    shown: tuple[tuple[int, ...], ...]
    told: tuple[tuple[int, ...], ...]
    bytes: int


def windows(documents: Sequence[str], tokenizer: Tokenizer, *, positions: int) -> Windows:
    """Each document begins anew, behind the end-of-text token; each token is told once."""
    shown: list[tuple[int, ...]] = []
    told: list[tuple[int, ...]] = []
    for ids in encode(tokenizer, documents):
        before = [END_ID, *ids[:-1]]
        for start in range(0, len(ids), positions):
            shown.append(tuple(before[start : start + positions]))
            told.append(tuple(ids[start : start + positions]))
    return Windows(tuple(shown), tuple(told), sum(len(document.encode()) for document in documents))


def bits_per_byte(logits: Logits, text: Windows) -> float:
    """`logits` takes token_BS and gives logit_BSV: one of our models, or any other on the same tokenizer."""
    nats = np.zeros(len(text.shown))
    for numbers in _batches(text):
        token_BS = _padded([text.shown[i] for i in numbers], PAD_ID)
        target_BS = _padded([text.told[i] for i in numbers], IGNORED)
        with torch.inference_mode():
            logit_BSV = logits(token_BS).float()
            nats_BS = F.cross_entropy(logit_BSV.transpose(1, 2), target_BS, ignore_index=IGNORED, reduction="none")
        nats[numbers] = nats_BS.double().sum(dim=1).numpy()
    return math.fsum(nats) / math.log(2) / text.bytes


def cut(documents: Sequence[str], limit_bytes: int | None) -> list[str]:
    """Whole documents from the front, as many as stay within the limit, and at least one."""
    if limit_bytes is None:
        return list(documents)
    sizes = np.cumsum([len(document.encode()) for document in documents])
    return list(documents[: max(1, int(np.searchsorted(sizes, limit_bytes, side="right")))])


def _batches(text: Windows) -> Iterator[list[int]]:
    """Long ones first; a causal model does not see the padding behind a shorter one."""
    order = sorted(range(len(text.shown)), key=lambda i: -len(text.shown[i]))
    for start in range(0, len(order), BATCH):
        yield order[start : start + BATCH]


def _padded(rows: Sequence[Sequence[int]], filler: int) -> Tensor:
    longest = max(len(row) for row in rows)
    return torch.tensor([[*row, *[filler] * (longest - len(row))] for row in rows])
