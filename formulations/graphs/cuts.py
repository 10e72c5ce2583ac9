"""Separation over vertex sets: find sets S whose constraint is violated by edge values x.

x(E(S)) is the sum of x over the edges inside S, x(delta(S)) that over the edges that leave S.

    x(E(S)) <= |S| - 1      spanning tree           `dense_sets`
    x(delta(S)) >= 1        cut into two parts      `small_cuts`
    x(delta(S)) >= 2        travelling salesman     `cut_below_two`; where all degrees are 2, the same as the first
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, connected_components, maximum_flow

from formulations.graphs.laminar import Laminar, merge_tree, nested
from formulations.graphs.network import links
from formulations.problem import Bools, Floats, Ints

VIOLATION_TOLERANCE = 1e-6  # a row counts as violated from this amount on


def greedy_clusters(n: int, tail: Ints, head: Ints, x: Floats, cost: Floats) -> tuple[Laminar, Ints]:
    """The merge_tree of the edges by decreasing x, ties by increasing cost: for constant x Kruskal's tree.

    >>> x, cost = np.array([0.5, 0.5, 1.0]), np.array([2.0, 1.0, 3.0])
    >>> clusters, merging = greedy_clusters(3, np.array([0, 0, 1]), np.array([1, 2, 2]), x, cost)
    >>> clusters.members(), merging.tolist()
    ([[1, 2], [0, 1, 2]], [2, 1])
    """
    return merge_tree(n, tail, head, np.lexsort((cost, -np.round(x, 9))))


def dense_sets(
    n: int, tail: Ints, head: Ints, x: Floats, cost: Floats, grow: Callable[[], Laminar] | None = None
) -> Laminar | None:
    """Sets with x(E(S)) > |S| - 1: all of them among x's greedy clusters, or else one by minimum cuts, or else None.

    tail, head, x, cost are (m,), without loops; grow() returns x's greedy_clusters if the caller has them already.

    >>> tail, head = np.array([0, 0, 1]), np.array([1, 2, 2])  # a triangle: at most 2 of its edges are in a tree
    >>> dense_sets(3, tail, head, np.array([1.0, 1.0, 0.5]), np.ones(3)).members()
    [[0, 1, 2]]
    >>> dense_sets(3, tail, head, np.array([1.0, 1.0, 0.0]), np.ones(3)) is None
    True
    """
    support = x > VIOLATION_TOLERANCE / 10
    pieces = connected_components(links(n, tail[support], head[support]), directed=False)[0]
    if support.sum() == n - pieces and (x <= 1 + VIOLATION_TOLERANCE).all():
        return None  # the support is a forest
    clusters = grow() if grow else greedy_clusters(n, tail, head, x, cost)[0]
    owner = clusters.owner(tail, head)
    violated = clusters.inside(owner, x) > clusters.sizes() - 1 + VIOLATION_TOLERANCE
    if violated.any():
        return clusters.only(violated)
    return _dense_set_by_minimum_cut(n, tail, head, x)


def _dense_set_by_minimum_cut(n: int, tail: Ints, head: Ints, x: Floats) -> Laminar | None:
    """Exact separation where no cluster is violated: maximise x(E(S)) - |S| + 1 (Padberg and Wolsey 1983).

    Two reductions keep a maximiser: the ends of an edge with x = 1 can be contracted, and a vertex with
    x(delta(v)) <= 1 can be deleted. What is left (nothing, if x is a forest) takes one minimum cut per vertex.
    """
    # Contract the components of the edges with x = 1.
    support = x > VIOLATION_TOLERANCE / 10
    tail, head, x = tail[support], head[support], x[support]
    whole = x > 1 - VIOLATION_TOLERANCE / 10
    size, group = connected_components(links(n, tail[whole], head[whole]), directed=False)
    between = group[tail] != group[head]
    a, b, y = group[tail[between]], group[head[between]], x[between]

    # Delete vertices of degree at most 1 until none is left.
    alive = np.ones(size, dtype=bool)
    while True:
        inner = alive[a] & alive[b]
        degree = np.bincount(a[inner], y[inner], size) + np.bincount(b[inner], y[inner], size)
        thin = alive & (degree <= 1 + VIOLATION_TOLERANCE / 10)
        if not thin.any():
            break
        alive &= ~thin

    core, renumbered = np.flatnonzero(alive), np.cumsum(alive) - 1
    best = _densest(len(core), renumbered[a[inner]], renumbered[b[inner]], y[inner])
    if best is None:
        return None
    chosen = np.isin(group, core[best])
    return Laminar(n, np.r_[np.where(chosen, n, -1), -1])


def _densest(n: int, tail: Ints, head: Ints, x: Floats) -> Ints | None:
    """The vertex set that maximises x(E(S)) - |S| + 1, or None if the maximum is within the tolerance.

    For each vertex r that S must contain it is one minimum cut; a vertex gains half its degree and costs 1.
    """
    source, sink, vertices = n, n + 1, np.arange(n)
    unit = units_of_flow(x.sum() + n)
    half = np.rint(x * unit / 2).astype(np.int32)
    excess = (np.bincount(tail, half, n) + np.bincount(head, half, n)).astype(np.int32) - unit
    i, j = np.r_[tail, head, np.full(n, source), vertices], np.r_[head, tail, vertices, np.full(n, sink)]
    best, best_set = VIOLATION_TOLERANCE * unit, None
    for r in range(n):
        gain, loss = np.maximum(excess, 0), np.maximum(-excess, 0)
        gain[r] = half.sum() + unit * n  # forces r into S
        network = csr_array((np.r_[half, half, gain, loss], (i, j)), shape=(n + 2, n + 2))
        _, side = minimum_cut(network, source, sink)
        value = 2 * half[side[tail] & side[head]].sum() - unit * (side[:n].sum() - 1)
        if value > best:
            best, best_set = value, np.flatnonzero(side[:n])
    return best_set


def small_cuts(n: int, tail: Ints, head: Ints, x: Floats, at_least: float) -> Laminar | None:
    """Sets with x(delta(S)) < at_least, 0 < |S| < n: all those among x's clusters, or else minimum cuts, or else None.

    >>> tail, head, x = np.array([0, 1, 2]), np.array([1, 2, 3]), np.array([1.0, 0.25, 1.0])  # a path of 4 vertices
    >>> small_cuts(4, tail, head, x, at_least=1).members()
    [[0, 1], [2, 3]]
    """
    # An edge with x >= at_least crosses no such cut, so it can be contracted.
    heavy = x >= at_least - VIOLATION_TOLERANCE / 10
    size, group = connected_components(links(n, tail[heavy], head[heavy]), directed=False)
    if size < 2:
        return None
    clusters, _ = merge_tree(n, tail, head, np.argsort(-np.round(x, 9), kind="stable"))
    shifted = np.where(clusters.parent >= 0, clusters.parent + n, -1)
    candidates = Laminar(n, np.r_[np.arange(n, 2 * n), shifted])  # with the singletons
    degree = (np.bincount(tail, x, n) + np.bincount(head, x, n)).astype(np.float64)
    touching = candidates.inside(np.arange(n), degree)
    leaving = touching - 2 * candidates.inside(candidates.owner(tail, head), x)
    violated = (leaving < at_least - VIOLATION_TOLERANCE) & (candidates.sizes() < n)
    if violated.any():
        return candidates.only(violated)
    sets = _cuts_by_phases(size, group[tail], group[head], x, at_least - VIOLATION_TOLERANCE)
    return nested(n, [np.isin(group, part) for part in sets]) if sets else None


def _cuts_by_phases(n: int, tail: Ints, head: Ints, x: Floats, below: float) -> list[list[int]]:
    """Vertex sets S with x(delta(S)) < below, nested or disjoint, a minimum cut among them if there is any.

    Each phase visits all vertices in maximum adjacency order: next the vertex of largest strength, its total weight to
    the vertices visited. A vertex of strength >= below is in any such cut on the side of the one visited before it, and
    the two are contracted. The last vertex's strength is a minimum cut between the last two vertices, and these are
    contracted as well (Nagamochi and Ibaraki 1992; Stoer and Wagner 1997).
    """
    adjacent: list[dict[int, float]] = [{} for _ in range(n)]
    for u, v, weight in zip(tail.tolist(), head.tolist(), x.tolist(), strict=True):
        if u != v:
            adjacent[u][v] = adjacent[u].get(v, 0.0) + weight
            adjacent[v][u] = adjacent[v].get(u, 0.0) + weight
    members, found = [[v] for v in range(n)], []
    while len(adjacent) > 1:
        # A phase: visit the vertices; those to be contracted get the same label.
        strength, visited = [0.0] * len(adjacent), [False] * len(adjacent)
        label, last, labels = [0] * len(adjacent), -1, -1
        queue = [(0.0, v) for v in range(len(adjacent))]
        left = len(adjacent)
        while left:
            _, v = heappop(queue)
            if visited[v]:
                continue
            visited[v], left = True, left - 1
            if not left and strength[v] < below:
                found.append(members[v])
            if last < 0 or (strength[v] < below and left):
                labels += 1
            label[v], last = labels, v
            for u, weight in adjacent[v].items():
                if not visited[u]:
                    strength[u] += weight
                    heappush(queue, (-strength[u], u))

        # Contract the vertices of each label.
        merged: list[dict[int, float]] = [{} for _ in range(labels + 1)]
        groups: list[list[int]] = [[] for _ in range(labels + 1)]
        for v, into in enumerate(label):
            groups[into] += members[v]
            for u, weight in adjacent[v].items():
                if label[u] != into:
                    merged[into][label[u]] = merged[into].get(label[u], 0.0) + weight
        adjacent, members = merged, groups
    return found


def cut_below_two(n: int, tail: Ints, head: Ints, x: Floats) -> Laminar | None:
    """Sets with x(delta(S)) < 2, as small_cuts finds them, for x of degree 2 at every vertex; None if none exists.

    Edges with x = 1 can then be contracted, again and again (Padberg and Rinaldi 1990), so that the graph in which
    minimum cuts are computed is small.

    >>> tail, head = np.array([0, 0, 1, 3, 3, 4, 0]), np.array([1, 2, 2, 4, 5, 5, 3])  # two triangles and (0, 3)
    >>> cut_below_two(6, tail, head, np.array([1.0, 1, 1, 1, 1, 1, 0])).members()
    [[0, 1, 2], [3, 4, 5]]
    """
    support = x > VIOLATION_TOLERANCE / 10
    tail, head, x = tail[support], head[support], x[support]
    group, i, j, y = np.arange(n), tail, head, x
    while (whole := y > 1 - VIOLATION_TOLERANCE / 10).any():
        size, merged = connected_components(links(group.max() + 1, i[whole], j[whole]), directed=False)
        group, i, j = merged[group], merged[i], merged[j]
        if size == 1:
            return None
        between = np.flatnonzero(i != j)
        total = csr_array((y[between], np.sort([i[between], j[between]], axis=0)), shape=(size, size)).tocoo()
        (i, j), y = total.coords, total.data
        violated = np.flatnonzero(np.bincount(i, y, size) + np.bincount(j, y, size) < 2 - VIOLATION_TOLERANCE)
        if len(violated):
            return nested(n, [group == part for part in violated])
    small = small_cuts(int(group.max()) + 1, i, j, y, at_least=2)
    if small is None:
        return None
    above = np.where(small.parent >= 0, small.parent - small.n + n, -1)
    return Laminar(n, np.r_[above[: small.n][group], above[small.n :]])


def units_of_flow(total: float) -> int:
    """The integer that stands for a flow of 1: scipy's flows are 32-bit integers and overflow silently."""
    return int((1 << 30) / max(total, 1.0))


def minimum_cut(network: csr_array, source: int, sink: int) -> tuple[int, Bools]:
    """The value of a minimum cut, and the vertices on the source's side, bool."""
    result = maximum_flow(network, source, sink)
    residual = network - result.flow
    residual.data = np.maximum(residual.data, 0)
    residual.eliminate_zeros()
    side = np.zeros(network.shape[0], dtype=bool)
    side[breadth_first_order(residual, source, return_predecessors=False)] = True
    return int(result.flow_value), side
