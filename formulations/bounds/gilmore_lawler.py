"""The Gilmore-Lawler bound on quadratic assignment, with multipliers that split each weight between its two ends.

    sum_ij A_ij B[p(i), p(j)]  >=  sum_i L_i,p(i),     L_ik = A_ii B_kk + <A_i., B_k.>_-

where <.,.>_- is the least scalar product over all pairings of the off-diagonal entries: one vector sorted increasingly,
the other decreasingly (Gilmore 1962; Lawler 1963). For any u the assignment costs at least sum_i u_i + sum_k min_i
(L_ik - u_i). As B is symmetric, A may be replaced by A + S - S' for any S without changing the value of any order; a
good S is found by a subgradient method (a part of the dual of Adams and Johnson's linearisation, 1994).
"""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np

from formulations.arithmetic.rounding import ROUNDOFF, arrays
from formulations.problem import Floats

SUBGRADIENT_STEPS = 1000


def gilmore_lawler_bound(A: Floats, B: Floats, certificate: Any) -> float:
    """The lower bound on min <A, P B P'> that the certificate (S, u) proves; -inf if it is none.

    S, A, B float64 (n, n), B symmetric; u float64 (n,).

    >>> A, B = np.array([[0.0, 1, 0], [1, 0, 1], [0, 1, 0]]), np.array([[0.0, 1, 2], [1, 0, 1], [2, 1, 0]])
    >>> round(gilmore_lawler_bound(A, B, (np.zeros((3, 3)), np.array([1.0, 2, 1]))), 6)  # 4 is the optimum
    4.0
    """
    n = len(A)
    found = arrays(certificate, (n, n), (n,))
    if found is None:
        return -math.inf
    S, u = found
    transfer = S - S.T  # antisymmetric in floating point, too
    costs = _costs(A + transfer, B) + (n + 4) * ROUNDOFF * _costs(np.abs(A) + np.abs(transfer), -np.abs(B))
    least = (costs - u[:, None] - 2 * ROUNDOFF * (np.abs(costs) + np.abs(u)[:, None])).min(axis=0, initial=np.inf)
    return math.nextafter(math.fsum([*u.tolist(), *least.tolist()]), -math.inf)


def gilmore_lawler_multipliers(A: Floats, B: Floats, seconds: float) -> tuple[Floats, Floats]:
    """A good certificate (S, u), (n, n) and (n,), within about that time: subgradient steps on S, Sinkhorn's on u.

    Instead of the assignment its entropic relaxation is solved, at a decreasing temperature; its duals are feasible for
    the assignment's dual as well.

    >>> A, B = np.array([[0.0, 1, 0], [1, 0, 1], [0, 1, 0]]), np.array([[0.0, 1, 2], [1, 0, 1], [2, 1, 0]])
    >>> round(gilmore_lawler_bound(A, B, gilmore_lawler_multipliers(A, B, math.inf)), 6)
    4.0
    """
    end, n = time.monotonic() + seconds, len(A)
    S = np.zeros((n, n))
    costs = _costs(A, B)
    u = costs.min(axis=1, initial=np.inf)
    best, value = (S, u), -math.inf
    length, temperature = float(np.linalg.norm(A - A.mean())) / 100 if n else 0.0, float(costs.std()) / 20 if n else 0.0
    if not (length > 0 and temperature > 0):
        return best
    increasing, off_diagonal = np.sort(_off_diagonal(B), axis=1), ~np.eye(n, dtype=bool)
    for step in range(SUBGRADIENT_STEPS + 1):
        decay = 0.01 ** (step / SUBGRADIENT_STEPS)
        u, plan = _sinkhorn(costs, u, temperature * decay**1.5)
        found = float(u.sum() + (costs - u[:, None]).min(axis=0).sum())
        if found > value:
            best, value = (S / 2, u), found
        if time.monotonic() > end:
            break
        # A subgradient: with which entry of B each off-diagonal entry of A + S is paired, on average over the plan.
        paired = np.empty((n, n - 1))
        np.put_along_axis(paired, np.argsort(-_off_diagonal(A + S), axis=1), plan @ increasing, axis=1)
        ascent = np.zeros((n, n))
        ascent[off_diagonal] = paired.ravel()
        ascent = ascent - ascent.T
        norm = float(np.linalg.norm(ascent))
        if norm == 0:
            break
        S = S + length * decay / norm * ascent
        costs = _costs(A + S, B)
    return best


def _costs(A: Floats, B: Floats) -> Floats:
    """L, float64 (n, n)."""
    decreasing, increasing = -np.sort(-_off_diagonal(A), axis=1), np.sort(_off_diagonal(B), axis=1)
    return np.asarray(decreasing @ increasing.T + np.outer(np.diag(A), np.diag(B)))


def _off_diagonal(A: Floats) -> Floats:
    """The rows without the diagonal, float64 (n, n - 1)."""
    n = len(A)
    return np.asarray(A[~np.eye(n, dtype=bool)].reshape(n, max(n - 1, 0)))


def _sinkhorn(costs: Floats, u: Floats, temperature: float) -> tuple[Floats, Floats]:
    """u and the plan, rows of sum 1, after three Sinkhorn rounds for the assignment with entropic regularization."""
    for _ in range(3):
        gain = (u[:, None] - costs) / temperature
        top = gain.max(axis=0)
        v = -temperature * (top + np.log(np.exp(gain - top).sum(axis=0)))
        gain = (v - costs) / temperature
        top = gain.max(axis=1)
        plan = np.exp(gain - top[:, None])
        total = plan.sum(axis=1)
        u = -temperature * (top + np.log(total))
    return u, plan / total[:, None]
