"""Paths in a graph: of fewest arcs, of least cost, and those that follow a flow, as arrays of arcs."""

from __future__ import annotations

from collections.abc import Hashable
from itertools import pairwise

import numpy as np
from scipy.sparse import csr_array

from formulations.graphs.network import Network, links, without_parallels
from formulations.problem import Bools, Floats, Ints

NO_ARCS = np.zeros(0, dtype=np.int64)
FLOW_TOLERANCE = 1e-6  # an arc with more flow counts as used


def path(n: int, tail: Ints, head: Ints, s: int, t: int) -> Ints | None:
    """The arcs of an s-t path of fewest arcs, int64, or None if there is no s-t path.

    >>> path(4, np.array([0, 1, 2]), np.array([1, 2, 3]), 1, 3).tolist()
    [1, 2]
    """
    from scipy.sparse.csgraph import breadth_first_order

    if s == t:
        return NO_ARCS
    _, before = breadth_first_order(links(n, tail, head), s)
    if before[t] < 0:
        return None
    vertices = [t]
    while vertices[-1] != s:
        vertices.append(int(before[vertices[-1]]))
    visited = np.zeros(n, dtype=bool)
    visited[vertices] = True
    near = np.flatnonzero(visited[tail] & visited[head])
    at = dict(zip(zip(tail[near].tolist(), head[near].tolist(), strict=True), near.tolist(), strict=True))
    vertices.reverse()
    return np.array([at[ends] for ends in pairwise(vertices)], dtype=np.int64)


def lightest_arcs(g: Network, cost: Floats) -> Ints:
    """A shortest-path tree from vertex 0: for every vertex its arc into it, or -1; int64 (n,). cost >= 0, (m,).

    >>> g = Network(["s", "v", "t"], np.array([0, 0, 1]), np.array([1, 2, 2]), np.ones(3), directed=True)
    >>> lightest_arcs(g, np.array([1.0, 3.0, 1.0])).tolist()
    [-1, 0, 2]
    """
    from scipy.sparse.csgraph import dijkstra

    light = without_parallels(g.tail, g.head, cost)  # scipy would add parallel arcs up
    lengths = csr_array((cost[light], (g.tail[light], g.head[light])), shape=(g.n, g.n))
    _, before = dijkstra(lengths, indices=0, return_predecessors=True)
    last = np.full(g.n, -1)
    chosen = light[before[g.head[light]] == g.tail[light]]
    last[g.head[chosen]] = chosen
    return last


def lightest_path(g: Network, cost: Floats, t: int) -> Ints:
    """The arcs of a path of least cost from vertex 0 to t, int64; cost >= 0, (m,). A path must exist.

    >>> g = Network(["s", "v", "t"], np.array([0, 0, 1]), np.array([1, 2, 2]), np.ones(3), directed=True)
    >>> lightest_path(g, np.array([1.0, 3.0, 1.0]), 2).tolist()
    [0, 2]
    """
    last, way = lightest_arcs(g, cost), []
    while t:
        way.append(last[t])
        t = int(g.tail[last[t]])
    return np.array(way[::-1], dtype=np.int64)


def widest_path(g: Network, flow: Floats, allowed: Bools, t: int) -> Ints | None:
    """The arcs of the lightest path from vertex 0 to t among `allowed` arcs of large flow; None if there is no path.

    The widest path's bottleneck is found up to a factor of 2; an arc's flow is large from a sixteenth of that on. Where
    weights are negative, it is a path of fewest arcs with at least the bottleneck's flow.
    flow float64 (m,), allowed bool (m,).

    >>> g = Network(["s", "v", "t"], np.array([0, 0, 1]), np.array([1, 2, 2]), np.ones(3), directed=True)
    >>> widest_path(g, np.array([0.9, 0.01, 0.9]), np.ones(3, dtype=bool), 2).tolist()
    [0, 2]
    """
    top, negative = flow.max(initial=0.0, where=allowed), bool((g.weight < 0).any())
    levels = top * 0.5 ** np.arange(1, 30) if top > 0 else NO_ARCS.astype(float)
    for level in [*levels.tolist(), -np.inf]:
        chosen = np.flatnonzero(allowed & (flow >= level))
        found = path(g.n, g.tail[chosen], g.head[chosen], 0, t)
        if found is None:
            continue
        if negative:
            return chosen[found]
        large = np.flatnonzero(allowed & (flow >= level / 16))
        return large[lightest_path(g.subgraph(large), g.weight[large], t)]
    return None


def disjoint_paths(g: Network, flow: Floats, edge: Ints, t: int, k: int) -> list[Ints] | None:
    """The arcs of k edge-disjoint paths from vertex 0 to t that follow the flow; None where this heuristic fails.

    edge[a] is the edge of arc a, int64 (m,). For an integer flow of k it succeeds: after cancelling opposite flows on
    an edge, the flow decomposes into paths (and cycles).

    >>> g = Network(["s", "v", "t"], np.array([0, 0, 1]), np.array([1, 2, 2]), np.ones(3), directed=True)
    >>> [way.tolist() for way in disjoint_paths(g, np.ones(3), np.arange(3), 2, 2)]
    [[1], [0, 2]]
    """
    opposite = np.bincount(edge, flow > 0.5, minlength=1)[edge] > 1
    flow = np.where(opposite & (flow > 0.5), 0.0, flow)
    allowed, found = np.ones(g.m, dtype=bool), []
    for _ in range(k):
        way = widest_path(g, flow, allowed, t)
        if way is None:
            return None
        allowed &= ~np.isin(edge, edge[way])
        found.append(way)
    return found


def trail(g: Network, times: Ints, s: int) -> Ints:
    """The arcs of an Eulerian trail from s that uses each arc a times[a] times, int64 (Hierholzer 1873).

    times is int64 (m,); arcs that are not connected to s are left out.

    >>> g = Network(["s", "v", "t"], np.array([0, 0, 1, 2]), np.array([1, 2, 2, 0]), np.ones(4), directed=True)
    >>> trail(g, np.array([1, 1, 1, 1]), 0).tolist()
    [1, 3, 0, 2]
    """
    chosen = np.repeat(np.arange(g.m), np.maximum(times, 0))
    out: dict[int, list[int]] = {}
    for a, v in zip(chosen.tolist(), g.tail[chosen].tolist(), strict=True):
        out.setdefault(v, []).append(a)
    walk: list[int] = []
    stack: list[tuple[int, int]] = [(s, -1)]
    while stack:
        vertex, into = stack[-1]
        if out.get(vertex):
            a = out[vertex].pop()
            stack.append((int(g.head[a]), a))
        else:
            stack.pop()
            walk.append(into)
    return np.array(walk[-2::-1], dtype=np.int64)


def vertices(g: Network, way: Ints, s: int) -> list[Hashable]:
    """The names of the vertices on the walk from s along the arcs `way`.

    >>> g = Network(["s", "v", "t"], np.array([0, 0, 1]), np.array([1, 2, 2]), np.ones(3), directed=True)
    >>> vertices(g, np.array([0, 2]), 0)
    ['s', 'v', 't']
    """
    return [g.nodes[s], *(g.nodes[v] for v in g.head[way].tolist())]
