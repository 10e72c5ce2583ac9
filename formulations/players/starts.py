"""Starting points of players."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from numpy.typing import ArrayLike

if TYPE_CHECKING:
    from torch import Generator, Tensor


def at(numbers: ArrayLike) -> Callable[[Generator], Tensor]:
    """A start at these numbers, float64, for every random generator.

    >>> import torch
    >>> at([1, 2])(torch.Generator())
    tensor([1., 2.], dtype=torch.float64)
    """

    def start(generator: Generator) -> Tensor:
        import torch

        return torch.tensor(numbers, dtype=torch.float64, device=generator.device)

    return start
