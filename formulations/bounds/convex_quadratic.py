"""The convex quadratic bound on quadratic assignment (Anstreicher and Brixius, Math. Programming 2001).

With a, W and b, Z the eigenvalues and orthonormal eigenvectors of A and B on the vectors orthogonal to e = (1, ..., 1),
s_i + t_j <= a_i b_j, and P a permutation matrix, Y = W'PZ is orthogonal, so that with row sums r and total sigma

    <A, P B P'> = sum a_i b_j Y_ij^2             + 2/n r(A)'P r(B) - sigma(A) sigma(B) / n^2
                = sum C_ij Y_ij^2 + <e, s + t>   + 2/n r(A)'P r(B) - sigma(A) sigma(B) / n^2,    C = ab' - se' - et'.

As C >= 0, this is a convex function of P, and its minimum over doubly stochastic matrices is a lower bound. A dual
certificate is a matrix X and a vector u: the tangent at any X lies below the function, and for any u the tangent is at
least sum_i u_i + sum_k min_i (G_ik - u_i) over permutations, G being the gradient. With the greatest <e, s + t>, and
without its quadratic term, it is the projected eigenvalue bound, whose shift d of A's diagonal it shares.
"""

from __future__ import annotations

import math
import time
from typing import Any, NamedTuple

import numpy as np

from formulations.arithmetic.rounding import ROUNDOFF, arrays
from formulations.bounds.projected_eigenvalue import projected, projected_eigenvalue_shift
from formulations.problem import Floats


class _Quadratic(NamedTuple):
    """<A, P B P'> >= sum C_ij (W'PZ)_ij^2 + <L, P> + constant - error, proven; W, Z (n, n - 1), C (n - 1, n - 1)."""

    W: Floats
    Z: Floats
    C: Floats
    L: Floats
    constant: float
    error: float


def convex_quadratic_bound(A: Floats, B: Floats, certificate: Any) -> float:
    """The lower bound on min <A, P B P'> that the certificate (d, X, u) proves; -inf if it is none.

    d, X, u float64 (n,), (n, n), (n,); X need not be doubly stochastic. A, B float64 (n, n), symmetric, B's diagonal
    constant.

    >>> A, B = np.array([[0.0, 1, 0], [1, 0, 1], [0, 1, 0]]), np.array([[0.0, 1, 2], [1, 0, 1], [2, 1, 0]])
    >>> bound = convex_quadratic_bound(A, B, (np.zeros(3), np.full((3, 3), 1 / 3), np.zeros(3)))
    >>> bool(0 < bound <= 4)  # the best order, 0, 1, 2, costs 4
    True
    """
    n = len(A)
    found = arrays(certificate, (n,), (n, n), (n,))
    if found is None or not n:
        return -math.inf
    d, X, u = found
    with np.errstate(over="ignore", invalid="ignore"):
        q = _quadratic(A, B, d)
        M = q.W.T @ X @ q.Z  # sum C Y^2 >= 2 <C M, Y> - <C M, M> for all M, with C M the entrywise product
        K = q.C * M
        tangent = 2 * q.W @ K @ q.Z.T + q.L
        least = (tangent - u[:, None] - 2 * ROUNDOFF * (np.abs(tangent) + np.abs(u)[:, None])).min(axis=0)
        square = float((K * M).sum())
        error = q.error + 16 * n * (n + 8) * ROUNDOFF * float(np.linalg.norm(K)) + 2 * (n * n + 8) * ROUNDOFF * square
    if not math.isfinite(float(least.sum()) + square + error + q.constant):
        return -math.inf
    return math.nextafter(math.fsum([*u.tolist(), *least.tolist(), -square, q.constant, -error]), -math.inf)


