"""Public windows for an expert to keep out of: some as they come, most of those that are least like the others.

What an expert does to text of owners it never met is what a merge loses most by. Public text holds a little of
everything (a crawl has code, verse, contracts), but so little that an expert hardly learns to leave it alone. What is
unusual is found by the anchor's own embedding of the tokens, so nobody has to name kinds of text.
"""

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from flexcore.training.corpus import Windows

LOOKED_AT = 2048  # windows
UNUSUAL = 1 / 8  # of those looked at
TURN = 4  # windows: one as it comes, and the others unusual


class Varied(Windows):
    """The windows of a text by turns with its unusual ones, which come again and again."""

    def __init__(self, text: Windows, embedding_VD: Tensor) -> None:
        self.text, self.unusual = text, _least_like_others(text, embedding_VD)
        self.bytes, self.tokens, self.positions, self.count = text.bytes, text.tokens, text.positions, text.count

    def __getitem__(self, number: int) -> NDArray[np.int32]:
        turn, place = divmod(number, TURN)
        if place == 0:
            return self.text[turn]
        return self.text[self.unusual[(turn * (TURN - 1) + place - 1) % len(self.unusual)]]


def _least_like_others(text: Windows, embedding_VD: Tensor) -> list[int]:
    """Numbers of the windows whose mean embedding is farthest from that of all, each dimension by its own spread.

    In the order in which the text draws them, which chance has made.
    """
    count = min(text.count, LOOKED_AT)
    vectors_VD = embedding_VD.detach().float().cpu().numpy()
    mean_ND = np.stack([vectors_VD[text[number]].mean(axis=0) for number in range(count)])
    away_ND = (mean_ND - mean_ND.mean(axis=0)) / np.maximum(mean_ND.std(axis=0), np.finfo(np.float32).tiny)
    farthest = np.argsort(-np.square(away_ND).sum(axis=1), kind="stable")[: max(1, int(count * UNUSUAL))]
    return sorted(int(number) for number in farthest)
