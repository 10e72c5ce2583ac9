"""Walks between two vertices of a graph: the arcs on them, and the decomposition of a flow into paths."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csc_array, csr_array

from formulations.graphs.network import Network, links, network, without_parallels
from formulations.problem import Bools, Floats, Ints

if TYPE_CHECKING:
    import networkx as nx

Pair = tuple[Hashable, Hashable]
NO_ARCS = np.zeros(0, dtype=np.int64)
FLOW_TOLERANCE = 1e-6  # an arc with more flow counts as used
NAMES_IN_MESSAGE = 8  # at most


@dataclass(frozen=True)
class Walks:
    """The arcs on s-t walks; the variable x of a formulation has an entry for each, in this order.

    given   the graph in which source and target were chosen
    g       its directed subgraph of the vertices and arcs on s-t walks; the source is vertex 0
    edge    int64 (m,): the edge or arc of the given graph that each arc of g stems from
    t       the target's vertex in g: the last one, or 0 where the target is the source

    >>> import networkx as nx
    >>> w = walks(nx.DiGraph([("s", "t"), ("s", "v"), ("v", "t"), ("t", "u")]), "s", "t")
    >>> w.ends, w.g.edges(), w.edge.tolist()  # no walk to t leads over u
    ("'s' to 't'", [('s', 't'), ('s', 'v'), ('v', 't')], [0, 1, 3])
    >>> w.incidence().toarray().tolist()
    [[1.0, 1.0, 0.0], [0.0, -1.0, 1.0], [-1.0, 0.0, -1.0]]
    """

    given: Network
    g: Network
    edge: Ints
    t: int

    @property
    def ends(self) -> str:
        """ "source to target", for messages."""
        return f"{quoted(self.g.nodes[0])} to {quoted(self.g.nodes[self.t])}"

    def incidence(self) -> csc_array:
        """The n x m matrix with +1 where an arc leaves a vertex and -1 where it enters one."""
        ends = np.stack([self.g.tail, self.g.head], axis=1)
        sign = np.where((self.g.tail < self.g.head)[:, None], [1.0, -1.0], [-1.0, 1.0])
        starts = np.arange(0, 2 * self.g.m + 1, 2)
        return csc_array((sign.ravel(), np.sort(ends, axis=1).ravel(), starts), shape=(self.g.n, self.g.m))

    def indicator(self, chosen: Ints) -> dict[str, Floats]:
        """The values of x that are 1 on those arcs and 0 elsewhere."""
        x = np.zeros(self.g.m)
        x[chosen] = 1
        return {"x": x}

    def entering(self) -> csr_array:
        """The n x m matrix with 1 where an arc enters a vertex and 0 elsewhere."""
        return csr_array((np.ones(self.g.m), (self.g.head, np.arange(self.g.m))), shape=(self.g.n, self.g.m))


def walks(
    graph: nx.Graph[Any] | Network,
    source: Hashable,
    target: Hashable,
    weight: str = "weight",
    *,
    simple: bool = False,
    attributes: Sequence[str] = (),
    forbidden_nodes: Collection[Hashable] = (),
    forbidden_arcs: Collection[Pair] = (),
) -> Walks:
    """The arcs on walks from source to target that avoid what is forbidden.

    `simple` leaves out loops, arcs into the source and arcs out of the target; `attributes` are edge attributes to
    keep. Raises ValueError for an unknown node or arc, and where there is no walk, naming what the source reaches.

    >>> import networkx as nx
    >>> walks(nx.cycle_graph(4), 0, 1, simple=True).g.edges()
    [(0, 1), (0, 3), (2, 3), (2, 1), (3, 2)]
    """
    given = network(graph, weight, *attributes)
    s, t = vertex(given, source), vertex(given, target)
    whole, edge = arcs(given)
    keep = (whole.tail != whole.head) | (whole.weight < 0)  # a loop matters only as a negative cycle
    if simple:
        keep = (whole.tail != whole.head) & (whole.head != s) & (whole.tail != t)
    for name in forbidden_nodes:
        v = vertex(given, name)
        if v in (s, t):
            raise ValueError(f"{quoted(name)} is both forbidden and an end of the path; drop one")
        keep &= (whole.tail != v) & (whole.head != v)
    for found in matching(whole, forbidden_arcs, undirected=not given.directed):
        keep[found] = False
    allowed = whole.subgraph(keep)
    reached = reach(whole.n, allowed.tail, allowed.head, s)
    if not reached[t]:
        names = [whole.nodes[v] for v in np.flatnonzero(reached).tolist()]
        rest = " without what is forbidden" if len(forbidden_nodes) + len(forbidden_arcs) else ""
        raise ValueError(
            f"there is no path from {quoted(source)} to {quoted(target)}{rest}: {quoted(source)} reaches only "
            f"{len(names)} of {whole.n} nodes: {listed(names)}"
        )
    there = reached[allowed.tail] & reach(whole.n, allowed.head, allowed.tail, t)[allowed.head]
    g = compressed(allowed.subgraph(there), s, t)
    return Walks(given, g, edge[keep][there], g.n - 1 if s != t else 0)


def arcs(g: Network) -> tuple[Network, Ints]:
    """The directed graph, an undirected edge being two arcs, and the edge that each arc stems from, int64.

    >>> import networkx as nx
    >>> directed, edge = arcs(network(nx.path_graph(3)))
    >>> directed.edges(), edge.tolist()
    ([(0, 1), (1, 2), (1, 0), (2, 1)], [0, 1, 0, 1])
    """
    if g.directed:
        return g, np.arange(g.m)
    turned = np.flatnonzero(g.tail != g.head)
    edge = np.r_[np.arange(g.m), turned]
    both = g.subgraph(edge)
    ends = {"tail": np.r_[g.tail, g.head[turned]], "head": np.r_[g.head, g.tail[turned]]}
    return replace(both, **ends, directed=True), edge


def reach(n: int, tail: Ints, head: Ints, start: int) -> Bools:
    """Which vertices can be reached from start; bool (n,).

    >>> reach(3, np.array([0, 2]), np.array([1, 1]), 0).tolist()
    [True, True, False]
    """
    from scipy.sparse.csgraph import breadth_first_order

    found = np.zeros(n, dtype=bool)
    found[breadth_first_order(links(n, tail, head), start, return_predecessors=False)] = True
    return found


def compressed(g: Network, s: int, t: int) -> Network:
    """The graph without isolated vertices, renumbered so that s comes first and t last.

    >>> import networkx as nx
    >>> compressed(network(nx.DiGraph([("t", "u"), ("s", "u")])), 2, 0).nodes
    ['s', 'u', 't']
    """
    used = np.zeros(g.n, dtype=bool)
    used[g.tail] = used[g.head] = True
    used[[s, t]] = False
    order = np.r_[s, np.flatnonzero(used), [t] if s != t else NO_ARCS]
    place = np.full(g.n, -1)
    place[order] = np.arange(len(order))
    positions = None if g.positions is None else g.positions[order]
    names = [g.nodes[v] for v in order.tolist()]
    return replace(g, nodes=names, tail=place[g.tail], head=place[g.head], positions=positions)


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
    no path carries flow, or weights are negative, it is a path of fewest arcs with at least the bottleneck's flow.
    flow float64 (m,), allowed bool (m,).

    >>> g = Network(["s", "v", "t"], np.array([0, 0, 1]), np.array([1, 2, 2]), np.ones(3), directed=True)
    >>> widest_path(g, np.array([0.9, 0.01, 0.9]), np.ones(3, dtype=bool), 2).tolist()
    [0, 2]
    """
    top = flow.max(initial=0.0, where=allowed)
    levels = top * 0.5 ** np.arange(1, 30) if top > 0 else NO_ARCS.astype(float)
    for level in [*levels.tolist(), -np.inf]:
        chosen = np.flatnonzero(allowed & (flow >= level))
        found = path(g.n, g.tail[chosen], g.head[chosen], 0, t)
        if found is None:
            continue
        if level < 0 or (g.weight < 0).any():
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


