"""One process or many: the same command alone, or under torchrun (NCCL on GPUs, gloo on CPUs)."""

from __future__ import annotations

import atexit
import os
from collections.abc import Iterable, Mapping
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import Tensor

from tpexplore.errors import InputError
from tpexplore.torchrun import place_among_processes

Result = TypeVar("Result")


def setup() -> None:
    """Join the other processes if torchrun started several, else do nothing."""
    _, world = place_among_processes()
    if world == 1 or dist.is_initialized():
        return
    try:
        if torch.cuda.is_available():
            torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
        dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    except (KeyError, ValueError) as error:
        raise InputError(
            f"The environment has WORLD_SIZE {world}, but not all that torchrun sets; start the processes"
            " with torchrun, or remove WORLD_SIZE."
        ) from error
    atexit.register(dist.destroy_process_group)


def rank() -> int:
    return dist.get_rank() if dist.is_initialized() else 0


def world_size() -> int:
    return dist.get_world_size() if dist.is_initialized() else 1


def is_main() -> bool:
    """Whether this process writes files and prints."""
    return rank() == 0


def agree(flag: bool) -> bool:
    """The main process's ``flag``, in every process: clocks differ, but all must stop at the same step."""
    if not dist.is_initialized():
        return flag
    answer = [flag]
    dist.broadcast_object_list(answer)
    return answer[0]


def barrier() -> None:
    if dist.is_initialized():
        dist.barrier()


def shard(count: int) -> range:
    """Which of ``count`` pieces of work this process does.

    Split a dataset into batches first and shard those: a batch then holds the same clips for any number of
    processes, and sums are the same to the last bit.
    """
    return range(rank(), count, world_size())


def gather(mine: Mapping[int, Result]) -> dict[int, Result]:
    """Results of all processes by piece of work, in ascending order, on every process."""
    parts: list[Mapping[int, Result]] = [mine]
    if dist.is_initialized():
        parts = [{}] * world_size()
        dist.all_gather_object(parts, dict(mine))
    return dict(sorted((piece, result) for part in parts for piece, result in part.items()))


def sum_gradients(parameters: Iterable[Tensor]) -> None:
    """Add up the processes' gradients, in one exchange."""
    if not dist.is_initialized():
        return
    gradients = [p.grad for p in parameters if p.grad is not None]
    flat = torch.cat([g.flatten() for g in gradients])
    dist.all_reduce(flat)
    for gradient, piece in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
        gradient.copy_(piece.view_as(gradient))
