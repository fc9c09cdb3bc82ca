"""The loop of every training: AdamW with warm-up and cosine, clipped, resumable, the same bits from the same seed."""

import ctypes
import math
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from tqdm import tqdm

from flexcore.training import CODE_VERSION, sharding
from flexcore.training.checkpoint import Checkpoint, Stand
from flexcore.training.corpus import Batch, Mixture
from flexcore.training.journal import Journal

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

    @property
    def tokens(self) -> int:
        """Of a step."""
        return self.batch * self.positions

    def rate(self, step: int) -> float:
        """Straight up, then a cosine down to a tenth."""
        if step < self.warmup:
            return self.learning_rate * (step + 1) / self.warmup
        done = (step - self.warmup) / max(1, self.steps - self.warmup)
        return self.learning_rate * (0.55 + 0.45 * math.cos(math.pi * min(1.0, done)))


def bf16_helps() -> bool:
    """Where what trains multiplies bf16 itself; elsewhere it is only emulated, and slower than fp32."""
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported())
    return bool(torch.cpu._is_avx512_bf16_supported())


def keep_memory() -> None:
    """Ask glibc to keep what a step frees for the next one; fetching it again each time costs a fifth of a step."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        for option, value in ((M_MMAP_MAX, 0), (M_TRIM_THRESHOLD, 2**31 - 1), (M_TOP_PAD, 2**28)):
            libc.mallopt(option, value)


class Astray(Exception):
    """A run whose numbers are no longer finite; the sentence says where, and what is kept."""


# (objective, nats a token) of a batch; and what leaves a step's gradient in the weights, and gives its nats a token
LossOf = Callable[[Batch], tuple[Tensor, Tensor]]
Gradients = Callable[[int], Tensor]


def train(
    weights: Mapping[str, nn.Parameter],
    loss_of: LossOf,
    batches: Mixture,
    *,
    plan: Plan,
    checkpoint: Checkpoint,
    label: str,
    pause: float = SECONDS_BETWEEN_CHECKPOINTS,
    gradients: Gradients | None = None,
) -> float:
    """Trains `weights` in place and gives the run's last bits per byte. `gradients` may be another way to them.

    What is kept for a run to go on from has met a batch and given finite numbers.
    """
    torch.manual_seed(plan.seed)
    moving = list(weights.values())
    optimizer = _optimizer(moving, plan)
    gradients = gradients or _plainly(moving, loss_of, batches, plan)
    stand = checkpoint.resume(weights, optimizer)
    journal = Journal(checkpoint.path, stand.step)
    to_bits = 1 / (math.log(2) * batches.bytes_per_token())
    saved = time.monotonic()
    bar = tqdm(
        total=plan.steps,
        initial=stand.step,
        desc=label,
        unit=" tokens",
        unit_scale=plan.batch * plan.positions,
        dynamic_ncols=True,
        mininterval=0.5,
        disable=sharding.number() > 0,
    )
    with bar:
        for step in range(stand.step, plan.steps):
            bits = float(gradients(step)) * to_bits
            if not math.isfinite(bits) or not all(_finite(weight.grad) for weight in moving):
                kept = "its last checkpoint is kept" if checkpoint.path.exists() else "nothing of it is kept"
                raise Astray(
                    f"{label} went astray at step {step} of {plan.steps}: its loss or its gradient is not finite; "
                    f"{kept}. Lower the learning rate."
                )
            if stand.step and sharding.agreed(time.monotonic() - saved >= pause):
                checkpoint.save(stand, weights, optimizer)
                saved = time.monotonic()
            for group in optimizer.param_groups:
                group["lr"] = plan.rate(step)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            stand = Stand(step + 1, bits if math.isnan(stand.bits) else 0.98 * stand.bits + 0.02 * bits)
            journal.note(step=step, bits_per_byte=bits, learning_rate=plan.rate(step), tokens=stand.step * plan.tokens)
            bar.update()
            bar.set_postfix_str(f"{stand.bits:.3f} bits/byte", refresh=False)
    if not all(_finite(weight) for weight in moving):
        raise Astray(f"{label} went astray at its last step: a weight is not finite. Lower the learning rate.")
    checkpoint.save(stand, weights, optimizer)
    return stand.bits


def _optimizer(moving: Sequence[nn.Parameter], plan: Plan) -> torch.optim.Optimizer:
    groups = [
        {"params": [weight for weight in moving if weight.ndim > 1], "weight_decay": plan.weight_decay},
        {"params": [weight for weight in moving if weight.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=plan.learning_rate, betas=(0.9, 0.95), fused=True)


def _plainly(moving: Sequence[nn.Parameter], loss_of: LossOf, batches: Mixture, plan: Plan) -> Gradients:
    device = moving[0].device

    def gradients(step: int) -> Tensor:
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=plan.bf16):
            objective, nats = loss_of(sharding.own_share(batches[step]).to(device))
        objective.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(moving, plan.clip)
        return sharding.mean(nats)

    return gradients


def _finite(tensor: Tensor | None) -> bool:
    """By one sum: what is not finite does not go away when something is added."""
    return tensor is None or math.isfinite(float(sharding.whole(tensor.detach().sum(dtype=torch.float64))))


def training_facts(plan: Plan, bits: float | None) -> dict[str, Any]:
    """What a package says about its training; nothing in it depends on the clock. `bits` are left out where they would
    tell of private text.
    """
    return {
        "code": f"guildhall-flexcore {CODE_VERSION}",
        "optimiser": "AdamW (0.9, 0.95), warm-up and cosine to a tenth",
        "precision": "bf16 autocast" if plan.bf16 else "fp32",
        "tokens": plan.steps * plan.tokens,
        "bits_per_byte_in_training": None if bits is None else round(bits, 4),
        **{key: value for key, value in asdict(plan).items() if key != "bf16"},
    }
