"""Where players begin."""

from __future__ import annotations

from collections.abc import Callable

import torch
from numpy.typing import ArrayLike
from torch import Generator, Tensor


def at(numbers: ArrayLike) -> Callable[[Generator], Tensor]:
    """At these numbers, float64, whatever the random numbers."""
    return lambda generator: torch.tensor(numbers, dtype=torch.float64, device=generator.device)
