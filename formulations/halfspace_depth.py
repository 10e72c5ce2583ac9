"""Tukey's depth of a point among rows, and the deepest point.

    minimize    the number of rows with u'(x_i - y) >= 0
    over        directions u in R^p other than 0

is the depth of y: the least number of rows in a closed halfspace that has y on its boundary (Tukey, Mathematics and the
picturing of data, 1975). Said otherwise, it is the least number of rows without which y is no longer in the hull of
those that are left, which is a mixed-integer program,

    minimize    sum of d_i
    over        d in {0, 1}^n
    subject to  sum of d_i over S >= 1      for all sets S of rows whose hull has y     "hull"

NP-hard where p is not fixed (Johnson and Preparata 1978). By Caratheodory's theorem sets of p + 1 rows are enough;
weights of such sets, the dual of the linear program without {0, 1}, prove a bound, and a tree of cases a better one
(arithmetic.halfspaces). As d_i = 1 / (p + 1) meets all sets, weights alone prove no more than n / (p + 1) rows: far
beyond, at the center of many columns, no proof is to be hoped for.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from formulations.arithmetic.halfspaces import KIND, LEVELS, NONNEGATIVE, SWEEP, Deep, RowsBeyond, RowsInHalfspace, flat
from formulations.location import checked
from formulations.problem import SearchProblem, WeakDual, constant_dual


def halfspace_depth(rows: ArrayLike, point: ArrayLike) -> SearchProblem:
    """How deep the point (p,) lies among rows (n, p); the answer is a direction u, (p,), whose halfspace shows it.

    Raises ValueError for rows that are no table of finite numbers, and a point that has not as many.

    >>> from solvers import solve
    >>> found = solve(halfspace_depth([[0, 0], [0, 2], [2, 0], [2, 2]], [1, 1]))
    >>> found.status, found.value, found.bound
    ('optimal', 2.0, 2.0)
    """
    data, y = checked(rows), np.asarray(point, dtype=np.float64)
    if y.shape != data.shape[1:] or not np.isfinite(y).all():
        raise ValueError(f"the point has shape {y.shape}; give {data.shape[1]} finite numbers, one a column")
    form = RowsInHalfspace(data, y)
    return SearchProblem(
        sense="minimize",
        objective=form,
        broken=form.broken,
        membership="",
        values=lambda u: {"u": u},
        weak_duals=[
            constant_dual(NONNEGATIVE, 0.0),
            WeakDual(SWEEP, lambda _: (), lambda _: form.by_sweep()),
            WeakDual(KIND, None, form.bound),
        ],
        maths={
            "minimize": r"\#\{i : u'(x_i - y) \geq 0\}",
            "over": rf"u \in \mathbb{{R}}^{{{len(y)}}} \setminus \{{0\}}",
        },
    )


def tukey_median(rows: ArrayLike) -> SearchProblem:
    """The deepest point: it leaves the fewest rows beyond it, n less its depth; the answer is the point, (p,).

    Its depth is proven as that of any point, and that none is deeper by directions in which no point is (RowsBeyond).

    >>> from solvers import solve
    >>> found = solve(tukey_median([[0, 0], [0, 2], [2, 0], [2, 2], [1, 1]]))
    >>> found.status, found.value, np.round(found.answer, 6).tolist()
    ('optimal', 2.0, [1.0, 1.0])
    """
    data = checked(rows)
    form = RowsBeyond(data)

    def answer(found: Deep) -> list[float]:
        return list(np.asarray(found.point).tolist())

    def values(found: Deep) -> dict[str, Any]:
        """The point, and the tree of cases behind its depth as whole numbers, where there is one."""
        return {"y": found.point, **({} if found.tree is None else {"tree": np.array(flat(found.tree))})}

    return SearchProblem(
        sense="minimize",
        objective=form,
        broken=form.broken,
        membership="",
        answer=answer,
        values=values,
        weak_duals=[constant_dual(NONNEGATIVE, 0.0), WeakDual(LEVELS, None, form.bound)],
        maths={
            "minimize": r"n - \min_u \#\{i : u'(x_i - y) \geq 0\}",
            "over": rf"y \in \mathbb{{R}}^{{{data.shape[1]}}}",
        },
    )
