"""Arborescences that reach given vertices, the terminals, from vertex 0: directed cuts, and a heuristic.

g is a directed Network whose vertex 0, the root, no arc enters; terminals are int64 vertices of it, without the root.
A directed cut is a vertex set S, bool (n,), without the root that contains a terminal: an arc must enter it.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush

import numpy as np
from scipy.sparse import csr_array

from formulations.graphs.cuts import VIOLATION_TOLERANCE, minimum_cut, units_of_flow
from formulations.graphs.laminar import merge_tree
from formulations.graphs.network import Network, links
from formulations.graphs.walks import reach
from formulations.problem import Bools, Floats, Ints

MOST_MARKS = 1 << 27  # vertices times cuts of a dual ascent: one byte each
MOST_NESTED = 8  # disjoint cuts between the root and one terminal that are looked for at once


def dual_ascent(g: Network, terminals: Ints) -> tuple[list[Bools], Floats]:
    """Directed cuts S and multipliers, (k,), with the sum over the cuts that arc a enters at most g.weight[a] >= 0.

    So the sum of all multipliers bounds the weight of every arborescence that reaches the terminals. A cut around a
    terminal is raised until an arc into it is saturated; then the tail of that arc joins it, and so on until the root
    does; the smallest cut goes first (Wong 1984; Polzin and Daneshmand 2001). Given up, the bound being valid still,
    where the cuts take too much memory.

    >>> g = Network(["r", "v", "t"], np.array([0, 1, 0]), np.array([1, 2, 2]), np.array([2.0, 2.0, 5.0]), directed=True)
    >>> sets, multipliers = dual_ascent(g, np.array([2]))
    >>> [np.flatnonzero(S).tolist() for S in sets], multipliers.tolist()
    ([[2], [1, 2]], [2.0, 2.0])
    """
    by_head = np.argsort(g.head, kind="stable")
    first = np.searchsorted(g.head[by_head], np.arange(g.n + 1)).tolist()
    around = np.zeros((len(terminals), g.n), dtype=bool)
    around[np.arange(len(terminals)), terminals] = True
    entering = [by_head[first[t] : first[t + 1]] for t in terminals.tolist()]
    left, multipliers = g.weight.copy(), []
    sets: list[Bools] = []
    queue = [(len(into), k) for k, into in enumerate(entering)]
    heapify(queue)
    while queue and len(sets) < MOST_MARKS / g.n:
        _, k = heappop(queue)
        S, into = around[k], entering[k]
        while len(joining := np.unique(g.tail[into[left[into] == 0]])):
            S[joining] = True
            into = np.concatenate([into, *(by_head[first[v] : first[v + 1]] for v in joining.tolist())])
            into = into[~S[g.tail[into]]]
        entering[k] = into
        if S[0]:
            continue
        if queue and len(into) > queue[0][0]:  # another cut may be smaller
            heappush(queue, (len(into), k))
            continue
        step = left[into].min()
        left[into] -= step
        sets.append(S.copy())
        multipliers.append(float(step))
        heappush(queue, (len(into), k))
    return sets, np.asarray(multipliers)


def entered(g: Network, sets: list[Bools]) -> csr_array:
    """The k x m matrix with 1 where an arc enters a set, csr.

    >>> g = Network(["r", "v"], np.array([0]), np.array([1]), np.ones(1), directed=True)
    >>> entered(g, [np.array([False, True])]).toarray().tolist()
    [[1.0]]
    """
    arcs = [np.flatnonzero(S[g.head] & ~S[g.tail]) for S in sets]
    ends = np.cumsum([0, *map(len, arcs)])
    return csr_array((np.ones(ends[-1]), np.concatenate([*arcs, []]).astype(np.int64), ends), shape=(len(sets), g.m))


def arrives(g: Network, terminals: Ints, x: Floats) -> bool:
    """Whether the arcs with x = 1 alone reach all terminals, so that x breaks no cut.

    >>> g = Network(["r", "v", "t"], np.array([0, 1, 0]), np.array([1, 2, 2]), np.ones(3), directed=True)
    >>> arrives(g, np.array([2]), np.array([0.0, 0.5, 1.0]))
    True
    """
    whole = x > 1 - VIOLATION_TOLERANCE
    return bool(reach(g.n, g.tail[whole], g.head[whole], 0)[terminals].all())


def missing_cuts(g: Network, terminals: Ints, x: Floats) -> list[Bools]:
    """Directed cuts with x(delta_in(S)) < 1, for each terminal that x sends less than 1 to; none if there is none.

    They are minimum cuts nearest to the terminal. As long as there are others that share no arc with those found for
    it, these are taken as well (Koch and Martin 1998).

    >>> g = Network(["r", "v", "t"], np.array([0, 1, 0]), np.array([1, 2, 2]), np.ones(3), directed=True)
    >>> [np.flatnonzero(S).tolist() for S in missing_cuts(g, np.array([2]), np.array([1.0, 0.5, 0.0]))]
    [[2]]
    >>> missing_cuts(g, np.array([2]), np.array([0.5, 0.5, 0.5]))
    []
    """
    unit = units_of_flow(x.sum() + g.m)
    flow = np.rint(np.minimum(x, 1) * unit).astype(np.int32)
    found: dict[bytes, Bools] = {}
    for t in terminals.tolist():
        capacity = flow + 1  # of cuts with equal flow the one with fewest arcs is the minimum
        for _ in range(MOST_NESTED):
            turned = csr_array((capacity, (g.head, g.tail)), shape=(g.n, g.n))
            _, S = minimum_cut(turned, t, 0)
            into = S[g.head] & ~S[g.tail]
            if capacity[into].sum() - into.sum() >= (1 - VIOLATION_TOLERANCE) * unit:
                break
            if x[into].sum() < 1 - VIOLATION_TOLERANCE:
                found[S.tobytes()] = S
            capacity[into] = unit
    return list(found.values())


def short_arborescence(g: Network, terminals: Ints, x: Floats) -> Ints:
    """The arcs of an arborescence that reaches the terminals by following large x, int64; its leaves are terminals.

    At x = 0 the nearest terminal is joined to the tree by a shortest path, again and again (Takahashi and Matsuyama
    1980); then arcs are cheaper by the share x. The minimum spanning tree of the vertices used, cut back to the
    terminals, is at least as light. Every arc whose reverse does not enter the root must have it, of the same weight.

    >>> g = Network(["r", "v", "t"], np.array([0, 1, 0, 2]), np.array([1, 2, 2, 1]), np.array([2.0, 2.0, 5.0, 2.0]))
    >>> short_arborescence(g, np.array([2]), np.zeros(4)).tolist()
    [0, 1]
    """
    used = _joined(g, terminals, g.weight * (1 - np.minimum(x, 1)))
    inner = np.flatnonzero(used[g.tail] & used[g.head])
    _, tree = merge_tree(g.n, g.tail, g.head, inner[np.argsort(g.weight[inner], kind="stable")])
    wanted = np.zeros(g.n, dtype=bool)
    wanted[terminals] = wanted[0] = True
    while True:
        degree = np.bincount(g.tail[tree], minlength=g.n) + np.bincount(g.head[tree], minlength=g.n)
        dangling = ~wanted & (degree == 1)
        if not dangling.any():
            return _from_the_root(g, tree)
        tree = tree[~dangling[g.tail[tree]] & ~dangling[g.head[tree]]]


def _joined(g: Network, terminals: Ints, cost: Floats) -> Bools:
    """The vertices of the tree that grows from the root by a shortest path to the nearest terminal, bool (n,)."""
    order = np.argsort(g.tail, kind="stable")
    first = np.searchsorted(g.tail[order], np.arange(g.n + 1)).tolist()
    heads, costs = g.head[order].tolist(), cost[order].tolist()
    distance, before = [np.inf] * g.n, [0] * g.n
    wanted, tree = set(terminals.tolist()), np.zeros(g.n, dtype=bool)
    distance[0], tree[0], queue = 0.0, True, [(0.0, 0)]
    while wanted:
        d, v = heappop(queue)
        if d > distance[v]:
            continue
        if v in wanted:
            wanted.discard(v)
            while not tree[v]:  # the path joins the tree, and the search goes on from all of it
                tree[v], distance[v] = True, 0.0
                heappush(queue, (0.0, v))
                v = before[v]
            continue
        for k in range(first[v], first[v + 1]):
            w, label = heads[k], d + costs[k]
            if label < distance[w]:
                distance[w], before[w] = label, v
                heappush(queue, (label, w))
    return tree


def _from_the_root(g: Network, tree: Ints) -> Ints:
    """For each edge of a tree with the root, as any one of its arcs, the arc that leads away from the root."""
    from scipy.sparse.csgraph import breadth_first_order

    both = links(g.n, np.r_[g.tail[tree], g.head[tree]], np.r_[g.head[tree], g.tail[tree]])
    _, before = breadth_first_order(both, 0)
    away = np.flatnonzero(before[g.head] == g.tail)
    return np.sort(away)
