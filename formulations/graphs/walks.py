"""Walks between two vertices of a graph: which arcs lie on one, and the paths that a flow is made of."""

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
FLOW_TOLERANCE = 1e-6  # flow from which an arc counts as used
NAMES_IN_MESSAGE = 8  # names that a message lists


@dataclass(frozen=True)
class Walks:
    """The arcs on s-t walks: x has an entry for each, in this order.

    t       the target's vertex, the last one, or 0 where it is the source; the source is vertex 0
    edge    int64 (m,): the edge or arc of the given graph that each arc stems from
    """

    given: Network
    g: Network
    edge: Ints
    t: int

    @property
    def ends(self) -> str:
        """Source and target, as a sentence names them."""
        return f"{quoted(self.g.nodes[0])} to {quoted(self.g.nodes[self.t])}"

    def incidence(self) -> csc_array:
        """The n x m matrix with +1 where an arc leaves a vertex and -1 where it enters."""
        ends = np.stack([self.g.tail, self.g.head], axis=1)
        sign = np.where((self.g.tail < self.g.head)[:, None], [1.0, -1.0], [-1.0, 1.0])
        starts = np.arange(0, 2 * self.g.m + 1, 2)
        return csc_array((sign.ravel(), np.sort(ends, axis=1).ravel(), starts), shape=(self.g.n, self.g.m))

    def indicator(self, chosen: Ints) -> dict[str, Floats]:
        """The variable x that is 1 on those arcs."""
        x = np.zeros(self.g.m)
        x[chosen] = 1
        return {"x": x}

    def entering(self) -> csr_array:
        """The n x m matrix with 1 where an arc enters a vertex."""
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
    """The arcs on walks from source to target that avoid what is forbidden; `simple` leaves out returns to the ends.

    Raises ValueError for an unknown node or arc, and where there is no walk, naming what the source reaches.
    """
    given = network(graph, weight, *attributes)
    s, t = vertex(given, source), vertex(given, target)
    whole, edge = arcs(given)
    keep = (whole.tail != whole.head) | (whole.weight < 0)  # loops are of use only where they are negative cycles
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
    """The directed graph, in which an undirected edge is two arcs, and the edge that each arc stems from."""
    if g.directed:
        return g, np.arange(g.m)
    turned = np.flatnonzero(g.tail != g.head)
    edge = np.r_[np.arange(g.m), turned]
    both = g.subgraph(edge)
    ends = {"tail": np.r_[g.tail, g.head[turned]], "head": np.r_[g.head, g.tail[turned]]}
    return replace(both, **ends, directed=True), edge


def reach(n: int, tail: Ints, head: Ints, start: int) -> Bools:
    """Which vertices there are walks to from start; bool (n,)."""
    from scipy.sparse.csgraph import breadth_first_order

    found = np.zeros(n, dtype=bool)
    found[breadth_first_order(links(n, tail, head), start, return_predecessors=False)] = True
    return found


def compressed(g: Network, s: int, t: int) -> Network:
    """The graph without its isolated vertices, s first and t last."""
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
    """The arcs of an s-t path of fewest arcs, or None."""
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
    """For every vertex the last arc of a path from vertex 0 of least cost >= 0, -1 where there is none; int64 (n,)."""
    from scipy.sparse.csgraph import dijkstra

    light = without_parallels(g.tail, g.head, cost)  # scipy would add them up
    lengths = csr_array((cost[light], (g.tail[light], g.head[light])), shape=(g.n, g.n))
    _, before = dijkstra(lengths, indices=0, return_predecessors=True)
    last = np.full(g.n, -1)
    chosen = light[before[g.head[light]] == g.tail[light]]
    last[g.head[chosen]] = chosen
    return last


def lightest_path(g: Network, cost: Floats, t: int) -> Ints:
    """The arcs of a path of least cost >= 0 from vertex 0 to t, which there must be."""
    last, way = lightest_arcs(g, cost), []
    while t:
        way.append(last[t])
        t = int(g.tail[last[t]])
    return np.array(way[::-1], dtype=np.int64)


def widest_path(g: Network, flow: Floats, allowed: Bools, t: int) -> Ints | None:
    """The arcs of the lightest path from vertex 0 to t along arcs that carry a fair part of what a path can carry.

    That is a sixteenth of the greatest level, down to a factor of 2, at which arcs with so much flow join 0 and t.
    Where no path carries flow, or weights are negative, it is a path of fewest arcs at the level itself.
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
        fair = np.flatnonzero(allowed & (flow >= level / 16))
        return fair[lightest_path(g.subgraph(fair), g.weight[fair], t)]
    return None


def disjoint_paths(g: Network, flow: Floats, edge: Ints, t: int, k: int) -> list[Ints] | None:
    """k paths, no edge in two of them (edge[a] is the edge of arc a), that follow the flow; None if that gets stuck.

    Of an integer flow the two directions of an edge cancel, and what is left falls into paths.
    """
    both = np.bincount(edge, flow > 0.5, minlength=1)[edge] > 1
    flow = np.where(both & (flow > 0.5), 0.0, flow)
    allowed, found = np.ones(g.m, dtype=bool), []
    for _ in range(k):
        way = widest_path(g, flow, allowed, t)
        if way is None:
            return None
        allowed &= ~np.isin(edge, edge[way])
        found.append(way)
    return found


def trail(g: Network, times: Ints, s: int) -> Ints:
    """The arcs of a trail from s that uses every arc connected to s as often as asked (Hierholzer 1873)."""
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
    """The names of the vertices that a walk from s along those arcs visits."""
    return [g.nodes[s], *(g.nodes[v] for v in g.head[way].tolist())]


def vertex(g: Network, name: Hashable) -> int:
    """The index of the vertex of that name; raises ValueError with the nearest names."""
    try:
        return g.nodes.index(name)
    except ValueError:
        texts = {str(node): node for node in g.nodes}
        near = get_close_matches(str(name), texts, n=3, cutoff=0.5) if g.n <= 100_000 else []
        hint = f"the nearest names are {listed([texts[text] for text in near])}" if near else "no name is near it"
        raise ValueError(f"there is no node {quoted(name)}; {hint}") from None


def quoted(name: Hashable) -> str:
    """A vertex's name on one line."""
    text = repr(name)
    return text if len(text) <= 60 else f"{text[:57]}..."


def listed(names: Sequence[Hashable]) -> str:
    """Some of the names."""
    return ", ".join(map(quoted, names[:NAMES_IN_MESSAGE])) + (", ..." if len(names) > NAMES_IN_MESSAGE else "")


def matching(g: Network, pairs: Collection[tuple[Hashable, Hashable]], *, undirected: bool) -> Iterator[Ints]:
    """The arcs of each pair (u, v) of names, for undirected edges in both directions; raises ValueError for none."""
    for u, v in pairs:
        a, b = vertex(g, u), vertex(g, v)
        found = (g.tail == a) & (g.head == b)
        if undirected:
            found |= (g.tail == b) & (g.head == a)
        if not found.any():
            raise ValueError(f"there is no {'edge' if undirected else 'arc'} from {quoted(u)} to {quoted(v)}")
        yield np.flatnonzero(found)
