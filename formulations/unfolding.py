r"""Maximum variance unfolding: positions as far apart as can be, neighbours no further from each other than they are.

    maximize    sum of |x_i|^2              n times the variance
    over        positions x_i               in any number of dimensions, of mean 0
    subject to  |x_i - x_j| <= d_ij         for all neighbours i, j

(Weinberger and Saul, Unsupervised learning of image manifolds by semidefinite programming, 2006; with "=" there may be
no such positions where distances are measured otherwise, while "<=" keeps what pulls.) It is convex in the inner
products Y = XX',

    maximize    tr Y
    subject to  Y_ii - 2 Y_ij + Y_jj <= d_ij^2,   Y1 = 0,   Y >= 0      in the order of positive semidefinite matrices

The rank of Y is the number of dimensions that are needed: if it is at most k, a map in k dimensions loses nothing.
The dual has one weight for each pair of neighbours, and formulations.arithmetic.spread says what weights prove.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from formulations.arithmetic.spread import KIND, Spread
from formulations.embeddings.neighbours import Neighbours
from formulations.problem import Floats, SearchProblem, WeakDual
from formulations.stress import turned

MOST = 3_000  # pairs of neighbours: the solver factors matrices with a row for each


def unfolding(near: Neighbours, answer: Callable[[Floats], Any] = lambda X: X) -> SearchProblem:
    """The positions that unfold the graph of neighbours; the answer is these, (n, p), or what `answer` makes of them.

    They are centred, on their principal axes, the widest first. Raises ValueError where the graph is not connected, as
    its parts could be as far from each other as you like, and for too many pairs of neighbours.

    >>> from solvers import solve
    >>> from formulations.embeddings.neighbours import nearest
    >>> X = np.array([[0.0, 0], [1, 0], [1, 1], [2, 1]])  # a path of three steps
    >>> found = solve(unfolding(nearest(X, 1)))
    >>> found.status, np.abs(np.diff(found.answer[:, 0])).round(6).tolist()
    ('optimal', [1.0, 1.0, 1.0])
    """
    near.refuse_parts()
    both = near.both_ways.tocoo()
    once = both.coords[0] < both.coords[1]
    tail, head = (np.asarray(ends[once], dtype=np.int64) for ends in both.coords)
    if len(tail) > MOST:
        raise ValueError(
            f"{near.n:,} points of {near.count} neighbours each have {len(tail):,} pairs of neighbours, too many to be "
            f"unfolded; give {MOST:,} pairs at most, by fewer neighbours or points, or use isomap"
        )
    form = Spread(tail, head, np.asarray(both.data[once], dtype=np.float64), near.n)
    return SearchProblem(
        sense="maximize",
        objective=form,
        broken=form.broken,
        membership="neighbours are no further apart than they were",
        answer=lambda X: answer(turned(X)),
        values=lambda X: {"X": turned(X)},
        weak_duals=[WeakDual(KIND, None, form.bound)],
        maths={
            "maximize": r"\sum_i \|x_i - \tfrac1n \textstyle\sum_j x_j\|^2",
            "subject to": r"\|x_i - x_j\| \le d_{ij} \; \text{for all neighbours } i, j",
        },
    )
