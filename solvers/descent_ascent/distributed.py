"""One game played by several processes, on one machine or many, as torchrun starts them.

All draw the same whole batches from the same random numbers, and each takes its share of every one. The gradients of
the shares are summed before every step, so the steps are those of one process, to rounding, and all processes hold the
same parameters, bit by bit. Only what a layer or a term works out across a batch, as batch normalisation and the kernel
distances of "mmd" do, is of each share by itself; running statistics are averaged.

A player's gradient is one flat buffer, so one all-reduce before its step does. DistributedDataParallel is built around
.backward(): it would not see gradients of one player alone, nor of penalties on slopes, which are differentiated twice.
Li et al., PyTorch Distributed: experiences on accelerating data parallel training, 2020.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import Tensor, distributed

T = TypeVar("T")
BACKENDS = {"cpu": "gloo", "cuda": "cpu:gloo,cuda:nccl"}
LOST = "another process of this training has ended; start them all again, with --resume from a checkpoint"


@dataclass(frozen=True)
class Processes:
    """Those that play a game together: this one's rank, from 0 on, and how many there are."""

    rank: int = 0
    size: int = 1

    def share(self, batch: int) -> slice:
        """Which samples of a batch are this process's; raises ValueError unless there is one for each.

        >>> list(range(5))[Processes(1, 2).share(5)]
        [2, 3, 4]
        """
        if batch < self.size:
            raise ValueError(f"the batch is {batch} and there are {self.size} processes; take at least one sample each")
        first, end = (batch * rank // self.size for rank in (self.rank, self.rank + 1))
        return slice(first, end)

    def add_up(self, tensor: Tensor) -> None:
        """Put the sum over all processes in place of each one's tensor, the same bits in all."""
        self._do(distributed.all_reduce, tensor)

    def average(self, tensors: Iterable[Tensor]) -> None:
        """Put the mean over all processes in place of each one's tensors of floating-point numbers."""
        for tensor in tensors if self.size > 1 else ():
            if tensor.is_floating_point():
                self.add_up(tensor)
                tensor.div_(self.size)

    def agreed(self, choice: int) -> int:
        """What the first process chooses, in all: where they could differ, as in how much time is left."""
        told = torch.tensor(choice)
        self.follow([told])
        return int(told)

    def follow(self, tensors: Iterable[Tensor]) -> None:
        """Put those of the first process in place of each one's tensors."""
        for tensor in tensors:
            self._do(distributed.broadcast, tensor, 0)

    def all_of(self, found: T) -> list[T]:
        """What each process has found, in the order of their ranks."""
        told: list[Any] = [found] * self.size  # to be overwritten, if there are others
        self._do(distributed.all_gather_object, told, found)
        return told

    def _do(self, collective: Callable[..., Any], *given: Any) -> None:
        """Do it with the others, if there are any; raises ValueError where one of them has ended."""
        if self.size > 1:
            try:
                collective(*given)
            except RuntimeError as error:
                raise ValueError(LOST) from error


def processes(device: str) -> Processes:
    """This process among those that torchrun started, or of a group that was made before; else alone.

    >>> processes("cpu")
    Processes(rank=0, size=1)
    """
    if not distributed.is_available():
        return Processes()
    if not distributed.is_initialized() and distributed.is_torchelastic_launched():
        if device == "cuda":
            torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
        distributed.init_process_group(BACKENDS[device])
    if not distributed.is_initialized():
        return Processes()
    return Processes(distributed.get_rank(), distributed.get_world_size())
