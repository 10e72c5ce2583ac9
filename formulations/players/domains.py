"""Closed convex sets that players choose tensors from, each with its Euclidean projection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Box:
    """lower <= x <= upper, entry by entry."""

    lower: float
    upper: float

    def project(self, x: Tensor) -> Tensor:
        """The nearest point of the box."""
        return x.clamp(self.lower, self.upper)


@dataclass(frozen=True)
class NonNeg:
    """x >= 0, entry by entry."""

    def project(self, x: Tensor) -> Tensor:
        """The nearest point of the orthant."""
        return x.clamp(min=0)


@dataclass(frozen=True)
class Simplex:
    """x >= 0 that sum to 1 along the last dimension."""

    def project(self, x: Tensor) -> Tensor:
        """The nearest point of the simplex: max(x - t, 0), with the t that makes it sum to 1.

        Held, Wolfe & Crowder, Validation of subgradient optimization, 1974.
        """
        x = x - x.amax(dim=-1, keepdim=True)  # the same for all, so that a 1 is not lost beside large numbers
        descending = x.sort(dim=-1, descending=True).values
        thresholds = (descending.cumsum(-1) - 1) / x.new_ones(x.shape).cumsum(-1)
        kept = (descending > thresholds).sum(-1, keepdim=True)
        return (x - thresholds.gather(-1, kept - 1)).clamp(min=0)
