"""The Gilmore-Lawler bound on quadratic assignment, with multipliers that share each weight between its two ends.

    sum_ij A_ij B[p(i), p(j)]  >=  sum_i L_i,p(i),     L_ik = A_ii B_kk + <A_i., B_k.>_-

where <.,.>_- is the least scalar product over all ways to pair the entries off the diagonal: one sorted up, the other
down (Gilmore 1962; Lawler 1963). Any u bounds the assignment: sum_i u_i + sum_k min_i (L_ik - u_i). As B is symmetric,
A may be replaced by A + S - S' for any S without any order changing its value; the best S is found by a subgradient
method (a part of the dual of Adams and Johnson's linearisation, 1994).
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
    """What (S, u) prove of min <A, P B P'>; -inf if they are no such pair.

    S, A, B float64 (n, n), B symmetric; u float64 (n,).
    """
    n = len(A)
    found = arrays(certificate, (n, n), (n,))
    if found is None:
        return -math.inf
    S, u = found
    transfer = S - S.T  # antisymmetric in floats, too
    costs = _costs(A + transfer, B) + (n + 4) * ROUNDOFF * _costs(np.abs(A) + np.abs(transfer), -np.abs(B))
    least = (costs - u[:, None] - 2 * ROUNDOFF * (np.abs(costs) + np.abs(u)[:, None])).min(axis=0, initial=np.inf)
    return math.nextafter(math.fsum([*u.tolist(), *least.tolist()]), -math.inf)


def gilmore_lawler_multipliers(A: Floats, B: Floats, seconds: float) -> tuple[Floats, Floats]:
    """A good (S, u) within about that time: subgradient steps on S, and on u Sinkhorn's, at a falling temperature.

    The assignment enters through its entropic relaxation, whose duals are duals of the assignment all the same.
    """
    end, n = time.monotonic() + seconds, len(A)
    S = np.zeros((n, n))
    costs = _costs(A, B)
    u = costs.min(axis=1, initial=np.inf)
    best, value = (S, u), -math.inf
    length, warmth = float(np.linalg.norm(A - A.mean())) / 100 if n else 0.0, float(costs.std()) / 20 if n else 0.0
    if not (length > 0 and warmth > 0):
        return best
    near, elsewhere = np.sort(_off_diagonal(B), axis=1), ~np.eye(n, dtype=bool)
    for step in range(SUBGRADIENT_STEPS + 1):
        fall = 0.01 ** (step / SUBGRADIENT_STEPS)
        u, plan = _sinkhorn(costs, u, warmth * fall**1.5)
        found = float(u.sum() + (costs - u[:, None]).min(axis=0).sum())
        if found > value:
            best, value = (S / 2, u), found
        if time.monotonic() > end:
            break
        paired = np.empty((n, n - 1))  # with which entry of B an entry of A + S is paired, on average
        np.put_along_axis(paired, np.argsort(-_off_diagonal(A + S), axis=1), plan @ near, axis=1)
        ascent = np.zeros((n, n))
        ascent[elsewhere] = paired.ravel()
        ascent = ascent - ascent.T
        norm = float(np.linalg.norm(ascent))
        if norm == 0:
            break
        S = S + length * fall / norm * ascent
        costs = _costs(A + S, B)
    return best


def _costs(A: Floats, B: Floats) -> Floats:
    """L, float64 (n, n)."""
    falling, rising = -np.sort(-_off_diagonal(A), axis=1), np.sort(_off_diagonal(B), axis=1)
    return np.asarray(falling @ rising.T + np.outer(np.diag(A), np.diag(B)))


def _off_diagonal(A: Floats) -> Floats:
    """The rows without the diagonal, float64 (n, n - 1)."""
    n = len(A)
    return np.asarray(A[~np.eye(n, dtype=bool)].reshape(n, max(n - 1, 0)))


def _sinkhorn(costs: Floats, u: Floats, temperature: float) -> tuple[Floats, Floats]:
    """A few rounds towards the u and the plan, rows of sum 1, of the assignment with entropy times temperature."""
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
