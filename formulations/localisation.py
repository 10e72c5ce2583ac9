"""Where sensors are of which some distances are known, to each other and to anchors.

    minimize  the sum over known distances d_ij of | |x_i - x_j|^2 - d_ij^2 |
    over      positions x_i in R^d of sensors; those of anchors are given

It is not convex, and hard for distances chosen against us. Its semidefinite relaxation lets sensors have further
dimensions: with Y for XX', sensors by sensors,

    minimize    sum of |r_ij|               r_ij = Y_ii - 2 Y_ij + Y_jj - d_ij^2, alike for anchors
    subject to  [I X'; X Y] >= 0            in the order of positive semidefinite matrices

(Biswas and Ye 2004). Its dual is one weight for each distance, and only the distances that are known enter: its matrix
is as sparse as they are. formulations.arithmetic.placements says what weights prove: how good positions are, and that
there are no others. If the largest rank of an optimal matrix is d, there are none even in more dimensions: the network
is uniquely localisable (So and Ye 2007), and sensors with Y_ii > |x_i|^2 are those that are not.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from formulations.arithmetic.placements import DistanceErrors
from formulations.problem import SearchProblem, WeakDual

KIND = "weights of distances"
MOST = 1e45  # a distance or coordinate: the fourth power of what is summed is to be finite


def localisation(tail: ArrayLike, head: ArrayLike, distance: ArrayLike, fixed: ArrayLike) -> SearchProblem:
    """The positions of sensors; the answer is those of all points, (n, d).

    tail, head, distance  (m,): which points are so far from each other
    fixed                 (n, d): the positions of anchors, nan for sensors
    Raises ValueError for numbers that are not finite, and where sensors are joined to no anchor.

    >>> from solvers import solve
    >>> found = solve(localisation([0, 1, 2], [3, 3, 3], [5, 5, 5], [[-3, -4], [3, 4], [-3, 4], [np.nan, np.nan]]))
    >>> found.status, (found.answer[3].round(6) + 0.0).tolist()
    ('optimal', [0.0, 0.0])
    """
    u, v, given = np.asarray(tail, dtype=np.int64), np.asarray(head, dtype=np.int64), np.asarray(fixed, dtype=float)
    far = np.asarray(distance, dtype=np.float64)
    if given.ndim != 2 or not given.shape[1] or not len(far) or not u.shape == v.shape == far.shape == (len(far),):
        raise ValueError("give positions (n, d), and a tail, a head and a length of each distance")
    missing = np.isnan(given)
    if (missing.any(axis=1) != missing.all(axis=1)).any() or (np.abs(given[~missing]) > MOST).any():
        raise ValueError(f"an anchor needs all its coordinates, finite and within {MOST:g}")
    if not ((far >= 0) & (far <= MOST)).all():
        raise ValueError(f"a distance is {far[~((far >= 0) & (far <= MOST))][0]:g}; give numbers from 0 to {MOST:g}")
    n = len(given)
    _, part = connected_components(coo_array((np.ones(len(u)), (u, v)), shape=(n, n)), directed=False)
    known = np.isin(part, part[~missing[:, 0]])
    if not known.all():
        lost = np.flatnonzero(~known)
        raise ValueError(
            f"point {int(lost[0]) + 1} and {len(lost) - 1:,} others are joined to no anchor, and may be anywhere; "
            "give distances to anchors, or leave them out"
        )
    form = DistanceErrors(u, v, far, given)

    return SearchProblem(
        sense="minimize",
        objective=form,
        broken=form.broken,
        membership="anchors are where they are",
        answer=lambda X: X,
        values=lambda X: {"X": X},
        weak_duals=[WeakDual(KIND, None, form.bound)],
        maths={
            "minimize": r"\sum_{ij} \bigl| \|x_i - x_j\|^2 - d_{ij}^2 \bigr|",
            "over": rf"x_i \in \mathbb{{R}}^{{{given.shape[1]}}}",
        },
    )
