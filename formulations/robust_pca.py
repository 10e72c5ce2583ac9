"""Principal components in spite of gross errors: a table as the sum of one of low rank and a sparse one.

    minimize    |L|_* + w |S|_1
    subject to  L + S = M                   "sum"

with |L|_* the sum of the singular values of L, |S|_1 that of all |S_ij|, and w = 1 / sqrt(the longer side of M). Under
conditions on both it finds the very L and S that M was made of, however large the entries of S are (Candes, Li, Ma and
Wright, Robust principal component analysis?, Journal of the ACM 58, 2011: principal component pursuit). It is convex;
its dual is

    maximize    <M, Y>
    subject to  the singular values of Y are at most 1, its entries at most w in size

so that any Y proves a bound (formulations.arithmetic.low_rank). Searched over L alone, with S = M - L, nothing is left
to be feasible.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from formulations.arithmetic.low_rank import LowRankPlusSparse
from formulations.problem import Floats, Problem, SearchProblem, WeakDual

KIND = "dual matrix"
MAX_MAGNITUDE = 1e45  # of an entry
NEGLIGIBLE = 1e-6  # of the largest singular value, or entry: what counts as none
STATED = 400  # entries of M up to which the problem is stated for conic solvers as well


@dataclass(frozen=True, eq=False)
class Split:
    """M = low_rank + sparse, float64 (m, n), and the rank of the first, to NEGLIGIBLE."""

    low_rank: Floats
    sparse: Floats
    rank: int


def robust_pca(
    M: ArrayLike, weight: float | None = None, answer: Callable[[Split], Any] = lambda found: found
) -> SearchProblem:
    """The split of M (m, n) into a matrix of low rank and a sparse one; the answer is a Split.

    weight  w of an entry of the sparse one. Raises ValueError unless it is positive, and M a table of finite numbers.

    >>> from solvers import solve
    >>> M = np.ones((8, 8))
    >>> M[2, 3] = 50
    >>> found = solve(robust_pca(M))
    >>> found.status, found.answer.rank, np.argwhere(np.abs(found.answer.sparse) > 0.1).tolist()
    ('optimal', 1, [[2, 3]])
    """
    data, w = _checked(M, weight)
    form = LowRankPlusSparse(data, w)

    def split(L: Floats) -> Split:
        values = np.linalg.svd(L, compute_uv=False)
        return Split(L, data - L, int((values > NEGLIGIBLE * max(values[0], 1e-300)).sum()))

    def stated() -> Problem:
        return replace(robust_pca_program(data, w), answer=lambda values: answer(split(values["L"])))

    return SearchProblem(
        sense="minimize",
        objective=form,
        broken=form.broken,
        membership="",
        answer=lambda L: answer(split(L)),
        values=lambda L: {"L": L, "S": data - L},
        weak_duals=[WeakDual(KIND, None, form.bound)],
        model=stated if data.size <= STATED else None,
        maths={
            "minimize": r"\|L\|_* + w \|S\|_1",
            "over": rf"L, S \in \mathbb{{R}}^{{{data.shape[0]} \times {data.shape[1]}}}",
            "subject to": r"L + S = M",
        },
    )


def robust_pca_program(M: ArrayLike, weight: float | None = None) -> Problem:
    """The same for conic solvers, for small M; its answer is L, float64 (m, n).

    >>> from solvers import solve
    >>> round(solve(robust_pca_program([[1, 1], [1, 3]])).value, 5)
    3.41421
    """
    import cvxpy as cp

    data, w = _checked(M, weight)
    low_rank, sparse = (cp.Variable(data.shape, name=name) for name in "LS")
    form = LowRankPlusSparse(data, w)
    return Problem(
        objective=cp.Minimize(cp.normNuc(low_rank) + w * cp.sum(cp.abs(sparse))),  # type: ignore[attr-defined]
        subject_to={"sum": low_rank + sparse == data},
        answer=lambda values: values["L"],
        repair=lambda values: {"L": values["L"], "S": data - values["L"]},
        dual_function=lambda listed: max(form.bound(listed["sum"]), form.bound(-listed["sum"])),
    )


def _checked(M: ArrayLike, weight: float | None) -> tuple[Floats, float]:
    data = np.asarray(M, dtype=np.float64)
    if data.ndim != 2 or not data.size:
        raise ValueError(f"the data have shape {data.shape}; give a table, m rows by n columns")
    if not (np.abs(data) <= MAX_MAGNITUDE).all():
        raise ValueError(f"a number is {np.abs(data).max():g} in size; give finite ones within {MAX_MAGNITUDE:g}")
    w = 1 / math.sqrt(max(data.shape)) if weight is None else weight
    if not 0 < w < math.inf:
        raise ValueError(f"the weight is {weight}; it must be a positive number")
    return data, w