def vertex(g: Network, name: Hashable) -> int:
    """The index of the vertex of that name; raises ValueError, suggesting similar names, if there is none.

    >>> import networkx as nx
    >>> vertex(network(nx.path_graph(["Rome", "Oslo"])), "Osloo")
    Traceback (most recent call last):
    ValueError: there is no node 'Osloo'; the nearest names are 'Oslo'
    """
    try:
        return g.nodes.index(name)
    except ValueError:
        texts = {str(node): node for node in g.nodes}
        similar = get_close_matches(str(name), texts, n=3, cutoff=0.5) if g.n <= 100_000 else []
        hint = f"the nearest names are {listed([texts[text] for text in similar])}" if similar else "no name is near it"
        raise ValueError(f"there is no node {quoted(name)}; {hint}") from None


def quoted(name: Hashable) -> str:
    """A vertex's name for messages: its repr on one line, shortened to 60 characters.

    >>> quoted("v" * 99)[-6:]
    'vvv...'
    """
    text = repr(name)
    return text if len(text) <= 60 else f"{text[:57]}..."


def listed(names: Sequence[Hashable]) -> str:
    """The names for messages, at most 8 of them.

    >>> listed(["a", 2])
    "'a', 2"
    """
    return ", ".join(map(quoted, names[:NAMES_IN_MESSAGE])) + (", ..." if len(names) > NAMES_IN_MESSAGE else "")


def matching(g: Network, pairs: Collection[tuple[Hashable, Hashable]], *, undirected: bool) -> Iterator[Ints]:
    """The arcs from u to v for each pair (u, v) of names, if undirected also those from v to u; int64 each.

    Raises ValueError for a pair without an arc.

    >>> g = Network(["s", "v", "t"], np.array([0, 0, 1]), np.array([1, 2, 2]), np.ones(3), directed=True)
    >>> [found.tolist() for found in matching(g, [("v", "t")], undirected=False)]
    [[2]]
    """
    for u, v in pairs:
        a, b = vertex(g, u), vertex(g, v)
        found = (g.tail == a) & (g.head == b)
        if undirected:
            found |= (g.tail == b) & (g.head == a)
        if not found.any():
            raise ValueError(f"there is no {'edge' if undirected else 'arc'} from {quoted(u)} to {quoted(v)}")
        yield np.flatnonzero(found)
