"""Trees built greedily."""

from __future__ import annotations

import numpy as np

from formulations.problem import Ints


def greedy_tree(n: int, tail: Ints, head: Ints, order: Ints, max_degree: int) -> Ints | None:
    """The edges of Kruskal's spanning tree for that order, skipping edges at vertices of degree max_degree; or None.

    None if these edges do not connect all n vertices, though others may. order, int64, are indices of edges.

    >>> greedy_tree(3, np.array([0, 0, 1]), np.array([1, 2, 2]), np.array([2, 0, 1]), max_degree=2).tolist()
    [2, 0]
    """
    # Union-find; room is the degree that a vertex has left.
    root, room, chosen = list(range(n)), [max_degree] * n, []
    for e, u, v in zip(order.tolist(), tail[order].tolist(), head[order].tolist(), strict=True):
        if room[u] and room[v]:
            a, b = u, v
            while root[a] != a:
                root[a] = a = root[root[a]]
            while root[b] != b:
                root[b] = b = root[root[b]]
            if a != b:
                root[a] = b
                room[u] -= 1
                room[v] -= 1
                chosen.append(e)
    return np.asarray(chosen, dtype=np.int64) if len(chosen) == n - 1 else None
