"""One model for each text, chosen before it is asked: by a classifier, or by asking the public model for a label.

Shapes: B texts, S positions, M models, V vocabulary.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from tokenizers import Tokenizer
from torch import Tensor

from flexcore.merging.texts import Logits
from flexcore.training.tokenizer import END_ID, PAD_ID

Choice = Callable[[Tensor], Tensor]  # token_BS to the number of a model for each text
PROMPT = "\n\nQuestion: what kind of text is this?\nAnswer:"


@dataclass(frozen=True, slots=True)
class Chosen:
    """The chosen model answers alone."""

    models: Sequence[Logits]
    choose: Choice

    def __call__(self, token_BS: Tensor) -> Tensor:
        choice_B = self.choose(token_BS)
        answers = [self.models[int(number)](text_S[None]) for number, text_S in zip(choice_B, token_BS, strict=True)]
        return torch.cat(answers)


class Classifier:
    """Naive Bayes over tokens: what each domain's owner gives away is how often they use each token."""

    def __init__(self, counts_MV: Tensor) -> None:
        smoothed_MV = counts_MV.double() + 0.5
        self.log_MV = (smoothed_MV / smoothed_MV.sum(dim=1, keepdim=True)).log()

    def __call__(self, token_BS: Tensor) -> Tensor:
        score_MBS = self.log_MV[:, token_BS].masked_fill((token_BS == PAD_ID) | (token_BS == END_ID), 0.0)
        return score_MBS.sum(dim=-1).argmax(dim=0)


def count_tokens(texts: Sequence[Sequence[int]], vocab_size: int) -> Tensor:
    together = torch.tensor([token for text in texts for token in text], dtype=torch.long)
    return torch.bincount(together, minlength=vocab_size)


class PromptRouter:
    """Asks a model for the label that follows text and question; of those it would not say anyway, the likeliest.

    The paper puts the question to a model that follows instructions. One of a few million weights does not, so this is
    the same question asked of likelihoods: log p(label | text, question) - log p(label | question).
    """

    def __init__(self, model: Logits, tokenizer: Tokenizer, labels: Sequence[str], *, positions: int) -> None:
        def ids(text: str) -> list[int]:
            return list(tokenizer.encode(text, add_special_tokens=False).ids)

        self._model, self._question = model, ids(PROMPT)
        self._labels = [ids(f" {label}") for label in labels]
        self._room = positions - len(self._question) - max(map(len, self._labels))
        self._anyway_M = self._score([END_ID])

    def __call__(self, token_BS: Tensor) -> Tensor:
        rows = [[int(token) for token in text_S if token != PAD_ID][: self._room] for text_S in token_BS]
        return torch.stack([(self._score(row) - self._anyway_M).argmax() for row in rows])

    def _score(self, text: Sequence[int]) -> Tensor:
        """Nats for each label, a token on average."""
        before = [*text, *self._question]
        rows = [[*before, *label] for label in self._labels]
        longest = max(map(len, rows))
        token_MS = torch.tensor([[*row, *[PAD_ID] * (longest - len(row))] for row in rows])
        with torch.inference_mode():
            log_MSV = self._model(token_MS).float().log_softmax(dim=-1)
        return torch.stack(
            [
                torch.stack([log_SV[len(before) - 1 + place, token] for place, token in enumerate(label)]).mean()
                for log_SV, label in zip(log_MSV, self._labels, strict=True)
            ]
        )
