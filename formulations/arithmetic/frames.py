"""The trace of a symmetric matrix over orthonormal frames, and what proves that no frame has a larger one.

Let l_1 >= l_2 >= ... be the eigenvalues of M x = l B x, with B positive definite. Among all Y with Y'BY = I (n x k)

    tr(Y'MY)  <=  l_1 + ... + l_k                                          equality at eigenvectors (Fan 1949)

so an upper bound on the k largest eigenvalues is a bound on the trace. Approximate eigenpairs (theta_i, v_i), c of
them, and a threshold t prove one in two steps, of which neither trusts where they are from:

1. There are c eigenvalues within r of theta_1, ..., theta_c, one for one; r is the norm of the residual MV - BV Theta,
   in units of B, and of what V'BV is off I (Kahan; Parlett, The Symmetric Eigenvalue Problem, 1998, 11.5).
2. At most c eigenvalues lie above t, so that those are all. Of a dense M = BVDV'B + R with R <= t B, as V D V' has
   rank c (Weyl): a Cholesky factorisation of tB - R says so. Of a sparse M by the inertia of M - tB = LDL': there are
   as many positive eigenvalues as positive entries in D (Sylvester).

Then l_1 + ... + l_k is at most the sum of the k largest of theta_i + r or, of fewer than k, of these and (k - c) t.
What floating point may be off is added; u is the unit roundoff, and underflow is not accounted for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_array, issparse

from formulations.arithmetic.eigenvalues import least_eigenvalues, negative_by, positive_count
from formulations.arithmetic.rounding import ROUNDOFF, arrays
from formulations.problem import Floats

ORTHONORMAL = 1e-6  # how far an entry of Y'BY may be from that of I: the value is that of the frame nearby


@dataclass(frozen=True, eq=False)
class Eigenpairs:
    """Approximate eigenvalues (c,), eigenvectors (n, c), and the threshold that no other eigenvalue is to be beyond."""

    theta: Floats
    V: Floats
    threshold: float


@dataclass(frozen=True, eq=False)
class FrameTrace:
    """tr(Y'MY) over n x k frames Y'BY = I, to be maximized; to be minimized where sign is -1.

    M      symmetric, float64 (n, n), dense or csr
    B      positive definite, of the same kind; None for I
    error  how far M may be from the matrix that is meant, in Frobenius's norm: the bound holds for all these
    scale  (n,), what rows are multiplied by where Y stands for another frame: B^(-1/2) of a diagonal B that is in M
    """

    M: Floats | csr_array
    k: int
    sign: int = 1
    B: Floats | csr_array | None = None
    error: float = 0.0
    scale: Floats | None = None

    @property
    def n(self) -> int:
        """The length of the frame's vectors."""
        return int(self.M.shape[0])

    def metric(self, Y: Floats) -> Floats:
        """B Y."""
        return Y if self.B is None else np.asarray(self.B @ Y)

    def values(self, frames: list[Floats]) -> Floats:
        """The traces of several frames."""
        return np.array([self.value(Y) for Y in frames])

    def value(self, Y: Floats) -> float:
        """The trace over the orthonormal frame that spans what Y does: tr((Y'BY)^-1 Y'MY)."""
        return float(np.trace(np.linalg.solve(Y.T @ self.metric(Y), Y.T @ (self.M @ Y))))

    def size(self, Y: Floats) -> float:
        """|tr(Y'MY)|, but at least k times the root mean square of M's eigenvalues (of M B^-1's, up to B's range)."""
        typical = _norm(self.M) / math.sqrt(self.n)
        if self.B is not None:
            typical *= self.n / float(self.B.trace())
        return max(abs(self.value(Y)), self.k * typical)

    def broken(self, Y: Floats) -> str | None:
        """What keeps Y from being a frame, in words."""
        if np.shape(Y) != (self.n, self.k) or not np.isfinite(Y).all():
            return f"the shape of a frame, {self.n} x {self.k} finite numbers"
        off = np.abs(Y.T @ self.metric(Y) - np.eye(self.k)).max(initial=0)
        return None if off <= ORTHONORMAL else f"Y'BY = I, by {off:.2g}"

    def repaired(self, Y: Floats) -> Floats:
        """The frame that spans what Y does, by a Cholesky factorisation of Y'BY."""
        L = np.linalg.cholesky(Y.T @ self.metric(Y))
        return np.asarray(np.linalg.solve(L, Y.T).T)

    def bound(self, found: Any) -> float:
        """What Eigenpairs prove that no trace is beyond; infinite on the worse side if nothing."""
        if not isinstance(found, Eigenpairs):
            return self.sign * math.inf
        c = np.size(found.theta)
        known = arrays((found.theta, found.V, found.threshold), (c,), (self.n, c), ())
        if known is None:
            return self.sign * math.inf
        theta, V, t = self.sign * known[0], known[1], self.sign * float(known[2])
        beta = 1.0 if self.B is None else _least(self.B)
        if not beta > 0:
            return self.sign * math.inf
        if not _norm(self.M):
            return self.sign * math.sqrt(self.k) * self.error / beta
        near = self._enclosed(theta, V, beta)
        others = self._others(theta, V, t, beta) if len(theta) < self.n else -math.inf
        if not near < math.inf or not others < min(theta - near, default=math.inf):
            return self.sign * math.inf
        largest = np.sort(theta)[::-1][: self.k]
        total = float(largest.sum()) + len(largest) * near
        if len(largest) < self.k:
            total += (self.k - len(largest)) * others
        total += math.sqrt(self.k) * self.error / beta
        return self.sign * (total + 2 * (self.k + 4) * ROUNDOFF * (float(np.abs(largest).sum()) + abs(total)))

    def _enclosed(self, theta: Floats, V: Floats, beta: float) -> float:
        """r: there are c eigenvalues of sign M within it of theta, one for one; inf if V is no frame."""
        if not len(theta):
            return 0.0
        BV, c = self.metric(V), len(theta)
        length, most = float(np.linalg.norm(V)), float(np.abs(theta).max())
        product = 2 * (_terms(self.M) + 2) * ROUNDOFF * _spectral(self.M) * length
        metric = 0.0 if self.B is None else 2 * (_terms(self.B) + 2) * ROUNDOFF * _spectral(self.B) * length
        defect = float(np.linalg.norm(V.T @ BV - np.eye(c)))
        defect += 2 * (self.n + 2) * ROUNDOFF * length * float(np.linalg.norm(BV)) + length * metric
        if not defect < 0.5:
            return math.inf
        residual = float(np.linalg.norm(self.sign * (self.M @ V) - BV * theta))
        residual += product + most * (metric + 4 * ROUNDOFF * float(np.linalg.norm(BV)))
        return 2 * residual / math.sqrt(beta) + 3 * defect * most

    def _others(self, theta: Floats, V: Floats, t: float, beta: float) -> float:
        """What all but c eigenvalues of sign M are at most; inf if that is not proven."""
        c = len(theta)
        if issparse(self.M) and (self.B is None or issparse(self.B)):
            identity = csr_array((np.ones(self.n), np.arange(self.n), np.arange(self.n + 1)), shape=self.M.shape)
            A = csr_array(self.sign * self.M - t * (identity if self.B is None else self.B))
            rounding = 4 * ROUNDOFF * (_spectral(self.M) + abs(t) * (1.0 if self.B is None else _spectral(self.B)))
            positive, off = positive_count(A)
            return t + (off + rounding) / beta if positive <= c else math.inf
        M, B = _dense(self.M), np.eye(self.n) if self.B is None else _dense(self.B)
        typical = float(np.linalg.norm(M)) / math.sqrt(self.n)
        BV = self.metric(V)
        D = (theta - t).clip(0) + typical
        T = t * B - self.sign * M
        T += (BV * D) @ BV.T
        parts = abs(t) * float(np.linalg.norm(B)) + float(np.linalg.norm(M)) + float((D * (BV**2).sum(axis=0)).sum())
        rounding = 2 * (c + 6) * ROUNDOFF * parts
        return t + (negative_by(T) + rounding) / beta


def _dense(A: Floats | csr_array) -> Floats:
    return np.asarray(A.toarray() if issparse(A) else A)  # type: ignore[union-attr]


def _norm(A: Floats | csr_array) -> float:
    """Frobenius's norm."""
    return float(np.linalg.norm(A.data if issparse(A) else A))


def _spectral(A: Floats | csr_array) -> float:
    """What the spectral norm of |A|, and so that of A, is at most: Frobenius's norm, or the largest sum of a row."""
    return min(_norm(A), float(np.asarray(abs(A).sum(axis=1)).max(initial=0.0)))


def _terms(A: Floats | csr_array) -> int:
    """How many terms a sum over a row has."""
    return int(np.diff(A.indptr).max(initial=0)) if issparse(A) else A.shape[1]  # type: ignore[union-attr]


def _least(B: Floats | csr_array) -> float:
    """A proven lower bound on the least eigenvalue of B."""
    return float(least_eigenvalues(_dense(B)[None])[0])
