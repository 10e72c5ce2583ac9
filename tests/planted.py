"""Convex programs with integer data whose optimum is known exactly: points and multipliers that fit are planted."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import cvxpy as cp
import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
KINDS = {
    "lp": ["rows"],
    "qp": ["rows", "equation"],
    "soc": ["ball", "rows"],
    "exp": ["exponential", "rows"],
    "psd": ["matrix", "rows"],
    "mixed": ["rows", "ball", "exponential", "matrix", "equation"],
}
BALLS = ((5, 3, 4), (13, 5, 12), (17, 8, 15), (3, 1, 2, 2), (7, 2, 3, 6), (9, 1, 4, 8), (1, 1), (2, 0, 2))  # |u| = t


def planted(kind: str, seed: int) -> tuple[cp.Problem, Fraction]:
    """min or max c'x + x'Px/2 + constant over b - A x in cones, and its optimum.

    s = b - A x and y in the dual cone are chosen with y's = 0, then c so that Px + c + A'y = 0: x is optimal.
    """
    rng = np.random.default_rng([seed, zlib.crc32(kind.encode())])
    n = int(rng.integers(2, 7))
    x, best = cp.Variable(n, name="x"), rng.integers(-3, 4, n)
    constraints, pull = [], np.zeros(n, dtype=np.int64)
    for part in KINDS[kind]:
        for _ in range(int(rng.integers(1, 4))):
            s, y, cone = PARTS[part](rng, n)
            A = rng.integers(-3, 4, (len(s), n))
            constraints.append(cone((s + A @ best) - A @ x))
            pull -= A.T @ y
    F = np.zeros((n, 1), dtype=np.int64)
    if kind == "qp" or (kind == "mixed" and rng.random() < 0.4):
        F = rng.integers(-2, 3, (n, int(rng.integers(1, n + 1))))
    P, constant = F @ F.T, int(rng.integers(-5, 6))
    c = pull - P @ best
    if rng.random() < 0.5:
        constraints.append(cp.abs(x) <= 10)
    squares = cp.sum_squares(F.T @ x) if rng.random() < 0.5 else cp.quad_form(x, cp.psd_wrap(P))
    objective = c @ x + constant + squares / 2
    optimum = Fraction(int(c @ best) + constant) + Fraction(int(best @ P @ best), 2)
    if rng.random() < 0.3:
        return cp.Problem(cp.Maximize(-objective), constraints), -optimum
    return cp.Problem(cp.Minimize(objective), constraints), optimum


Part = tuple[Ints, Ints, Callable[[Any], Any]]


def _rows(rng: np.random.Generator, n: int) -> Part:
    s = np.where(rng.random(n + 1) < 0.6, 0, rng.integers(0, 4, n + 1))
    return s, np.where(s == 0, rng.integers(0, 4, n + 1), 0), lambda e: e >= 0


def _equation(rng: np.random.Generator, n: int) -> Part:
    return np.zeros(1, dtype=np.int64), rng.integers(-3, 4, 1), lambda e: e == 0


def _ball(rng: np.random.Generator, n: int) -> Part:
    t = np.array(BALLS[rng.integers(len(BALLS))])
    t[1:] *= rng.choice([-1, 1], len(t) - 1)
    opposite, deeper = np.r_[t[0], -t[1:]], t + np.eye(1, len(t), dtype=np.int64)[0]
    pairs = [(t * rng.integers(1, 3), opposite * rng.integers(0, 3)), (0 * t, deeper), (deeper, 0 * t)]
    s, y = pairs[rng.integers(3)]
    return s, y, lambda e: cp.SOC(e[0], e[1:])


def _exponential(rng: np.random.Generator, n: int) -> Part:
    """On the boundary at (0, m, m), where the normal is (-1, -1, 1); at (-p, 0, q); inside, at (0, m, m + 1)."""
    m, p, q = (int(k) for k in rng.integers([1, 0, 0], [4, 3, 2]))
    pairs = [
        ([0, m, m], np.array([-1, -1, 1]) * rng.integers(0, 4)),
        ([-p, 0, q], np.array([0, rng.integers(0, 3), 0 if q else rng.integers(0, 3)])),
        ([0, m, m + 1], np.zeros(3, dtype=np.int64)),
    ]
    s, y = pairs[rng.integers(3)]
    return np.array(s), y, lambda e: cp.ExpCone(e[0], e[1], e[2])


def _matrix(rng: np.random.Generator, n: int) -> Part:
    """S and Y have the columns of an orthogonal frame v'v I - 2 v v' as eigenvectors, each some of them."""
    size = int(rng.integers(2, 4))
    v = rng.integers(-2, 3, size)
    v[0] += not v.any()
    frame, rank = int(v @ v) * np.eye(size, dtype=np.int64) - 2 * np.outer(v, v), int(rng.integers(0, size + 1))
    U, V = frame[:, :rank], frame[:, rank:]
    S = (U * rng.integers(1, 3, U.shape[1])) @ U.T
    Y = (V * rng.integers(0, 3, V.shape[1])) @ V.T
    i, j = np.triu_indices(size)

    def semidefinite(e: Any) -> Any:
        place = {(int(a), int(b)): k for k, (a, b) in enumerate(zip(i, j, strict=True))}
        rows = [[e[place[min(a, b), max(a, b)]] for b in range(size)] for a in range(size)]
        return cp.bmat(rows) >> 0

    return S[i, j], Y[i, j] * np.where(i == j, 1, 2), semidefinite


PARTS: dict[str, Callable[[np.random.Generator, int], Part]] = {
    "rows": _rows,
    "equation": _equation,
    "ball": _ball,
    "exponential": _exponential,
    "matrix": _matrix,
}
