"""The loop of every training: AdamW with warm-up and cosine, clipped, resumable, the same bits from the same seed."""

import ctypes
import math
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm import tqdm

from flexcore.training import CODE_VERSION
from flexcore.training.checkpoint import Checkpoint, Stand
from flexcore.training.corpus import Mixture

SECONDS_BETWEEN_CHECKPOINTS = 20.0
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4  # malloc.h


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how fast. The budget is steps, not seconds, so that a run can be had again."""

    steps: int
    batch: int = 4
    positions: int = 256
    learning_rate: float = 2e-3
    warmup: int = 40
    weight_decay: float = 0.0
    clip: float = 1.0
    seed: int = 0
    bf16: bool = False

    def rate(self, step: int) -> float:
        """Straight up, then a cosine down to a tenth."""
        if step < self.warmup:
            return self.learning_rate * (step + 1) / self.warmup
        done = (step - self.warmup) / max(1, self.steps - self.warmup)
        return self.learning_rate * (0.55 + 0.45 * math.cos(math.pi * min(1.0, done)))


def bf16_helps() -> bool:
    """Where the processor multiplies bf16 itself; elsewhere it is only emulated, and slower than fp32."""
    return bool(torch.cpu._is_avx512_bf16_supported())


def keep_memory() -> None:
    """Ask glibc to keep what a step frees for the next one; fetching it again each time costs a fifth of a step."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        for option, value in ((M_MMAP_MAX, 0), (M_TRIM_THRESHOLD, 2**31 - 1), (M_TOP_PAD, 2**28)):
            libc.mallopt(option, value)


def train(
    weights: Mapping[str, nn.Parameter],
    loss_of: Callable[[Tensor], tuple[Tensor, Tensor]],
    batches: Mixture,
    *,
    plan: Plan,
    checkpoint: Checkpoint,
    label: str,
    pause: float = SECONDS_BETWEEN_CHECKPOINTS,
) -> float:
    """Trains `weights` in place and gives the run's last bits per byte. `loss_of` gives (objective, nats a token)."""
    torch.manual_seed(plan.seed)
    decayed = [weight for weight in weights.values() if weight.ndim > 1]
    others = [weight for weight in weights.values() if weight.ndim <= 1]
    groups = [
        {"params": decayed, "weight_decay": plan.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=plan.learning_rate, betas=(0.9, 0.95), fused=True)
    stand = checkpoint.resume(weights, optimizer)
    to_bits = 1 / (math.log(2) * batches.bytes_per_token())
    saved = time.monotonic()
    bar = tqdm(total=plan.steps, initial=stand.step, desc=label, unit="step", dynamic_ncols=True, mininterval=0.5)
    with bar:
        for step in range(stand.step, plan.steps):
            for group in optimizer.param_groups:
                group["lr"] = plan.rate(step)
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=plan.bf16):
                objective, nats = loss_of(batches[step])
            objective.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(list(weights.values()), plan.clip)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            bits = float(nats) * to_bits
            if not math.isfinite(bits):
                raise RuntimeError(f"{label} went astray at step {step}; lower the learning rate.")
            stand = Stand(step + 1, bits if math.isnan(stand.bits) else 0.98 * stand.bits + 0.02 * bits)
            bar.update()
            bar.set_postfix_str(f"{stand.bits:.3f} bits/byte", refresh=False)
            if stand.step == plan.steps or time.monotonic() - saved >= pause:
                checkpoint.save(stand, weights, optimizer)
                saved = time.monotonic()
    return stand.bits


def training_facts(plan: Plan, bits: float) -> dict[str, Any]:
    """What a package says about its training; nothing in it depends on the clock."""
    return {
        "code": f"guildhall-flexcore {CODE_VERSION}",
        "optimiser": "AdamW (0.9, 0.95), warm-up and cosine to a tenth",
        "precision": "bf16 autocast" if plan.bf16 else "fp32",
        "tokens": plan.steps * plan.batch * plan.positions,
        "bits_per_byte_in_training": round(bits, 4),
        **{key: value for key, value in asdict(plan).items() if key != "bf16"},
    }


def next_token_nats(logit_BSV: Tensor, token_BS: Tensor) -> Tensor:
    """Mean surprise a token, in fp32. `token_BS` is one longer than what the logits were made from."""
    return F.cross_entropy(logit_BSV.float().flatten(0, 1), token_BS[:, 1:].flatten())
