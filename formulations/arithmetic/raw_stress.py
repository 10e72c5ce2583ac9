"""Raw stress of positions against given distances, and bounds on it from any configuration in more dimensions.

    f(X) = sum over i < j of (r_ij - d_ij)^2            r_ij = |x_i - x_j|

For any numbers u_ij > 0, the least of (r - d)^2 - (1 - u) r^2 over r >= 0 is d^2 - d^2 / u, at r = d / u, so that

    f(X)  >=  sum of d_ij^2 - d_ij^2 / u_ij  +  tr(X'LX)

with L the Laplacian of weights 1 - u_ij. Where L >= 0, in the order of positive semidefinite matrices, the first sum is
a bound on f, in any dimension: the dual of scaling in as many dimensions as there are points, which is convex in XX'
(de Leeuw, Fitting distances by least squares, 1993). The best u are d_ij / r_ij of its optimum; those of any other
configuration prove a bound as well, once u is so far reduced that L >= 0: if L >= -n e on centred vectors, by e.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from formulations.arithmetic.eigenvalues import least_eigenvalues
from formulations.arithmetic.rounding import ROUNDOFF, arrays, misplaced
from formulations.problem import Floats

BLOCK = 256  # rows and columns of distances that are worked on together
TINY = 1e-12  # of the largest distance: configurations have no pairs that are nearer
ROUNDS = 3  # in which too small u are raised: by then nothing changes
AT_STAKE = 1e-6  # of the squares of all distances: the least size of a stress


@dataclass(frozen=True, eq=False)
class RawStress:
    """f, on positions float64 (n, k); D (n, n), symmetric, 0 on its diagonal."""

    D: Floats
    k: int

    @property
    def n(self) -> int:
        """How many points there are."""
        return len(self.D)

    @cached_property
    def upper(self) -> tuple[Any, Any]:
        """The pairs i < j."""
        return np.triu_indices(self.n, 1)

    @cached_property
    def squares(self) -> float:
        """The sum of squared distances over pairs."""
        return float((self.D**2).sum()) / 2

    def values(self, candidates: Any) -> Floats:
        """The stress of several positions."""
        return np.array([self.value(X) for X in candidates])

    def value(self, X: Floats) -> float:
        """The stress."""
        return float(((lengths(X) - self.D) ** 2).sum()) / 2

    def guttman(self, X: Floats) -> tuple[Floats, float]:
        """B(X) X / n, Guttman's transform of positions (n, p), and their stress; X is centred.

        B_ij = -d_ij / r_ij, 0 where r_ij is 0, and rows of B sum to 0. The stress is the sum of d_ij^2, and n |X|^2
        less 2 tr(X'BX), in which digits of the sum are lost; its gradient is 2 n (X - B(X) X / n).

        >>> line = np.array([[-1.0], [0.0], [1.0]])
        >>> transformed, value = RawStress(abs(line - line.T), 1).guttman(2 * line)
        >>> transformed.tolist(), value
        ([[-1.0], [0.0], [1.0]], 6.0)
        """
        from scipy.spatial.distance import cdist

        n, ones = self.n, np.column_stack([X, np.ones(self.n)])
        pulled = np.zeros_like(ones)
        firsts = range(0, n, BLOCK)
        for i in firsts:
            for j in firsts[i // BLOCK :]:  # each block of pairs once, while it is in the cache
                rows, columns = slice(i, i + BLOCK), slice(j, j + BLOCK)
                ratio = cdist(X[rows], X[columns])
                np.divide(self.D[rows, columns], ratio, out=ratio, where=ratio > 0)
                pulled[rows] += ratio @ ones[columns]
                if i < j:
                    pulled[columns] += ratio.T @ ones[rows]
        BX = pulled[:, -1:] * X - pulled[:, :-1]
        return BX / n, self.squares + n * float((X**2).sum()) - 2 * float((X * BX).sum())

    def size(self, X: Floats) -> float:
        """The stress, or a share of that of points that are all at one place: the sum of squared distances."""
        return max(self.value(X), AT_STAKE * self.squares)

    def broken(self, X: Floats) -> str | None:
        """What keeps X from being positions."""
        return misplaced(X, self.n, self.k)

    def bound(self, found: Any) -> float:
        """What a configuration (n, p), of any p, proves that no stress is below; 0 if nothing else."""
        p = found.shape[1] if isinstance(found, np.ndarray) and found.ndim == 2 else 0
        known = arrays((found,), (self.n, p))
        if known is None or not p or not float(np.abs(known[0]).max()) < math.sqrt(np.finfo(float).max) / self.n:
            return 0.0
        off = ~np.eye(self.n, dtype=bool)
        r = np.maximum(lengths(known[0]), TINY * float(self.D.max()))
        u = np.where(off, self.D / r, 1.0)
        for _ in range(ROUNDS):
            e = self._reduced(1 - u)
            if (u[off] > e).all():
                return self._summed(u[self.upper] - e)
            u = np.maximum(u, 2 * e)
        return 0.0

    def _summed(self, u: Floats) -> float:
        """The sum over pairs, (m,), less what rounding may have done."""
        d = self.D[self.upper]
        rounding = 16 * ROUNDOFF * float((d**2 + d**2 / u).sum())
        return max(0.0, math.fsum((d**2 - d**2 / u).tolist()) - rounding)

    def _reduced(self, y: Floats) -> float:
        """e >= 0, with which the Laplacian of weights y (n, n) plus n e is positive semidefinite on centred vectors."""
        n, sizes = self.n, np.abs(y).sum(axis=1)
        shift = float(sizes.max()) / n  # for the vector of ones, which is centred away
        L = np.diag(y.sum(axis=1)) - y + shift
        rounding = 4 * (n + 4) * ROUNDOFF * float(sizes.max() + n * shift)
        return max(0.0, rounding - float(least_eigenvalues((L + L.T)[None] / 2)[0])) / n


def lengths(X: Floats) -> Floats:
    """The distances between all positions (n, p), (n, n)."""
    from scipy.spatial.distance import cdist

    return np.asarray(cdist(X, X))
