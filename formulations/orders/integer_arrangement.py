"""The linear arrangement as an integer program, with z the places and d the distances of items.

minimize    sum of w_uv d_uv
over        P in {0, 1}^(n x n), d >= 1
subject to  P 1 = 1                                "one place for each item"
            P'1 = 1                                "one item in each place"
            d_uv >= z_u - z_v,  z = P (0 .. n-1)   "distance", and the same "backwards"
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from formulations.problem import Floats, Ints, Problem


def integer_arrangement(W: Floats, oriented: Callable[[Ints], Ints]) -> Problem:
    """The linear arrangement of weights W, float64 (n, n), symmetric, not negative; oriented picks order or reverse.

    >>> from solvers import solve
    >>> solve(integer_arrangement(np.array([[0.0, 2], [2, 0]]), lambda order: order), "cp-sat").value
    2.0
    """
    import cvxpy as cp

    n = len(W)
    u, v = (part[W[np.triu_indices(n, 1)] > 0] for part in np.triu_indices(n, 1))
    pairs, ones = np.arange(len(u)), np.ones(len(u))
    incidence = csr_array((np.r_[ones, -ones], (np.r_[pairs, pairs], np.r_[u, v])), shape=(len(u), n))
    P = cp.Variable((n, n), name="P", boolean=True)
    subject_to = {
        "one place for each item": cp.sum(P, axis=1) == 1,  # type: ignore[attr-defined]
        "one item in each place": cp.sum(P, axis=0) == 1,  # type: ignore[attr-defined]
    }
    total: Any = 0
    if len(u):
        d = cp.Variable(len(u), name="d", integer=True, bounds=[1, n - 1])
        z = P @ np.arange(n)
        subject_to |= {"distance": d >= incidence @ z, "backwards": d >= -incidence @ z}
        total = W[u, v] @ d
    return Problem(
        objective=cp.Minimize(total),
        subject_to=subject_to,
        answer=lambda values: oriented(np.argsort(values["P"] @ np.arange(n))).tolist(),
    )
