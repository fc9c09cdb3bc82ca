"""Documents to batches. Which tokens a step sees follows from the seed and the step's number alone, so a run that
was killed goes on with the very batches it would have had.

Shapes: B sequences a step, S positions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor

from flexcore.training.tokenizer import END_ID, encode
from flexcore.untrusted import Malformed

CHUNK = 256  # documents encoded at a time, by as many threads as `tokenizers` has


class Windows:
    """One long stream of shuffled documents, cut into windows that are drawn without return, epoch by epoch."""

    def __init__(
        self, documents: Sequence[str], tokenizer: Tokenizer, *, positions: int, wanted: int, seed: int
    ) -> None:
        """Documents are encoded only until `wanted` windows are filled; with fewer, they come round again."""
        order = np.random.default_rng([seed, 0]).permutation(len(documents))
        enough = wanted * positions + 1
        pieces: list[NDArray[np.int32]] = []
        self.bytes = tokens = 0
        for start in range(0, len(order), CHUNK):
            texts = [documents[i] for i in order[start : start + CHUNK]]
            for text, ids in zip(texts, encode(tokenizer, texts), strict=True):
                pieces.append(np.array([END_ID, *ids], dtype=np.int32))
                self.bytes += len(text.encode())
                tokens += len(ids) + 1
            if tokens >= enough:
                break
        self.tokens, self.positions, self.seed = tokens, positions, seed
        self.stream = np.concatenate(pieces)
        self.count = (tokens - 1) // positions
        if self.count < 1:
            raise Malformed(f"the corpus has only {tokens} tokens; it takes more than {positions} to train.")
        self._order = lru_cache(maxsize=2)(self._order_of)

    def __getitem__(self, number: int) -> NDArray[np.int32]:
        """S + 1 tokens: each but the last is asked for the next."""
        epoch, place = divmod(number, self.count)
        start = int(self._order(epoch)[place]) * self.positions
        return self.stream[start : start + self.positions + 1]

    def _order_of(self, epoch: int) -> NDArray[np.int64]:
        return np.random.default_rng([self.seed, 1 + epoch]).permutation(self.count)


@dataclass(frozen=True, slots=True)
class Batch:
    """token_BS, one position longer than the model reads; its first rows, `public` of them, are public text."""

    token_BS: Tensor
    public: int = 0

    def share(self, number: int, count: int) -> "Batch":
        """What falls to one of several processes, which take rows by turns."""
        return Batch(self.token_BS[number::count], len(range(number, self.public, count)))

    def to(self, device: torch.device) -> "Batch":
        return Batch(self.token_BS.to(device), self.public)


class Mixture:
    """Batches of the owner's windows with a fixed share of public ones, spread evenly over the steps."""

    def __init__(self, own: Windows, public: Windows | None, *, replay: float, batch: int) -> None:
        self.own, self.public, self.batch = own, public, batch
        self.replay = replay if public is not None else 0.0

    def __getitem__(self, step: int) -> Batch:
        first, last = self._public_before(step), self._public_before(step + 1)
        rows: list[NDArray[np.int32]] = []
        if self.public is not None:
            rows += [self.public[number] for number in range(first, last)]
        rows += [self.own[number] for number in range(step * self.batch - first, (step + 1) * self.batch - last)]
        return Batch(torch.from_numpy(np.stack(rows)).long(), public=0 if self.public is None else last - first)

    def bytes_per_token(self) -> float:
        own = self.own.bytes / self.own.tokens
        public = own if self.public is None else self.public.bytes / self.public.tokens
        return (1 - self.replay) * own + self.replay * public

    def _public_before(self, step: int) -> int:
        return int(step * self.batch * self.replay + 1e-9)


def windows_needed(steps: int, batch: int, share: float) -> int:
    return int(steps * batch * share) + batch
