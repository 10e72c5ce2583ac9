"""Images as a model of their pixels sees them, split into those to train with, to watch by, and to be judged by."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from formulations.problem import Floats, Sampler


@dataclass(frozen=True, eq=False)
class Observed:
    """Images (., channels, height, width), float32 from 0 to 1.

    shape     channels, height, width
    train     draws of the training images
    watch     the validation set: for monitoring, and for choosing when to stop
    held_out  the test set, in batches, so that it need not fit into memory: evaluate once
    count     how many images are held out

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


@torch.no_grad()
def over_batches(function: Callable[[Tensor], Any], batches: Sequence[Tensor]) -> Floats:
    """The function's values at all rows, one batch after another, float64 (n, ...).

    >>> over_batches(lambda x: x[:, 0], [torch.ones(2, 1), torch.zeros(1, 1)])
    array([1., 1., 0.])
    """
    return np.concatenate([np.asarray(function(part), dtype=np.float64) for part in batches])


def mean_of(values: Floats) -> float | None:
    """Their mean, if it is finite.

    >>> mean_of(np.array([1.0, 2.0])), mean_of(np.array([np.inf]))
    (1.5, None)
    """
    mean = float(values.mean())
    return mean if math.isfinite(mean) else None
