"""Who does the work: each expert's share of the choices by layer (paper, Fig. 2), and what leaving one out costs.

Shapes: T tokens, A active experts, E experts, K experts a token, L layers.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from flexcore.evaluation.bits_per_byte import BATCH, Windows, bits_per_byte
from flexcore.model.transformer import FlexOlmo
from flexcore.training.tokenizer import PAD_ID


@torch.inference_mode()
def routing_shares(model: FlexOlmo, text: Windows, active: Sequence[int] | None = None) -> Tensor:
    """share_LE: how many of all choices went to each expert; a layer's shares sum to one, a closed expert's is zero."""
    chosen = model.open_experts(active)
    k = min(model.top_k, len(chosen))
    count_LE = torch.zeros(model.architecture.num_hidden_layers, model.num_experts, dtype=torch.float64)
    if len(chosen) == 1:
        count_LE[:, chosen[0]] = 1
        return count_LE
    for start in range(0, len(text.shown), BATCH):
        rows = text.shown[start : start + BATCH]
        longest = max(map(len, rows))
        token_BS = torch.tensor([[*row, *[PAD_ID] * (longest - len(row))] for row in rows])
        real_T = (token_BS != PAD_ID).flatten()
        for layer, logit_TA in enumerate(model.hidden(token_BS, active).logits_TA):
            best_N = logit_TA[real_T].topk(k, dim=-1).indices.flatten()
            count_LE[layer, list(chosen)] += torch.bincount(best_N, minlength=len(chosen)).double()
    return count_LE / count_LE.sum(dim=1, keepdim=True)


def opt_out(model: FlexOlmo, texts: Mapping[str, Windows], slot: int) -> dict[str, dict[str, float]]:
    """Bits per byte of each text with everybody, and with everybody but one (paper, Fig. 4)."""
    others = [number for number in range(model.num_experts) if number != slot]
    return {
        name: {
            "with": bits_per_byte(model, text),
            "without": bits_per_byte(lambda token_BS: model(token_BS, others), text),
        }
        for name, text in texts.items()
    }
