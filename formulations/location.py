"""Where the rows of a table lie, although some of them are wrong: estimates of location, each as its problem.

    minimize  over y   sum over rows i of

        |x_i - y|^2                             the mean
        |x_i - y|_1                             the coordinatewise median
        |x_i - y|                               the geometric median
        |x_i - y|^2 where that is at most d^2,
          2 d |x_i - y| - d^2 elsewhere         Huber's estimate

All of them are convex, and vectors u_1, ..., u_n of sum 0 prove how good an answer is (arithmetic.losses_of_rows): the
forces with which the rows pull at the point, which cancel at the best one. A row that is far away pulls at the mean the
more, the farther it is, and at the others never more than any other (Huber, Robust estimation of a location parameter,
1964). The trimmed mean leaves out the k largest and the k smallest numbers of each column, which are the best of

    maximize  w'x - v'x   over  w, v in [0, 1]^n  with  1'w = 1'v = k

a linear program, whose multipliers are two thresholds (Trimming). Of n rows, of which a share eps is wherever an enemy
likes, the mean may be anywhere; the medians of p columns are off by up to about eps sqrt(p), the deepest point, which
is hard to find, by about eps (Chen, Gao and Ren, Robust covariance and scatter matrix estimation under Huber's
contamination model, 2018).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from formulations.arithmetic.losses_of_rows import FORCES, THRESHOLDS, Loss, SumOfLosses, Trimming
from formulations.arithmetic.row_subsets import LogDeterminant, squared_distances
from formulations.problem import Bools, Floats, SearchProblem, WeakDual

MAX_MAGNITUDE, LEAST_SPREAD = 1e100, 1e-100  # of a number, whose square is to be finite, and is not to vanish


def mean(rows: ArrayLike) -> SearchProblem:
    """The least sum of squares; the answer is the point, (p,).

    Raises ValueError, as all here do, for rows that are no table of finite numbers.

    >>> from solvers import solve
    >>> solve(mean([[0, 0], [1, 5]])).answer
    [0.5, 2.5]
    """
    return _estimate(rows, Loss(math.inf), r"\sum_i \|x_i - y\|^2")


def coordinatewise_median(rows: ArrayLike) -> SearchProblem:
    """The median of each column by itself; where two numbers are in the middle, their mean.

    >>> from solvers import solve
    >>> solve(coordinatewise_median([[0, 0], [1, 5], [9, 1]])).answer
    [1.0, 1.0]
    """
    return _estimate(rows, Loss(0.0, entries=True), r"\sum_i \|x_i - y\|_1")


def geometric_median(rows: ArrayLike) -> SearchProblem:
    """The point of least sum of distances to the rows.

    >>> from solvers import solve
    >>> found = solve(geometric_median([[0, 0], [2, 0], [1, 1], [1, 9]]))
    >>> found.status, np.round(found.answer, 6).tolist()
    ('optimal', [1.0, 1.0])
    """
    return _estimate(rows, Loss(0.0), r"\sum_i \|x_i - y\|")


def huber(rows: ArrayLike, knee: float | None = None) -> SearchProblem:
    """Squares of short distances and multiples of long ones.

    knee  from which distance on; by default the median distance of rows from their coordinatewise median

    Raises ValueError unless it is positive.

    >>> from solvers import solve
    >>> np.round(solve(huber([[0], [1], [2], [50]], knee=1.5)).answer, 6).tolist()
    [1.5]
    """
    data = checked(rows)
    if knee is None:
        distances = np.sqrt(((data - np.median(data, axis=0)) ** 2).sum(axis=1))
        knee = float(np.median(distances)) or float(distances.mean()) or 1.0
    if not 0 < knee < math.inf:
        raise ValueError(f"the knee is {knee!r}; it must be a positive number")
    return _estimate(data, Loss(knee), rf"\sum_i \rho_{{{knee:.4g}}}(\|x_i - y\|)")


def trimmed_mean(rows: ArrayLike, share: float = 0.2) -> SearchProblem:
    """The mean of each column without that share of its numbers on either side; the answer is the point, (p,).

    Raises ValueError unless 0 <= share < 0.5.

    >>> from solvers import solve
    >>> solve(trimmed_mean([[0], [1], [2], [3], [99]])).answer
    [2.0]
    """
    data = checked(rows)
    if not 0 <= share < 0.5:
        raise ValueError(f"the share to be trimmed is {share!r}; it must be at least 0 and less than 0.5")
    form = Trimming(data - np.median(data, axis=0), int(share * len(data)))
    return SearchProblem(
        sense="minimize",
        objective=form,
        broken=form.broken,
        membership="",
        answer=lambda marks: np.array(
            [column[kept == 0].mean() for column, kept in zip(data.T, marks.T, strict=True)]
        ).tolist(),
        values=lambda marks: {"marks": np.asarray(marks, dtype=np.float64)},
        weak_duals=[WeakDual(THRESHOLDS, None, form.bound)],
        maths={
            "minimize": r"\sum_j (v_j - w_j)' x_j",
            "over": rf"w_j, v_j \in [0, 1]^{{{len(data)}}}",
            "subject to": rf"1'w_j = 1'v_j = {form.k} \text{{ for every column }} j",
        },
    )


def minimum_covariance_determinant(rows: ArrayLike, share: float = 0.5) -> SearchProblem:
    """That share of the rows, a little more at least, whose covariance has the least determinant (Rousseeuw 1984).

    The answer is the mean, (p,), of all rows that are as near to those as 97.5 % of normal ones would be. NP-hard, and
    nothing is proven of it. Raises ValueError unless 0 < share < 1, and for fewer than 2 (p + 1) rows.

    >>> from solvers import solve
    >>> found = solve(minimum_covariance_determinant([[0], [1], [2], [3], [99]]))
    >>> found.status, found.answer["location"]
    ('feasible', [1.5])
    """
    data = checked(rows)
    n, p = data.shape
    if not 0 < share < 1:
        raise ValueError(f"the share of the rows is {share!r}; it must be between 0 and 1")
    if n < 2 * (p + 1):
        raise ValueError(f"{n:,} rows of {p:,} columns are too few; give {2 * (p + 1):,} at least")
    form = LogDeterminant(data, max(int(share * n), (n + p + 1) // 2))
    return SearchProblem(
        sense="minimize",
        objective=form,
        broken=form.broken,
        membership=f"{form.h:,} rows",
        answer=lambda mask: _reweighted(data, mask),
        values=lambda mask: {"mask": np.asarray(mask, dtype=np.float64)},
        maths={
            "minimize": r"\log \det \operatorname{cov}(x_i : i \in S)",
            "over": rf"S \subset \{{1, \dots, {n}\}} \text{{ of }} {form.h} \text{{ rows}}",
        },
    )


def _reweighted(data: Floats, mask: Bools) -> dict[str, list[Any]]:
    """Mean and covariance of the rows that are near to those of the mask, in units in which half of all are normal."""
    from scipy.stats import chi2

    p = data.shape[1]
    center, Z = data[mask].mean(axis=0), data[mask] - data[mask].mean(axis=0)
    distances = squared_distances(data - center, Z.T @ Z / len(Z))
    unit = float(np.median(distances)) / float(chi2.ppf(0.5, p))
    near = data[distances <= unit * float(chi2.ppf(0.975, p))]
    scatter = np.cov(near.T).reshape(p, p) if len(near) > 1 else np.zeros((p, p))
    return {"location": near.mean(axis=0).tolist(), "scatter": scatter.tolist()}


def checked(rows: ArrayLike) -> Floats:
    """The rows as float64 (n, p); raises ValueError unless they are a table of finite numbers that can be compared."""
    data = np.asarray(rows, dtype=np.float64)
    if data.ndim != 2 or not data.size:
        raise ValueError(f"the data have shape {data.shape}; give a table, n rows by p columns")
    if not (np.abs(data) <= MAX_MAGNITUDE).all():
        raise ValueError(f"a number is {np.abs(data).max():g} in size; give finite ones within {MAX_MAGNITUDE:g}")
    spread = float(np.ptp(data, axis=0).max())
    if 0 < spread < LEAST_SPREAD:
        raise ValueError(f"the rows differ by {spread:g} at most, of which no squares are left; give larger units")
    return data


def _estimate(rows: ArrayLike, loss: Loss, maths: str) -> SearchProblem:
    data = checked(rows)
    form = SumOfLosses(data, loss)
    return SearchProblem(
        sense="minimize",
        objective=form,
        broken=form.broken,
        membership="",
        values=lambda y: {"y": y},
        weak_duals=[WeakDual(FORCES, None, form.bound)],
        maths={"minimize": maths, "over": rf"y \in \mathbb{{R}}^{{{data.shape[1]}}}"},
    )
