"""Domains of players' tensors: closed convex sets with their Euclidean projections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Box:
    """lower <= x <= upper, entry by entry.

    >>> import torch
    >>> Box(-1, 1).project(torch.tensor([-3.0, 0.5])).tolist()
    [-1.0, 0.5]
    """

    lower: float
    upper: float

    def __post_init__(self) -> None:
        """Raise ValueError for an empty box."""
        if not self.lower <= self.upper:
            raise ValueError(f"Box({self.lower}, {self.upper}) is empty; give the lower bound first")

    def project(self, x: Tensor) -> Tensor:
        """The nearest point of the box."""
        return x.clamp(self.lower, self.upper)


@dataclass(frozen=True)
class NonNeg:
    """x >= 0, entry by entry.

    >>> import torch
    >>> NonNeg().project(torch.tensor([-3.0, 0.5])).tolist()
    [0.0, 0.5]
    """

    def project(self, x: Tensor) -> Tensor:
        """The nearest point of the orthant."""
        return x.clamp(min=0)


@dataclass(frozen=True)
class Ball:
    """|x| <= radius, by the Euclidean norm along the last dimension.

    >>> import torch
    >>> Ball(1.0).project(torch.tensor([[3.0, 4.0], [0.3, 0.4]]))
    tensor([[0.6000, 0.8000],
            [0.3000, 0.4000]])
    """

    radius: float = 1.0

    def __post_init__(self) -> None:
        """Raise ValueError for a radius that is not positive."""
        if not self.radius > 0:
            raise ValueError(f"the radius of a ball is {self.radius}; it must be positive, such as 1")

    def project(self, x: Tensor) -> Tensor:
        """The nearest point of the ball."""
        norm: Tensor = x.norm(dim=-1, keepdim=True)
        return x * (self.radius / norm.clamp(min=self.radius))


@dataclass(frozen=True)
class Simplex:
    """x >= 0 with that sum along the last dimension.

    >>> import torch
    >>> Simplex().project(torch.tensor([1.5, 1.0, -2.0])).tolist()
    [0.75, 0.25, 0.0]
    """

    sum: float = 1.0

    def __post_init__(self) -> None:
        """Raise ValueError for a sum that is not positive."""
        if not self.sum > 0:
            raise ValueError(f"the sum of a simplex is {self.sum}; it must be positive, such as 1")

    def project(self, x: Tensor) -> Tensor:
        """The nearest point of the simplex: max(x - t, 0), with the t for which the sum is right.

        Held, Wolfe & Crowder, Validation of subgradient optimization, 1974.
        """
        x = x - x.amax(dim=-1, keepdim=True)  # does not change the projection, but avoids cancellation for large x
        descending = x.sort(dim=-1, descending=True).values
        thresholds = (descending.cumsum(-1) - self.sum) / x.new_ones(x.shape).cumsum(-1)
        kept = (descending > thresholds).sum(-1, keepdim=True)
        return (x - thresholds.gather(-1, kept - 1)).clamp(min=0)
