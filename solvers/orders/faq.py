"""The fast approximate quadratic assignment: Frank-Wolfe over doubly stochastic matrices, then the nearest order.

minimize  <A, X B X'>  over doubly stochastic X (Vogelstein et al., PLOS ONE 2015), by scipy; not convex, so the
result depends on where it starts: at the centre, then at random matrices.
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Iterator

import numpy as np

from formulations.problem import Floats, Ints

WORK, MOST = 2e6, 32  # about a second's worth of starts, and how many of them at most, where no time is set


def faq_orders(A: Floats, B: Floats, *, seconds: float | None, seed: int) -> Iterator[Ints]:
    """Orders of small sum A[i, j] B[p(i), p(j)], int64 (n,), the item at each place, from one start after the other.

    A, B float64 (n, n). Without a limit there are fewer starts, the more items.
    """
    from scipy.optimize import quadratic_assignment

    begun, n, random = time.monotonic(), len(A), np.random.default_rng(seed)
    for k in itertools.count():
        if k and (k == min(MOST, math.ceil(WORK / n**2.5)) if seconds is None else time.monotonic() > begun + seconds):
            return
        options = {"P0": "randomized" if k else "barycenter", "rng": random}
        yield quadratic_assignment(B, A, options=options).col_ind.astype(np.int64)
