"""Potentials, the dual certificate of a shortest path, or a negative cycle that excludes them; and distances.

Potentials d, d_w - d_v <= c_vw on every arc (v, w), exist if and only if no cycle has negative cost. Then d_t - d_s is
a lower bound on the cost of every s-t walk. Costs are integers, and all results exact.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

from formulations.arithmetic.exact import SAFE_INT64, as_floats, as_integers, largest
from formulations.problem import Floats, Integers, Ints

NO_ARCS = np.zeros(0, dtype=np.int64)
EXACT_FLOATS = 2**53  # integers below it are floats, and so are their sums that stay below it


def potentials(n: int, tail: Ints, head: Ints, cost: Integers) -> tuple[Integers | None, Ints]:
    """(d, no arcs) with the greatest potentials d <= 0, or (None, the arcs of a negative cycle).

    d_w is the least cost of a walk that ends in w, a walk without arcs costing 0. cost is Integers (m,), d (n,).

    >>> tail, head = np.array([0, 1, 0]), np.array([1, 2, 2])
    >>> potentials(3, tail, head, np.array([-4, -1, -3]))[0].tolist()
    [0, -4, -5]
    >>> potentials(2, np.array([0, 1]), np.array([1, 0]), np.array([2, -3]))[1].tolist()  # costs 2 - 3 < 0
    [1, 0]
    """
    cost = _with_room(n, cost)
    found = _corrected(n, tail, head, cost, np.zeros(n, dtype=cost.dtype), np.full(n, -1))
    return (None, found.cycle) if len(found.cycle) else (found.label, NO_ARCS)


def distances(n: int, tail: Ints, head: Ints, cost: Integers, s: int, unit: int = 1) -> tuple[Integers, Ints]:
    """The least cost of a walk from s to each vertex, (n,), and the walk's last arc, int64 (n,), -1 at s.

    cost is Integers (m,), at least 0. A vertex out of reach has no last arc, and counts as far away as the farthest:
    the distances are potentials in any case. Dijkstra's algorithm (1959) finds the tree in floats, cost / unit; its
    labels are made exact along the tree, and corrected where rounding misled it.

    >>> distances(3, np.array([0, 0, 1]), np.array([1, 2, 2]), np.array([1, 3, 1]), 0)
    (array([0, 1, 2]), array([-1,  0,  2]))
    """
    from scipy.sparse.csgraph import dijkstra

    cost = _with_room(n, cost)
    whole = largest(cost) * n < EXACT_FLOATS
    length = cost.astype(np.float64) if whole else as_floats(cost, unit)
    order, first = _by_tail(n, tail)
    arcs_out = csr_array((length[order], head[order], first), shape=(n, n))  # parallel arcs stay apart
    found, before = dijkstra(arcs_out, indices=s, return_predecessors=True)
    last = _lightest_between(before, tail, head, length)
    reached = np.isfinite(found)
    d = np.where(reached, found, 0).astype(np.int64) if whole else _along(last, tail, cost, s)
    d[~reached] = d[reached].max()
    corrected = _corrected(n, tail, head, cost, d, last)
    return corrected.label, corrected.last


def _with_room(n: int, cost: Integers) -> Integers:
    """The costs as int64 if no sum along a walk without repetition can overflow, else as Python's integers."""
    cost = as_integers(cost)
    return cost if largest(cost) * (n + 1) < SAFE_INT64 else cost.astype(object)


def _by_tail(n: int, tail: Ints) -> tuple[Ints, Ints]:
    """An order of the arcs in which those out of vertex v are at first[v], ..., first[v + 1] - 1."""
    first = np.zeros(n + 1, dtype=np.int64)
    np.cumsum(np.bincount(tail, minlength=n), out=first[1:])
    return np.argsort(tail, kind="stable"), first


def _lightest_between(before: Ints, tail: Ints, head: Ints, length: Floats) -> Ints:
    """For each vertex the lightest arc into it from the vertex before it, or -1; int64 (n,)."""
    chosen = np.flatnonzero(before[head] == tail)
    chosen = chosen[np.argsort(-length[chosen], kind="stable")]
    last = np.full(len(before), -1)
    last[head[chosen]] = chosen  # of several the last one counts
    return last


