"""Potentials, the dual certificate of a shortest path, or a negative cycle that excludes them.

Potentials d, d_w - d_v <= c_vw on every arc (v, w), exist if and only if no cycle has negative cost. Then d_t - d_s is
a lower bound on the cost of every s-t walk.
"""

from __future__ import annotations

import numpy as np

from formulations.arithmetic.exact import SAFE_INT64, as_integers, largest
from formulations.problem import Integers, Ints

SWEEPS_BETWEEN_CYCLE_CHECKS = 64  # a check takes O(n log n); the first checks are at 1, 2, 4, ..., 64 sweeps


def potentials(n: int, tail: Ints, head: Ints, cost: Integers) -> tuple[Integers | None, Ints]:
    """(d, no arcs) with the greatest potentials d <= 0, or (None, the arcs of a negative cycle).

    d_w is the least cost of a walk that ends in w, a walk without arcs costing 0 (Bellman 1958, Ford 1956). One sweep
    relaxes all arcs out of vertices whose label changed in the last one. cost is Integers (m,), and d, (n,), is exact.

    >>> tail, head = np.array([0, 1, 0]), np.array([1, 2, 2])
    >>> potentials(3, tail, head, np.array([-4, -1, -3]))[0].tolist()
    [0, -4, -5]
    >>> potentials(2, np.array([0, 1]), np.array([1, 0]), np.array([2, -3]))[1].tolist()  # costs 2 - 3 < 0
    [0, 1]
    """
    cost = as_integers(cost)
    if largest(cost) * (n + 1) >= SAFE_INT64:
        cost = cost.astype(object)
    d, parent = np.zeros(n, dtype=cost.dtype), np.full(n, -1)

    # The arcs out of v are order[first[v]:first[v + 1]].
    order = np.argsort(tail, kind="stable")
    first = np.searchsorted(tail[order], np.arange(n + 1))
    arcs, sweeps = np.flatnonzero(cost < 0), 0
    while len(arcs):
        label = d[tail[arcs]] + cost[arcs]
        # Relax: each head takes the least of the labels below its own.
        better = (label < d[head[arcs]]).astype(bool)
        arcs, label = arcs[better], label[better]
        by_label = np.argsort(label, kind="stable")  # so that unique() finds each head's least label
        changed, least = np.unique(head[arcs[by_label]], return_index=True)
        d[changed], parent[changed] = label[by_label[least]], arcs[by_label[least]]
        sweeps += 1
        if sweeps & (sweeps - 1) == 0 or sweeps % SWEEPS_BETWEEN_CYCLE_CHECKS == 0:
            cycle = _cycle(parent, tail)
            if len(cycle):
                return None, cycle
        # Next sweep: all arcs out of the changed vertices.
        out = first[changed + 1] - first[changed]
        ends = np.cumsum(out)
        arcs = order[np.arange(ends[-1] if len(ends) else 0) + np.repeat(first[changed] - (ends - out), out)]
    return d, np.zeros(0, dtype=np.int64)


def _cycle(parent: Ints, tail: Ints) -> Ints:
    """The arcs, in order, of a cycle in the graph of the arcs parent[w] into w; empty if there is none.

    Such a cycle has negative cost: labels never increase, and the relaxation that closed it was strict.
    """
    n = len(parent)
    up = np.where(parent >= 0, tail[parent], np.arange(n))
    ahead = up
    for _ in range(n.bit_length()):  # after 2^k >= n steps up, only roots and cycles are left
        ahead = ahead[ahead]
    within = ahead[parent[ahead] >= 0]
    if not len(within):
        return np.zeros(0, dtype=np.int64)
    arcs: list[int] = []
    vertex = within[0]
    while not arcs or vertex != within[0]:
        arcs.append(parent[vertex])
        vertex = up[vertex]
    return np.array(arcs[::-1])
