"""Fast approximate quadratic assignment (FAQ): Frank-Wolfe over doubly stochastic matrices, then the nearest order.

minimize  <A, X B X'>  over doubly stochastic X (Vogelstein et al., PLOS ONE 2015), by scipy; not convex, so there are
restarts: from the barycentre first, then from random matrices.
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Iterator

import numpy as np

from formulations.problem import Floats, Ints

RESTART_WORK, MAX_RESTARTS = 2e6, 32  # without a time limit: n^2.5 times the restarts is about a second of work


def faq_seconds(n: int) -> float:
    """What one restart takes on a slow day.

    >>> round(faq_seconds(200), 2)
    0.4
    """
    return 5e-8 * n**3


def faq_orders(A: Floats, B: Floats, *, seconds: float | None, seed: int) -> Iterator[Ints]:
    """Orders of small sum A[i, j] B[p(i), p(j)], int64 (n,), the item at each place: one for each restart.

    A, B float64 (n, n). Without a time limit, large n have fewer restarts.

    >>> A, B = np.array([[0.0, 1, 5], [1, 0, 1], [5, 1, 0]]), np.array([[0.0, 1, 2], [1, 0, 1], [2, 1, 0]])
    >>> order = next(faq_orders(A, B, seconds=None, seed=0))
    >>> float((A[np.ix_(order, order)] * B).sum())  # items 0 and 2, of weight 5, are neighbours
    16.0
    """
    from scipy.optimize import quadratic_assignment

    begun, n, random = time.monotonic(), len(A), np.random.default_rng(seed)
    restarts = min(MAX_RESTARTS, math.ceil(RESTART_WORK / n**2.5))
    for k in itertools.count():
        if k and (k == restarts if seconds is None else time.monotonic() > begun + seconds):
            return
        options = {"P0": "randomized" if k else "barycenter", "rng": random}
        yield quadratic_assignment(B, A, options=options).col_ind.astype(np.int64)
