"""Paths of least total cost without a common arc, found one after the other, and the potentials that prove it.

Each path is a shortest one among the arcs that are not used yet and the used ones turned around: it may give back arcs
of those before it. Potentials keep the costs of all these arcs at least 0, so that Dijkstra's algorithm finds it
(Jewell 1958; Tomizawa 1971; Edmonds and Karp 1972).
"""

from __future__ import annotations

import numpy as np

from formulations.arithmetic.exact import minus
from formulations.graphs.potentials import distances
from formulations.problem import Bools, Integers, Ints


def successive_paths(
    n: int, tail: Ints, head: Ints, cost: Integers, t: int, k: int, low: Integers, unit: int = 1
) -> tuple[Bools, Integers, Ints]:
    """The arcs of a flow of k from vertex 0 to t, its potentials, and the arcs of the tree of shortest paths from 0.

    low are potentials: d_w - d_v <= c_vw on every arc; cost / unit should be floats of fair size. Every vertex can be
    reached from 0, and k paths exist. The potentials found rise by at most c_vw on arcs without flow, and for k > 1 by
    at least c_vw on arcs with flow. The tree is int64 (n,), -1 for vertex 0.

    >>> tail, head, cost = np.array([0, 0, 1, 1, 2]), np.array([1, 2, 2, 3, 3]), np.array([1, 4, 1, 4, 1])
    >>> used, d, tree = successive_paths(4, tail, head, cost, 3, 2, np.zeros(4, dtype=np.int64))
    >>> used.tolist(), d.tolist(), tree.tolist()  # 0, 1, 2, 3 came first and gave back the arc from 1 to 2
    ([True, True, False, True, True], [0, 3, 4, 7], [-1, 0, 2, 4])
    """
    d, used, tree = low, np.zeros(len(tail), dtype=bool), np.zeros(0, dtype=np.int64)
    for turn in range(k):
        a, b = np.where(used, head, tail), np.where(used, tail, head)
        slack = minus(cost, minus(d[head], d[tail]))
        far, last = distances(n, a, b, np.where(used, 0 - slack, slack), 0, unit)
        tree = last if not turn else tree
        way = along(a, last, t)
        used[way] ^= True
        d = minus(d, 0 - (np.minimum(far, far[t]) if k > 1 else far))
    return used, d, tree


def along(tail: Ints, last: Ints, t: int) -> Ints:
    """The arcs of the walk to t along the arcs last[w] into w, -1 where it starts; int64.

    >>> along(np.array([0, 0, 1]), np.array([-1, 0, 2]), 2).tolist()
    [0, 2]
    """
    way: list[int] = []
    while last[t] >= 0:
        way.append(int(last[t]))
        t = int(tail[way[-1]])
    return np.array(way[::-1], dtype=np.int64)
