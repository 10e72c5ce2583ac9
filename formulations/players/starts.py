"""Starting points of players."""

from __future__ import annotations

from collections.abc import Callable

import torch
from numpy.typing import ArrayLike
from torch import Generator, Tensor


def at(numbers: ArrayLike) -> Callable[[Generator], Tensor]:
    """A start at these numbers, float64, for every random generator.

    >>> at([1, 2])(Generator())
    tensor([1., 2.], dtype=torch.float64)
    """
    return lambda generator: torch.tensor(numbers, dtype=torch.float64, device=generator.device)
