"""How far points are spread whose neighbours keep together, as an objective; bounds on it from weights of neighbours.

    f(X) = sum of |x_i - m|^2, m the mean of x_1, ..., x_n, where |x_i - x_j| <= d_e for all neighbours e = ij

For any weights y_e >= 0 of neighbours let L be their Laplacian, and l its second eigenvalue: the least on what is
orthogonal to constants. In any dimension

    l f(X)  <=  tr(X'LX)  =  sum of y_e |x_i - x_j|^2  <=  sum of y_e d_e^2

which bounds f if l > 0: the dual of unfolding, which makes a network of given cost conduct as well as can be (Sun,
Boyd, Xiao and Diaconis, The fastest mixing Markov process on a graph and a connection to a maximum variance unfolding
problem, 2006). Neighbours 0 apart are at one place, whose mass m is how many it has: then L stands for M^-1/2 L M^-1/2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

from formulations.arithmetic.eigenvalues import least_eigenvalues
from formulations.arithmetic.rounding import ROUNDOFF, arrays
from formulations.problem import Bools, Floats, Ints

KIND = "weights of neighbours"
TOLERANCE = 1e-12  # of the largest coordinate: by so much neighbours may be too far apart, from rounding


@dataclass(frozen=True, eq=False)
class Spread:
    """f, on positions float64 (n, p) of n points, of any p; tail, head, distance (m,): of neighbours."""

    tail: Ints
    head: Ints
    distance: Floats
    n: int

    @cached_property
    def apart(self) -> Bools:
        """Which neighbours are not 0 apart, (m,)."""
        return np.asarray(self.distance > 0)

    @cached_property
    def place(self) -> Ints:
        """The number of the place, from 0 on, that each point is at, (n,): neighbours 0 apart have the same one."""
        ends = self.tail[~self.apart], self.head[~self.apart]
        joined = coo_array((np.ones(len(ends[0])), ends), shape=(self.n, self.n))
        return np.asarray(connected_components(joined, directed=False)[1], dtype=np.int64)

    @cached_property
    def root(self) -> Floats:
        """The roots of the masses of places, (g,)."""
        return np.asarray(np.sqrt(np.bincount(self.place)))

    @cached_property
    def incidence(self) -> csr_array:
        """Of neighbours that are apart, 1 at the place of one and -1 at that of the other, over their roots, (a, g)."""
        ends = self.place[self.tail[self.apart]], self.place[self.head[self.apart]]
        rows = np.arange(len(ends[0]))
        entries = np.r_[1 / self.root[ends[0]], -1 / self.root[ends[1]]]
        shape = len(rows), len(self.root)
        return csr_array(coo_array((entries, (np.r_[rows, rows], np.concatenate(ends))), shape=shape))

    def lengths(self, X: Floats) -> Floats:
        """How far neighbours are from each other at X, (m,)."""
        return np.asarray(np.linalg.norm(X[self.tail] - X[self.head], axis=1))

    def values(self, candidates: Any) -> Floats:
        """The spreads of several positions."""
        return np.array([self.value(X) for X in candidates])

    def value(self, X: Floats) -> float:
        """The sum of squared distances from the mean."""
        return float(((X - X.mean(axis=0)) ** 2).sum())

    def size(self, X: Floats) -> float:
        """The spread itself."""
        return self.value(X)

    def broken(self, X: Floats) -> str | None:
        """What keeps X from being positions of such neighbours."""
        if np.ndim(X) != 2 or len(X) != self.n or not X.shape[1] or not np.isfinite(X).all():
            return f"the shape of positions, {self.n} rows of finite numbers"
        far = self.lengths(X) > self.distance + TOLERANCE * float(np.abs(X).max())
        return f"the distance of {int(far.sum()):,} neighbours" if far.any() else None

    def bound(self, weights: Any) -> float:
        """What weights (m,) prove that no spread exceeds; infinite if nothing.

        >>> form = Spread(np.array([0, 1]), np.array([1, 2]), np.array([1.0, 1.0]), 3)  # a path: -1, 0, 1
        >>> 0 <= form.bound(np.ones(2)) - 2.0 < 1e-12
        True
        """
        known = arrays((weights,), (len(self.distance),))
        if known is None:
            return math.inf
        if len(self.root) == 1:
            return 0.0
        y = known[0][self.apart].clip(0)
        least = self._conductance(y / y.max()) if y.max() > 0 else 0.0
        if not least > 0:
            return math.inf
        unit = float(self.distance.max())
        total = math.fsum((y / y.max() * (self.distance[self.apart] / unit) ** 2).tolist())
        return total / least * unit**2 * (1 + 32 * ROUNDOFF)

    def _conductance(self, y: Floats) -> float:
        """A lower bound on l for weights (a,) from 0 to 1; 0 if none is found.

        S = L + t uu' has the same eigenvalues but for t, their mean, at the constants u. If KS = I + E for a symmetric
        K, then any eigenpair S x = s x has s x'Kx = x'x + x'Ex, so that s is (1 - |E|) / |K| at least. A Cholesky
        factorisation of S would lose n times as much to rounding.
        """
        g, u = len(self.root), self.root / np.linalg.norm(self.root)
        E = self.incidence
        L = (E.T @ csr_array(E * y[:, None])).toarray()
        constants = float(np.trace(L)) / (g - 1) * np.outer(u, u)
        S = L + constants
        try:
            K = np.linalg.inv(S)
        except np.linalg.LinAlgError:
            return 0.0
        if not np.isfinite(K).all():
            return 0.0
        K = (K + K.T) / 2
        terms = 2 * g + int(np.diff(csr_array(E.T).indptr).max()) + 16
        rounding = terms * ROUNDOFF * float(np.linalg.norm(np.abs(K) @ (np.abs(L) + constants)))
        off = float(np.linalg.norm(K @ S - np.eye(g))) + 2 * rounding
        return max(0.0, 1 - off) / -float(least_eigenvalues(-K[None])[0])
