"""A matrix as a sum of one of low rank and a sparse one: |L|_* + w |M - L|_1, and what any matrix Y proves of it.

|L|_* is the sum of the singular values, |S|_1 that of all |S_ij|. For Y with singular values of at most 1 and entries
of at most w

    |L|_* + w |M - L|_1  >=  <L, Y> + <M - L, Y>  =  <M, Y>

and any other Y is divided by what it exceeds these by. u is the unit roundoff.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from formulations.arithmetic.rounding import ROUNDOFF, arrays
from formulations.arithmetic.supports import largest_eigenvalue
from formulations.problem import Floats


@dataclass(frozen=True, eq=False)
class LowRankPlusSparse:
    """|L|_* + w |M - L|_1 over all L; M float64 (m, n), w > 0."""

    M: Floats
    w: float

    def values(self, parts: list[Floats]) -> Floats:
        """Of several L."""
        return np.array([self.value(L) for L in parts])

    def value(self, L: Floats) -> float:
        """The objective."""
        return float(np.linalg.svd(L, compute_uv=False).sum() + self.w * np.abs(self.M - L).sum())

    def size(self, L: Floats) -> float:
        """The value, whose terms are all of one sign."""
        return self.value(L)

    def broken(self, L: Floats) -> str | None:
        """What keeps L from being a matrix of M's shape, in words."""
        m, n = self.M.shape
        return None if np.shape(L) == (m, n) and np.isfinite(L).all() else f"the shape, {m} x {n} finite numbers"

    def bound(self, Y: Any) -> float:
        """What Y proves: no L has less; -inf if nothing."""
        known = arrays((Y,), self.M.shape)
        if known is None:
            return -math.inf
        dual = known[0]
        excess = max(1.0, spectral_norm(dual), float(np.abs(dual).max(initial=0.0)) / self.w * (1 + 2 * ROUNDOFF))
        terms = self.M * dual
        lost = 2 * (self.M.size + 4) * ROUNDOFF * float(np.abs(terms).sum())
        return (float(terms.sum()) - lost) / (excess * (1 + 4 * ROUNDOFF))


def spectral_norm(Y: Floats) -> float:
    """A proven upper bound on the largest singular value.

    >>> 2 <= spectral_norm(np.array([[2.0, 0.0, 0.0], [0.0, 1.0, 0.0]])) < 2 + 1e-12
    True
    """
    A = Y if Y.shape[0] <= Y.shape[1] else Y.T
    rounding = 2 * (A.shape[1] + 2) * ROUNDOFF * float((A**2).sum())
    return math.sqrt(max(largest_eigenvalue(A @ A.T), 0.0) + rounding) * (1 + 4 * ROUNDOFF)
