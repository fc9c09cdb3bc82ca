"""One training over several processes: each holds a share of every weight and works on a share of every batch.

For a model that does not fit one device. `torchrun` starts the processes; without it, all this is a matter of one.
Weights are sharded by FSDP2, block by block. What is written is whole, by the first process alone.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed.fsdp import fully_shard, register_fsdp_forward_method
from torch.distributed.tensor import DTensor, distribute_tensor

from flexcore.model.transformer import FlexOlmo
from flexcore.training.corpus import Batch
from flexcore.untrusted import Malformed


@contextmanager
def processes() -> Iterator[None]:
    """Joins the processes that `torchrun` started, if it did."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield
        return
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    try:
        yield
    finally:
        dist.destroy_process_group()


def count() -> int:
    return dist.get_world_size() if dist.is_initialized() else 1


def number() -> int:
    return dist.get_rank() if dist.is_initialized() else 0


def device() -> torch.device:
    """Where this process trains."""
    return torch.device("cuda", torch.cuda.current_device()) if torch.cuda.is_available() else torch.device("cpu")


def shard(model: FlexOlmo) -> FlexOlmo:
    """Each process keeps its share of every weight; the model's parameters are others afterwards. In place."""
    alone = {weight for weight in model.parameters() if not weight.ndim}  # biases: there is nothing to share out
    for block in model.blocks():
        fully_shard(block, ignored_params=alone)
    fully_shard(model, ignored_params=alone)
    register_fsdp_forward_method(model, "hidden")
    return model


def check_batch(batch: int) -> None:
    if batch % count():
        raise Malformed(f"A batch of {batch} cannot be shared among {count()} processes; choose a multiple of them.")


def own_share(batch: Batch) -> Batch:
    """This process's rows of a batch. All shares have the same size, so the mean of means is the mean."""
    return batch.share(number(), count())


def mean(value: Tensor) -> Tensor:
    """Over all processes."""
    if count() > 1:
        value = value.clone()
        dist.all_reduce(value)
        value /= count()
    return value


def agreed(wanted: bool) -> bool:
    """What the first process wants, for clocks differ."""
    if count() == 1:
        return wanted
    flag = torch.tensor([int(wanted)], device=device())
    dist.broadcast(flag, 0)
    return bool(flag.item())


def wait() -> None:
    if count() > 1:
        dist.barrier()


def whole(weight: Tensor) -> Tensor:
    """All of a weight, wherever its parts are. Every process has to ask."""
    return weight.full_tensor() if isinstance(weight, DTensor) else weight


def like(value: Tensor, weight: Tensor) -> Tensor:
    """A whole value, laid out as the weight is."""
    if isinstance(weight, DTensor):
        return distribute_tensor(value.to(weight.device), weight.device_mesh, weight.placements)
    return value.to(weight.device, copy=True)


def gathered(model: FlexOlmo, another: Callable[[], FlexOlmo]) -> FlexOlmo:
    """The model with its whole weights: itself where it was never sharded, else another of the same shape."""
    if count() == 1:
        return model
    into = another()
    targets = dict(into.named_parameters())
    with torch.no_grad():
        for name, weight in model.named_parameters():
            targets[name].copy_(whole(weight.detach()))
    return into
