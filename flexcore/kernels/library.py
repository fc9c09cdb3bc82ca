"""The native library: found, loaded once, and asked whether it can do what a call wants.

FLEXCORE_BACKEND=torch keeps to plain PyTorch; =native refuses to go on without the library. By default the library is
used where it was built, and plain PyTorch where it was not. FLEXCORE_ISA names a lesser processor than this one, to run
its loops; the library refuses a name that this processor does not run.
"""

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

from flexcore.kernels import tracing

LIBRARY = Path(__file__).with_name("libflexcore.so")
DTYPES = (torch.float32, torch.bfloat16)


@dataclass(frozen=True, slots=True)
class Info:
    """Which backend runs, and why. `isa` is the kind of processor that the loops were chosen for."""

    backend: str
    reason: str
    isa: str = ""
    cuda: bool = False


@cache
def info() -> Info:
    wanted = os.environ.get("FLEXCORE_BACKEND", "")
    if wanted not in {"", "torch", "native"}:
        raise RuntimeError(f"FLEXCORE_BACKEND is {wanted!r}; set it to torch or native, or leave it out.")
    if wanted == "torch":
        return Info("torch", "FLEXCORE_BACKEND asks for plain PyTorch")
    found = _load()
    if wanted == "native" and found.backend != "native":
        raise RuntimeError(f"FLEXCORE_BACKEND asks for the native library, but {found.reason}.")
    return found


def _load() -> Info:
    path = Path(os.environ.get("FLEXCORE_LIBRARY", LIBRARY))
    if not path.is_file():
        return Info("torch", "the native library was not built; `make native` builds it where there is a compiler")
    try:
        torch.ops.load_library(str(path))  # type: ignore[no-untyped-call]
    except OSError as fault:
        return Info("torch", f"the native library does not load: {fault}")
    tracing.register()
    cuda = torch.cuda.is_available() and torch._C._dispatch_has_kernel_for_dispatch_key("flexcore::moe", "CUDA")
    return Info("native", f"{path.name} was built and loads", torch.ops.flexcore.isa(), cuda)


@cache
def _devices() -> frozenset[str]:
    found = info()
    if found.backend != "native":
        return frozenset()
    return frozenset({"cpu", "cuda"} if found.cuda else {"cpu"})


def can_do(x: Tensor, *others: Tensor) -> bool:
    """Whether the native operations take a call with these tensors: they give no gradient and no other dtype."""
    device = x.device.type
    if device not in _devices() or x.dtype not in DTYPES or torch.is_autocast_enabled(device):
        return False
    return not torch.is_grad_enabled() or not (x.requires_grad or any(other.requires_grad for other in others))
