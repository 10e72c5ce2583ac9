r"""Metric scaling: positions in k dimensions whose distances are those that are given, by least squares.

    minimize  sum over i < j of (|x_i - x_j| - d_ij)^2          the raw stress
    over      X in R^(n x k), a row for each point

(Kruskal, Multidimensional scaling by optimizing goodness of fit, 1964). It is not convex, and has local optima. Its
relaxation lets points have as many dimensions as they need: with g_ij = G_ii - 2 G_ij + G_jj,

    minimize    sum over i < j of (g_ij^(1/2) - d_ij)^2
    subject to  G >= 0                      in the order of positive semidefinite matrices

is convex, and its optimum's rank is called the Gower rank of the distances: where it is at most k nothing is lost, and
the relaxation proves the positions. formulations.arithmetic.raw_stress says what any configuration proves.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from formulations.arithmetic.raw_stress import RawStress
from formulations.embedding import checked_distances, refuse_dimensions
from formulations.problem import Floats, SearchProblem, WeakDual

KIND = "distances in more dimensions"


def stress(D: ArrayLike, k: int, answer: Callable[[Floats], Any] = lambda X: X) -> SearchProblem:
    """Metric scaling of distances D (n, n); the answer is the coordinates (n, k), or what `answer` makes of them.

    They are centred, and turned to their principal axes. Raises ValueError for what are no distances, and unless
    1 <= k < n.

    >>> from solvers import solve
    >>> found = solve(stress([[0, 3, 4], [3, 0, 5], [4, 5, 0]], 2))
    >>> found.status, round(found.value, 9), round(float(np.linalg.norm(found.answer[0] - found.answer[1])), 6)
    ('optimal', 0.0, 3.0)
    """
    form = RawStress(checked_distances(D), k)
    refuse_dimensions(form.n, k)
    return SearchProblem(
        sense="minimize",
        objective=form,
        broken=form.broken,
        membership="",
        answer=lambda X: answer(turned(X)),
        values=lambda X: {"X": turned(X)},
        weak_duals=[WeakDual(KIND, None, form.bound)],
        maths={
            "minimize": r"\sum_{i < j} \bigl( \|x_i - x_j\| - d_{ij} \bigr)^2",
            "over": rf"X \in \mathbb{{R}}^{{{form.n} \times {k}}}",
        },
    )


def normalised(value: float, X: Floats) -> float:
    """Kruskal's stress-1: the root of raw stress by the sum of squared distances on the map X (n, k).

    >>> normalised(1.0, np.array([[0.0], [2.0]]))
    0.5
    """
    centred = X - X.mean(axis=0)
    return float(np.sqrt(value / max(len(X) * float((centred**2).sum()), 1e-300)))


def turned(X: Floats) -> Floats:
    """The same positions, centred, on their principal axes, their signs fixed.

    >>> turned(np.array([[0.0, 0], [0, 2]])).tolist()
    [[1.0, 0.0], [-1.0, 0.0]]
    """
    from formulations.trace import with_signs

    U, sizes, _ = np.linalg.svd(X - X.mean(axis=0), full_matrices=False)
    found = np.zeros(X.shape)  # fewer points than dimensions have no more than these
    found[:, : len(sizes)] = with_signs(U * sizes)
    return found
