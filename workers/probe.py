"""A model is asked about the public probe text: is everything finite, how well does it tell the text, whom does it ask,
and (when it is composed) does a stock loader make the same of its files? Needs torch, so only tasks that ask load it.

Shapes: B batch, S positions, T = B*S tokens, A open experts, E experts, V vocabulary.
"""

import hashlib
import math
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import torch
from torch import Tensor

from flexcore.evaluation.bits_per_byte import Logits, Windows, bits_per_byte, windows
from flexcore.loading import load_beside, load_composed
from flexcore.model.transformer import FlexOlmo
from flexcore.package import Malformed
from flexcore.training.tokenizer import load_tokenizer
from workers.probe_text import DOCUMENTS, PROBE

PUBLIC = 0  # its slot; alone it is the anchor, to the last bit
SAMPLE = 64  # tokens whose logits are compared one by one
# How far two programs' figures of one model may lie apart: they add in another order, and BF16 rounds each sum.
AGREEMENT = {"F32": 1e-3, "BF16": 2e-2}


@dataclass(frozen=True, slots=True)
class Stock:
    """What stock transformers make of the same files."""

    version: str
    bits_per_byte: float
    difference: float  # the largest between its logits and ours, as a share of the largest logit


@dataclass(frozen=True, slots=True)
class Beside:
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

    @property
    def share(self) -> float:
        """Of the routing, over all layers, that the last slot got."""
        return sum(layer[-1] for layer in self.shares) / len(self.shares)

    def as_json(self) -> dict[str, object]:
        return {
            "probe": f"sha256:{hashlib.sha256(PROBE.encode()).hexdigest()}",
            "finite": self.finite,
            "bits_per_byte": {"anchor": round(self.anchor, 6), "model": round(self.model, 6)},
            "regression": round(self.regression, 6),
            "routing": [[round(share, 6) for share in layer] for layer in self.shares],
        }


@dataclass(frozen=True, slots=True)
class Findings(Beside):
    """The same of a composed model, and what a stock loader makes of it."""

    stock: Stock
    dtype: str

    @property
    def agreed(self) -> bool:
        """Do people who load it with transformers have the model that was tried here?"""
        apart = abs(self.stock.bits_per_byte / self.model - 1)
        return max(apart, self.stock.difference) <= AGREEMENT[self.dtype]

    def as_json(self) -> dict[str, object]:
        stock = {
            "transformers": self.stock.version,
            "bits_per_byte": round(self.stock.bits_per_byte, 6),
            "largest_difference": float(f"{self.stock.difference:.1e}"),
        }
        return Beside.as_json(self) | {"stock_loader": stock}


@dataclass(frozen=True, slots=True)
class _Asked:
    """What one loader's model said of the sample, and how many bits it needs for a byte of the text."""

    logits: Tensor  # BSV
    bits_per_byte: float


def probe(folder: Path) -> Findings:
    """Load a composed repository, every tensor accounted for, and ask it; Malformed when it is none."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = load_composed(folder).to(device)
    dtype, positions = model.architecture.dtype, model.architecture.max_position_embeddings
    text = windows(DOCUMENTS, load_tokenizer(folder), positions=positions)

    ours = _ask(lambda token_BS: model(token_BS.to(device)).cpu(), text)
    anchor = bits_per_byte(lambda token_BS: model(token_BS.to(device), [PUBLIC]).cpu(), text)
    shares = _shares(model, text, device)
    model.to("meta")  # there may be no room for two
    return Findings(anchor, ours.bits_per_byte, shares, _stock(folder, text, ours, device), dtype)


def probe_beside(anchor: Path, package: Path) -> Beside:
    """Load an expert package beside its anchor, both experts asked as in training, and ask the pair."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = load_beside(anchor, [package]).to(device)
    text = windows(DOCUMENTS, load_tokenizer(anchor), positions=model.architecture.max_position_embeddings)
    pair = bits_per_byte(lambda token_BS: model(token_BS.to(device)).cpu(), text)
    alone = bits_per_byte(lambda token_BS: model(token_BS.to(device), [PUBLIC]).cpu(), text)
    return Beside(alone, pair, _shares(model, text, device))


def _ask(logits: Logits, text: Windows) -> _Asked:
    sample_BS = torch.tensor([text.shown[0][:SAMPLE]])
    with torch.inference_mode():
        logit_BSV = logits(sample_BS).float()
    return _Asked(logit_BSV, bits_per_byte(logits, text))


def _stock(folder: Path, text: Windows, ours: _Asked, device: torch.device) -> Stock:
    """The same questions to the loader that consumers use, which is to find every tensor it looks for, and no other."""
    import transformers  # noqa: PLC0415  seconds to load

    model, said = transformers.AutoModelForCausalLM.from_pretrained(
        folder, local_files_only=True, output_loading_info=True, dtype="auto"
    )
    odd = sorted(str(name) for names in said.values() for name in names)
    if odd:
        raise Malformed(f"Stock transformers does not load the model whole: it stumbles over {', '.join(odd[:3])}.")
    model.to(device).eval()
    theirs = _ask(lambda token_BS: model(input_ids=token_BS.to(device), use_cache=False).logits.cpu(), text)
    difference = (theirs.logits - ours.logits).abs().max() / ours.logits.abs().max()
    return Stock(transformers.__version__, theirs.bits_per_byte, float(difference))


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