def convex_quadratic_point(A: Floats, B: Floats, seconds: float) -> tuple[Floats, Floats, Floats]:
    """A good certificate (d, X, u) within about that time: the quadratic program by ADMM.

    X = ee'/n + W Y Z' has rows and columns of sum 1; the constraint X = N, N >= 0, has multipliers R >= 0, and at the
    optimum the gradient minus R is u_i + v_k. The quadratic is diagonal in Y, so a round costs four matrix products.

    >>> A, B = np.array([[0.0, 1, 0], [1, 0, 1], [0, 1, 0]]), np.array([[0.0, 1, 2], [1, 0, 1], [2, 1, 0]])
    >>> bool(3.5 < convex_quadratic_bound(A, B, convex_quadratic_point(A, B, math.inf)) <= 4)  # 4 is the optimum
    True
    """
    end, n = time.monotonic() + seconds, len(A)
    d = projected_eigenvalue_shift(A, B, seconds / 3)
    if not n:
        return d, np.zeros((0, 0)), d
    q = _quadratic(A, B, d)
    rows, columns = np.argsort(A.sum(axis=1) + d), np.argsort(-B.sum(axis=1))
    u = np.empty(n)
    u[rows] = 2 / n * _duals((A.sum(axis=1) + d)[rows], B.sum(axis=1)[columns])[0]
    X = N = np.full((n, n), 1 / n)
    best, value = (d, X, u), convex_quadratic_bound(A, B, (d, X, u))
    R = np.zeros((n, n))
    linear = q.W.T @ q.L @ q.Z

    # ADMM; every 20 rounds the duals u of the tangent at X give a bound, and the penalty is adapted.
    penalty = float(np.linalg.norm(q.C) + np.linalg.norm(linear)) / n or 1.0
    for step in range(1, min(2000, 200_000 // n) + 1):
        Y = (q.W.T @ (penalty * N + R) @ q.Z - linear) / (2 * q.C + penalty)
        X, previous = 1 / n + q.W @ Y @ q.Z.T, N
        N = np.maximum(X - R / penalty, 0)
        R = R - penalty * (X - N)
        late = time.monotonic() > end
        if step % 20 and not late:
            continue
        tangent = 2 * q.W @ (q.C * Y) @ q.Z.T + q.L
        u = (tangent - R).mean(axis=1)
        v = (tangent - u[:, None]).min(axis=0)
        u = (tangent - v).min(axis=1)
        found = float(u.sum() + (tangent - u[:, None]).min(axis=0).sum() - (q.C * Y**2).sum()) + q.constant
        if found > value:
            best, value = (d, X, u), found
        if late:
            break
        # The primal residual relative to N and the dual one relative to R, both multiplied by the norms of N and R.
        primal = float(np.linalg.norm(X - N) * np.linalg.norm(R))
        dual = penalty * float(np.linalg.norm(N - previous) * np.linalg.norm(N))
        if primal > 3 * dual or dual > 3 * primal:
            penalty *= 2 if primal > dual else 0.5
    return best


def _quadratic(A: Floats, B: Floats, d: Floats) -> _Quadratic:
    """The quadratic after A's shift by d, with the greatest <e, s + t>.

    Its error is the sum of those of the eigendecompositions; of the eigenvectors' orthonormality, on which
    sum_j Y_ij^2 = 1 rests; of C's negative entries; and 64 (n + 8) u ||A|| ||B|| for all else, in Frobenius's norm.
    """
    n = len(A)
    A = A + np.diag(d)
    a, W, off_a, skew_a = _eigenbasis(A)
    b, Z, off_b, skew_b = _eigenbasis(B)
    b, Z = b[::-1], Z[:, ::-1]
    s, t = _duals(a, b)
    products = np.multiply.outer(a, b)
    C = products - s[:, None] - t
    negative = np.maximum(-C, 0) + 4 * ROUNDOFF * (np.abs(products) + np.abs(s)[:, None] + np.abs(t))
    norms = float(np.linalg.norm(A)), float(np.linalg.norm(B))
    error = off_a * norms[1] + off_b * (norms[0] + off_a) + 64 * (n + 8) * ROUNDOFF * norms[0] * norms[1]
    error += 2 * (skew_a + skew_b) * float(np.abs(s).sum() + np.abs(t).sum())
    error += 2 * float(negative.max(axis=1, initial=0).sum())
    r, c = A.sum(axis=1), B.sum(axis=1)
    parts = [float(s.sum() + t.sum()), -float(r.sum() * c.sum()) / n**2, -float(B[0, 0]) * math.fsum(d.tolist())]
    error += 4 * n * ROUNDOFF * float(np.abs(s).sum() + np.abs(t).sum()) + 4 * ROUNDOFF * sum(map(abs, parts))
    error = error if max(skew_a, skew_b) < 1 / 8 else math.inf
    return _Quadratic(W, Z, np.maximum(C, 0), 2 / n * np.outer(r, c), sum(parts), error)


def _eigenbasis(S: Floats) -> tuple[Floats, Floats, float, float]:
    """a, increasing, and W; bounds on the errors of W Diag(a) W' and of the orthonormality of (W, e / sqrt n)."""
    n = len(S)
    lifted = projected(S)
    values, vectors = np.linalg.eigh(lifted)
    a, W = values[:-1], vectors[:, :-1]
    size = float(np.linalg.norm(S))
    off = float(np.linalg.norm(lifted - 2 * size / n - (W * a) @ W.T))
    basis = np.column_stack([W, np.full(n, n**-0.5)])
    skew = float(np.linalg.norm(basis.T @ basis - np.eye(n)))
    off += 8 * (n + 8) * ROUNDOFF * (float(np.abs(a).sum()) + 4 * size)
    return a, W, off, skew + 4 * n * (n + 4) * ROUNDOFF


def _duals(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """s and t with s_i + t_j <= a_i b_j and equality where i = j, for increasing a and decreasing b."""
    s = np.concatenate([[0.0], np.cumsum(np.diff(a) * (b[1:] + b[:-1]) / 2)])[: len(a)]
    s = s - s.mean() if len(s) else s
    return s, a * b - s
