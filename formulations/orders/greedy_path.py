"""A greedy Hamiltonian path: the shortest edges that make no cycle and give no item a third neighbour."""

from __future__ import annotations

import numpy as np

from formulations.graphs.tours import joined
from formulations.problem import Floats, Ints

NEAR = 7  # nearest items whose edges come first; the ends of the paths that result are then joined


def greedy_path(D: Floats) -> Ints:
    """The greedy tour from one end of its longest edge to the other, int64 (n,); D float64 (n, n), symmetric.

    >>> place = np.array([0.0, 5.0, 1.0, 3.0])
    >>> order = greedy_path(np.abs(place[:, None] - place))
    >>> sorted(place[order[[0, -1]]].tolist())
    [0.0, 5.0]
    """
    n = len(D)
    if n < 3:
        return np.arange(n)
    k = min(NEAR, n - 1)
    near = np.empty((n, k), dtype=np.int64)
    for u, row in enumerate(D):
        away = row.copy()
        away[u] = np.inf
        near[u] = np.argpartition(away, k - 1)[:k]
    pairs = np.unique(np.sort(np.stack([np.repeat(np.arange(n), k), near.ravel()], axis=1), axis=1), axis=0)
    tail, head = pairs.T
    tour = joined(n, tail, head, np.argsort(D[tail, head], kind="stable"), D)
    order: Ints = np.roll(tour, -1 - int(D[tour, np.roll(tour, -1)].argmax()))
    return order
