"""Where a run stands, in one safetensors file that is replaced in one stroke: a run killed at any line goes on from
the last whole one, and only if it is the same run.
"""

import hashlib
import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from flexcore.training.sharding import like, number, whole
from flexcore.untrusted import Malformed

MOMENTS = ("exp_avg", "exp_avg_sq")


@dataclass(frozen=True, slots=True)
class Stand:
    """Steps done, and the smoothed bits per byte of the training text."""

    step: int
    bits: float


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """`run` says what is being trained, on what and how: another run's file is refused, not continued."""

    path: Path
    run: str

    @property
    def vector(self) -> Path:
        """Where a private run keeps its domain's vector, for it must not be drawn twice."""
        return self.path.with_name(self.path.name + ".vector")

    def save(self, stand: Stand, weights: Mapping[str, nn.Parameter], optimizer: torch.optim.Optimizer) -> None:
        tensors: dict[str, Tensor] = {}
        for name, weight in weights.items():
            tensors[f"weight.{name}"] = whole(weight.detach())
            for moment in MOMENTS:
                tensors[f"{moment}.{name}"] = whole(optimizer.state[weight][moment])
        if number() == 0:
            self._write(stand, tensors)

    def _write(self, stand: Stand, tensors: Mapping[str, Tensor]) -> None:
        partial = self.path.with_name(self.path.name + ".partial")
        said = {"run": self.run, "step": str(stand.step), "bits": repr(stand.bits)}
        try:
            save_file(dict(tensors), partial, metadata=said)
            with partial.open("rb+") as file:
                os.fsync(file.fileno())
            partial.replace(self.path)
        except (OSError, SafetensorError) as fault:
            partial.unlink(missing_ok=True)
            raise OSError(
                f"the checkpoint at step {stand.step} could not be written to {self.path.parent} ({fault}); make room "
                "there and give the same command again: it goes on from the checkpoint before."
            ) from fault

    def resume(self, weights: Mapping[str, nn.Parameter], optimizer: torch.optim.Optimizer) -> Stand:
        """Where the run was left: at the start where there is no file."""
        if not self.path.exists():
            return Stand(0, math.nan)
        try:
            with safe_open(self.path, "pt") as file:
                facts = file.metadata() or {}
                if facts.get("run") != self.run:
                    raise Malformed(
                        f"{self.path} belongs to a run with other settings or data; "
                        "delete it to start again, or give the old settings to go on."
                    )
                stand = Stand(int(facts["step"]), float(facts["bits"]))
                with torch.no_grad():
                    for name, weight in weights.items():
                        weight.copy_(like(file.get_tensor(f"weight.{name}"), weight))
                        optimizer.state[weight] = {
                            "step": torch.tensor(float(stand.step), device=weight.device),
                            **{moment: like(file.get_tensor(f"{moment}.{name}"), weight) for moment in MOMENTS},
                        }
        except SafetensorError as fault:
            raise Malformed(f"{self.path} is damaged ({fault}); delete it to start again.") from fault
        return stand

    def forget(self) -> None:
        """Once a package was written; the run's journal stays."""
        if number() == 0:
            self.path.unlink(missing_ok=True)
            self.vector.unlink(missing_ok=True)


def beside(out: Path) -> Path:
    """Where a run that will write `out` keeps its checkpoint."""
    return out.with_name(f".{out.name}.checkpoint")


def run_digest(facts: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()


def file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()


def bits_of(weight: Tensor) -> memoryview:
    """As they lie in memory, row after row."""
    flat = weight.detach().cpu().contiguous().reshape(-1)
    return memoryview(flat.view(torch.uint8).numpy())  # type: ignore[arg-type]  # numpy's stub hides the buffer


def weights_digest(weights: Mapping[str, Tensor]) -> str:
    """Of names, dtypes, shapes and bits: equal only where nothing at all has moved."""
    found = hashlib.sha256()
    for name in sorted(weights):
        weight = weights[name]
        found.update(f"{name} {weight.dtype} {tuple(weight.shape)}\n".encode())
        found.update(bits_of(weight))
    return found.hexdigest()
