"""Shortest distances with arcs of either sign, in few sweeps over all arcs.

Sweeps (Bellman and Ford) carry what one vertex gains on by one arc; a path of 300 arcs takes 300 of them. Here each
vertex keeps the arc by which it gained last, and after each sweep all gains run along these arcs, in steps
of 1, 2, 4, ... arcs (policy iteration: Howard, Dynamic programming and Markov processes, 1960, and pointer jumping).
"""

from __future__ import annotations

import numpy as np

from formulations.problem import Floats, Ints


def shortest(of: Ints, to: Ints, length: Floats, d: Floats, step: float = 0.0) -> Floats:
    """The greatest distances, at most d (k,), with d[of] <= length + d[to] on all arcs, but for less than step.

    Where a cycle of arcs has a negative length there are none: after k sweeps, what they are then.

    >>> of, to, length = np.array([0, 1, 2]), np.array([1, 2, 0]), np.array([-1.0, -2.0, 4.0])
    >>> shortest(of, to, length, np.zeros(3)).tolist()
    [-3.0, -2.0, 0.0]
    """
    order = np.argsort(of, kind="stable")
    of, to, length = of[order], to[order], length[order]
    starts = np.flatnonzero(np.diff(of, prepend=-1))
    after, by, vertices = np.arange(len(d)), np.zeros(len(d)), len(d)  # each vertex is the end of its own path at first
    for _ in range(vertices if len(of) else 0):
        through, least = length + d[to], d.copy()
        least[of[starts]] = np.minimum.reduceat(through, starts)
        shorter = least < d - step
        if not shorter.any():
            break
        gained = np.flatnonzero((through == least[of]) & shorter[of])
        after[of[gained]], by[of[gained]] = to[gained], length[gained]
        d = _along(after, by, np.minimum(d, least))
    return d


def _along(after: Ints, by: Floats, d: Floats) -> Floats:
    """d, or less where the path of those arcs leads to less; d itself if some path is a cycle."""
    shorter = d
    for _ in range(len(d).bit_length()):
        shorter = np.minimum(shorter, by + shorter[after])
        after, by = after[after], by + by[after]
    return shorter if (after[after] == after).all() else d
