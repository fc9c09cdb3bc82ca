"""A composed model is asked about the public probe text: is everything finite, how well does it tell the text, and whom
does it ask? Needs torch, so only the task that validates loads it.

Shapes: B batch, S positions, T = B*S tokens, A open experts, E experts, V vocabulary.
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import torch
from torch import Tensor

from flexcore.evaluation.bits_per_byte import Logits, Windows, bits_per_byte, windows
from flexcore.loading import load_composed
from flexcore.model.transformer import FlexOlmo
from flexcore.training.tokenizer import load_tokenizer
from workers.probe_text import DOCUMENTS, PROBE

PUBLIC = 0  # its slot; alone it is the anchor, to the last bit


@dataclass(frozen=True, slots=True)
class Findings:
    """Bits per byte of the probe (lower is better), and per layer the share of the routing that each slot got."""

    anchor: float
    model: float
    shares: list[list[float]]

    @property
    def finite(self) -> bool:
        return all(math.isfinite(figure) for figure in (self.anchor, self.model, *chain(*self.shares)))

    @property
    def regression(self) -> float:
        """By which share the model is worse than its anchor; negative when it is better."""
        return self.model / self.anchor - 1

    def as_json(self) -> dict[str, object]:
        return {
            "probe": f"sha256:{hashlib.sha256(PROBE.encode()).hexdigest()}",
            "finite": self.finite,
            "bits_per_byte": {"anchor": round(self.anchor, 6), "model": round(self.model, 6)},
            "regression": round(self.regression, 6),
            "routing": [[round(share, 6) for share in layer] for layer in self.shares],
        }


def probe(folder: Path) -> Findings:
    """Load a composed repository, every tensor accounted for, and ask it; Malformed when it is none."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = load_composed(folder).to(device)
    text = windows(DOCUMENTS, load_tokenizer(folder), positions=model.architecture.max_position_embeddings)

    def logits(active: Sequence[int] | None) -> Logits:
        return lambda token_BS: model(token_BS.to(device), active).cpu()

    return Findings(
        anchor=bits_per_byte(logits([PUBLIC]), text),
        model=bits_per_byte(logits(None), text),
        shares=_shares(model, text, device),
    )


def _shares(model: FlexOlmo, text: Windows, device: torch.device) -> list[list[float]]:
    """Window by window, so that no padding is counted."""
    if model.num_experts == 1:
        return [[1.0] for _ in range(model.architecture.num_hidden_layers)]
    totals = torch.zeros(model.architecture.num_hidden_layers, model.num_experts, dtype=torch.float64)
    with torch.inference_mode():
        for shown in text.shown:
            hidden = model.hidden(torch.tensor([shown], device=device))
            for layer, logit_TA in enumerate(hidden.logits_TA):
                totals[layer] += _kept(logit_TA, model.top_k).double().sum(dim=0).cpu()
    shares: list[list[float]] = (totals / totals.sum(dim=1, keepdim=True)).tolist()
    return shares


def _kept(logit_TA: Tensor, top_k: int) -> Tensor:
    """The weights by which the experts' answers are added; nothing for those that were not asked."""
    weight_TA = logit_TA.float().softmax(dim=-1)
    top = weight_TA.topk(min(top_k, weight_TA.shape[-1]), dim=-1)
    return torch.zeros_like(weight_TA).scatter(-1, top.indices, top.values)
