"""Stochastic neighbours: how likely each pair of points is, and how far a map's pairs are from that.

    p(j | i)  in proportion to  exp(-b_i d_ij^2)
    p_ij = (p(j | i) + p(i | j)) / 2n
    q_ij  in proportion to  1 / (1 + |x_i - x_j|^2)
    f(X) = sum of p_ij log(p_ij / q_ij) over i != j     the divergence of Kullback and Leibler, never below 0

with b_i such that the entropy of p(. | i) is the logarithm of the perplexity.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from formulations.arithmetic.rounding import misplaced
from formulations.problem import Floats

HALVINGS = 60  # of the interval of log2(b), after which it is as narrow as numbers are
WIDEST, NARROWEST = -30.0, 120.0  # log2(b), squared distances being at most 1
ROWS = 500  # for which b is found together


@dataclass(frozen=True, eq=False)
class Affinities:
    """f, on positions float64 (n, k); D (n, n), symmetric, 0 on its diagonal; perplexity from 1, below n - 1."""

    D: Floats
    k: int
    perplexity: float

    @property
    def n(self) -> int:
        """How many points there are."""
        return len(self.D)

    @cached_property
    def P(self) -> Floats:
        """p_ij, (n, n)."""
        S = (self.D / self.D.max()) ** 2
        np.fill_diagonal(S, np.inf)
        given = np.concatenate([_conditional(part, self.perplexity) for part in np.array_split(S, -(-self.n // ROWS))])
        return np.asarray((given + given.T) / (2 * self.n))

    def values(self, candidates: Any) -> Floats:
        """The divergences of several positions."""
        return np.array([self.value(X) for X in candidates])

    def value(self, X: Floats) -> float:
        """The divergence; infinite where two points are too far apart for numbers."""
        return float(self._terms(X).sum())

    def size(self, X: Floats) -> float:
        """The sum of the sizes of its terms."""
        return float(np.abs(self._terms(X)).sum())

    def broken(self, X: Floats) -> str | None:
        """What keeps X from being positions."""
        return misplaced(X, self.n, self.k)

    def _terms(self, X: Floats) -> Floats:
        from scipy.spatial.distance import cdist
        from scipy.special import xlogy

        near = 1 / (1 + cdist(X, X, "sqeuclidean"))
        np.fill_diagonal(near, 0.0)
        with np.errstate(divide="ignore"):
            return np.asarray(xlogy(self.P, self.P) - xlogy(self.P, near / near.sum()))


def _conditional(S: Floats, perplexity: float) -> Floats:
    """p(j | i) of some rows of squared distances (m, n), infinite from a point to itself.

    >>> _conditional(np.array([[np.inf, 1.0, 1.0, 9.0]]), 2.0).round(6).tolist()
    [[0.0, 0.5, 0.5, 0.0]]
    """
    S = S - S.min(axis=1, keepdims=True)
    low, high = (np.full((len(S), 1), end) for end in (WIDEST, NARROWEST))
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        flat = _entropies(_softmin(S, middle)) > np.log(perplexity)
        low, high = np.where(flat, middle, low), np.where(flat, high, middle)
    return _softmin(S, (low + high) / 2)


def _softmin(S: Floats, exponent: Floats) -> Floats:
    weight = np.exp(-np.exp2(exponent) * S)
    return np.asarray(weight / weight.sum(axis=1, keepdims=True))


def _entropies(p: Floats) -> Floats:
    from scipy.special import xlogy

    return np.asarray(-xlogy(p, p).sum(axis=1, keepdims=True))
