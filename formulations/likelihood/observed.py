"""Images as a model of their pixels sees them, split into those to train with, to watch by, and to be judged by."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from formulations.problem import Sampler


@dataclass(frozen=True, eq=False)
class Observed:
    """Images (., channels, height, width), float32 from 0 to 1.

    shape     channels, height, width
    train     draws of the training images
    watch     the validation set: for monitoring, and for choosing when to stop
    held_out  the test set, in batches, so that it need not fit into memory: evaluate once
    count     how many images are held out

    >>> import torch
    >>> rows = torch.rand(10, 1, 8, 8)
    >>> Observed((1, 8, 8), lambda n, _: rows[:n], rows[:2], rows[2:].split(3), 8).dims
    64
    """

    shape: tuple[int, int, int]
    train: Sampler
    watch: Tensor
    held_out: Sequence[Tensor]
    count: int

    @property
    def dims(self) -> int:
        """Numbers in an image."""
        return math.prod(self.shape)
