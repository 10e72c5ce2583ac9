"""Potentials: what shows that no walk is shorter.

d with d_w - d_v <= c_vw on every arc exists if and only if no cycle has negative cost, and then d_t - d_s bounds the
cost of every s-t walk from below.
"""

from __future__ import annotations

import numpy as np

from formulations.arithmetic.exact import SAFE_INT64, as_integers, largest
from formulations.problem import Integers, Ints

SWEEPS_BETWEEN_CYCLE_CHECKS = 64  # sweeps between two looks for a cycle


def potentials(n: int, tail: Ints, head: Ints, cost: Integers) -> tuple[Integers | None, Ints]:
    """The greatest d <= 0 with d_w - d_v <= c_vw, and no arcs; or None, and the arcs of a negative cycle.

    d_w is the least cost of a walk that ends in w, walks without arcs counting 0 (Bellman 1958, Ford 1956). All arcs
    out of vertices whose label changed are relaxed at once, in whole numbers (cost: Integers (m,)).
    """
    cost = as_integers(cost)
    if largest(cost) * (n + 1) >= SAFE_INT64:
        cost = cost.astype(object)
    d, parent = np.zeros(n, dtype=cost.dtype), np.full(n, -1)
    order = np.argsort(tail, kind="stable")
    first = np.searchsorted(tail[order], np.arange(n + 1))
    arcs, sweeps = np.flatnonzero(cost < 0), 0
    while len(arcs):
        label = d[tail[arcs]] + cost[arcs]
        better = (label < d[head[arcs]]).astype(bool)
        arcs, label = arcs[better], label[better]
        rising = np.argsort(label, kind="stable")  # the least label of each head comes first
        changed, least = np.unique(head[arcs[rising]], return_index=True)
        d[changed], parent[changed] = label[rising[least]], arcs[rising[least]]
        sweeps += 1
        if sweeps & (sweeps - 1) == 0 or sweeps % SWEEPS_BETWEEN_CYCLE_CHECKS == 0:
            cycle = _cycle(parent, tail)
            if len(cycle):
                return None, cycle
        out = first[changed + 1] - first[changed]
        ends = np.cumsum(out)
        arcs = order[np.arange(ends[-1] if len(ends) else 0) + np.repeat(first[changed] - (ends - out), out)]
    return d, np.zeros(0, dtype=np.int64)


def _cycle(parent: Ints, tail: Ints) -> Ints:
    """The arcs of a cycle among the arcs parent[w] into w, in order; none if there is none.

    Such a cycle has negative cost: no label rises, and the last one that fell on the cycle did so for a gain.
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
