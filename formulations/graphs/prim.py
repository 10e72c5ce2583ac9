"""Prim's algorithm on a matrix of distances: O(n^2), a row at a time."""

from __future__ import annotations

import numpy as np

from formulations.problem import Floats, Ints


def shortest_forest(D: Floats, potential: Floats | None = None) -> tuple[Ints, Ints]:
    """A shortest spanning tree of D_uv + y_u + y_v: the items as they join it, int64 (n,), and the parent of each.

    D float64 (n, n), symmetric, its diagonal ignored; y, the potential, float64 (n,), by default 0. An infinite
    distance is no edge: there is then a tree for each component. The first item of a tree has the parent -1.

    >>> order, parent = shortest_forest(np.array([[0.0, 3, 1], [3, 0, 2], [1, 2, 0]]))
    >>> order.tolist(), parent.tolist()
    ([0, 2, 1], [-1, 2, 0])
    """
    n = len(D)
    y = np.zeros(n) if potential is None else potential
    order, parent = np.zeros(n, dtype=np.int64), np.full(n, -1)
    nearest, left = np.full(n, np.inf), np.ones(n, dtype=bool)  # the distance to the tree; whether it is not in it yet
    for k in range(n):
        v = int(np.where(left, nearest, np.inf).argmin())
        if not left[v]:  # a new tree
            v = int(left.argmax())
        order[k], left[v] = v, False
        row = D[v] + y
        row += y[v]
        closer = row < nearest
        closer &= left
        nearest[closer] = row[closer]
        parent[closer] = v
    return order, parent
