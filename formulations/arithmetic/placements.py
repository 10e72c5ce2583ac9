"""Positions of points some of whose distances are known, as an objective; bounds from weights of the distances.

    minimize  f(X) = sum over e = ij of | |x_i - x_j|^2 - d_e^2 |          x_i given for anchors, free for sensors

For any weights |y_e| <= 1

    f(X)  >=  q(X) = sum of y_e (|x_i - x_j|^2 - d_e^2)  =  tr(S XX') - 2 tr(T X') + c

with S, the weighted Laplacian among sensors. If S >= b I, b > 0, then at any C, with g = 2 (SC - T) the gradient there,

    q(X)  >=  q(C) + tr(g'(X - C)) + b |X - C|^2  >=  q(C) - |g|^2 / 4b

which is a bound on f, however the weights were found; it is the dual of the semidefinite relaxation (Biswas and Ye,
Semidefinite programming for ad hoc wireless sensor network localization, 2004). And it says where positions as good can
be: those with f(X) <= t have |X - C| <= |g| / 2b + ((t - q(C)) / b + |g|^2 / 4b^2)^(1/2). A small radius shows that the
distances leave no choice (So and Ye, Theory of semidefinite programming for sensor network localization, 2007).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy.sparse import coo_array, csr_array

from formulations.arithmetic.eigenvalues import least_eigenvalues
from formulations.arithmetic.rounding import ROUNDOFF, arrays, misplaced
from formulations.problem import Bools, Floats, Ints

LIFTED = (0.0, 1e-12, 1e-10, 1e-8, 1e-6, 1e-4)  # added to all weights, until S is positive definite


@dataclass(frozen=True, eq=False)
class DistanceErrors:
    """f, on positions float64 (n, d) of all points.

    tail, head, distance  (m,): the distances that are known
    fixed                 (n, d): positions of anchors, nan for sensors
    """

    tail: Ints
    head: Ints
    distance: Floats
    fixed: Floats

    @cached_property
    def free(self) -> Bools:
        """Which points are sensors, (n,)."""
        return np.asarray(np.isnan(self.fixed[:, 0]))

    @cached_property
    def incidence(self) -> csr_array:
        """1 at the tail and -1 at the head of each distance, (m, n)."""
        m, rows = len(self.tail), np.arange(len(self.tail))
        ends = (np.r_[rows, rows], np.r_[self.tail, self.head])
        return csr_array(coo_array((np.repeat([1.0, -1.0], m), ends), shape=(m, len(self.fixed))))

    def errors(self, X: Floats) -> Floats:
        """Squared distances less those that are known, (m,)."""
        return np.asarray(((X[self.tail] - X[self.head]) ** 2).sum(axis=1) - self.distance**2)

    def values(self, candidates: Any) -> Floats:
        """The sums of several positions."""
        return np.array([self.value(X) for X in candidates])

    def value(self, X: Floats) -> float:
        """The sum of the errors' sizes."""
        return float(np.abs(self.errors(X)).sum())

    def size(self, X: Floats) -> float:
        """The sum of all squared distances, as they are to be."""
        return float((self.distance**2).sum()) or 1.0

    def broken(self, X: Floats) -> str | None:
        """What keeps X from being positions."""
        if (wrong := misplaced(X, *self.fixed.shape)) is not None:
            return wrong
        return None if (X[~self.free] == self.fixed[~self.free]).all() else "the positions of anchors"

    def bound(self, weights: Any) -> float:
        """What weights (m,) prove that no sum is below; 0 if nothing else."""
        known = arrays((weights,), (len(self.tail),))
        if known is None:
            return -math.inf
        return max((self._least(y)[0] for y in self._lifted(known[0])), default=0.0)

    def radius(self, weights: Any, total: float) -> tuple[Floats, float]:
        """A place C (n, d), and how far from it positions with f(X) <= total are at most, all sensors together."""
        best = self.fixed, math.inf
        for y in self._lifted(np.asarray(weights, dtype=np.float64)):
            least, C, slope, b = self._least(y)
            if b > 0:
                reach = slope + math.sqrt(max(0.0, (total - least) / b))
                best = min(best, (C, reach), key=lambda found: found[1])
        return best

    def _lifted(self, y: Floats) -> list[Floats]:
        """The weights, and all a little larger, within 1."""
        return [np.zeros_like(y), *((y.clip(-1, 1) + more) / (1 + more) for more in LIFTED)]

    def _least(self, y: Floats) -> tuple[float, Floats, float, float]:
        """A lower bound on q, C (n, d), |g| / 2b, and b, which is 0 where q has no least value."""
        X = np.where(self.free[:, None], 0.0, self.fixed)
        if not y.any():
            return 0.0, X, math.inf, 0.0
        E = self.incidence[:, self.free]
        S = (E.T @ csr_array(E * y[:, None])).toarray()
        sums = np.asarray(abs(E).T @ np.abs(y))  # what a row of S sums, before anything cancels
        rounding = 4 * (len(y) + 4) * ROUNDOFF * 2 * float(sums.max(initial=0.0))
        b = float(least_eigenvalues((S + S.T)[None] / 2)[0]) - rounding if len(S) else 0.0
        if not b > 0:
            return -math.inf, X, math.inf, 0.0
        X[self.free] = np.linalg.solve(S, -E.T @ (y[:, None] * (self.incidence @ X)))
        differences = self.incidence @ X
        g = 2 * np.asarray(E.T @ (y[:, None] * differences))
        size = float(np.abs(X).max(initial=0.0)) ** 2 * X.shape[1]
        unsure = 16 * ROUNDOFF * (float(np.abs(y).sum()) * (8 * size) + float((np.abs(y) * self.distance**2).sum()))
        unsure *= 1 + math.log2(len(y) + 1)
        slope = float(np.linalg.norm(g)) + 16 * len(S) * ROUNDOFF * float(np.abs(y).sum()) * math.sqrt(size)
        least = math.fsum((y * self.errors(X)).tolist()) - slope**2 / (4 * b) - unsure
        return least, X, slope / (2 * b), b