def _along(last: Ints, tail: Ints, cost: Integers, s: int) -> Integers:
    """The cost of the walk to each vertex along the tree of the arcs last[w], exactly."""
    from scipy.sparse.csgraph import breadth_first_order

    n, child = len(last), np.flatnonzero(last >= 0)
    tree = csr_array((np.ones(len(child)), (tail[last[child]], child)), shape=(n, n))
    order, before = breadth_first_order(tree, s)
    step, label = cost[last].tolist(), [0] * n
    for v, u in zip(order[1:].tolist(), before[order[1:]].tolist(), strict=True):
        label[v] = label[u] + step[v]
    return np.array(label, dtype=cost.dtype)


class _Labels(NamedTuple):
    """Labels that no arc can lower, and the arc that set each or -1; or the arcs of a negative cycle."""

    label: Integers
    last: Ints
    cycle: Ints


def _corrected(n: int, tail: Ints, head: Ints, cost: Integers, label: Integers, last: Ints) -> _Labels:
    """Lower the labels, each the cost of a walk with that last arc, until d_w <= d_v + c_vw on every arc.

    A queue holds the vertices whose arcs are still to be looked at (Bellman 1958, Ford 1956, Moore 1959). Where a
    label is lowered, those derived from it will be lowered too: they leave tree and queue until then (Tarjan 1981;
    Cherkassky and Goldberg 1999), so that long chains take no more than a few looks at an arc. An arc that would lower
    a label which its own is derived from closes a negative cycle.
    """
    low = np.flatnonzero((label[tail] + cost < label[head]).astype(bool))
    if not len(low):
        return _Labels(label, last, NO_ARCS)
    order, starts = _by_tail(n, tail)
    first, arc, to, price = starts.tolist(), order.tolist(), head[order].tolist(), cost[order].tolist()
    d, by = label.tolist(), last.tolist()
    tree = _Tree(n)
    queue = deque(np.unique(tail[low]).tolist())
    waiting = [False] * n
    for v in queue:
        waiting[v] = True
    while queue:
        u = queue.popleft()
        if not waiting[u]:
            continue
        waiting[u], here = False, d[u]
        for k in range(first[u], first[u + 1]):
            v = to[k]
            if here + price[k] >= d[v]:
                continue
            d[v] = here + price[k]
            by[v] = arc[k]
            if not tree.move(v, u, waiting):
                return _Labels(label, last, _cycle(by, tail, v))
            if not waiting[v]:
                waiting[v] = True
                queue.append(v)
    return _Labels(np.array(d, dtype=label.dtype), np.array(by), NO_ARCS)


class _Tree:
    """The forest of vertices whose labels are derived from each other, as a list in preorder with depths."""

    def __init__(self, n: int) -> None:
        """Every vertex is a root; n ends the list."""
        self.after, self.before = list(range(1, n + 2)), list(range(-1, n))
        self.depth, self.within = [0] * n + [-1], [True] * n

    def move(self, v: int, u: int, waiting: list[bool]) -> bool:
        """Put v alone below u, what was below v leaving the tree and no longer waiting; False if u was below v."""
        after, before, depth, within = self.after, self.before, self.depth, self.within
        if u == v:
            return False
        if within[v]:
            x, level = after[v], depth[v]
            while depth[x] > level:
                if x == u:
                    return False
                within[x] = waiting[x] = False
                x = after[x]
            if before[v] >= 0:
                after[before[v]] = x
            if x < len(before):
                before[x] = before[v]
        within[v], depth[v] = True, depth[u] + 1
        after[v], before[v] = after[u], u
        if after[u] < len(before):
            before[after[u]] = v
        after[u] = v
        return True


def _cycle(by: list[int], tail: Ints, v: int) -> Ints:
    """The arcs, in order, of the cycle through v along the arcs by[w] into w."""
    arcs = [by[v]]
    while tail[arcs[-1]] != v:
        arcs.append(by[int(tail[arcs[-1]])])
    return np.array(arcs[::-1])
