"""The arcs on walks between two vertices of a graph, and its vertices and arcs by their names."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csc_array, csr_array

from formulations.graphs.network import Network, links, network
from formulations.problem import Bools, Floats, Ints

if TYPE_CHECKING:
    import networkx as nx

Pair = tuple[Hashable, Hashable]
NAMES_IN_MESSAGE = 8  # or all 9


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
    between = np.flatnonzero(used)
    order = np.r_[s, between, t] if s != t else np.r_[s, between]
    place = np.full(g.n, -1)
    place[order] = np.arange(len(order))
    positions = None if g.positions is None else g.positions[order]
    names = [g.nodes[v] for v in order.tolist()]
    return replace(g, nodes=names, tail=place[g.tail], head=place[g.head], positions=positions)


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
    """The names for messages; of more than 9 the first 8, as "..." in place of one would save nothing.

    >>> listed(["a", 2])
    "'a', 2"
    """
    shown = names if len(names) <= NAMES_IN_MESSAGE + 1 else names[:NAMES_IN_MESSAGE]
    return ", ".join(map(quoted, shown)) + (", ..." if len(shown) < len(names) else "")


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
