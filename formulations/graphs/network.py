"""Graphs as arrays of edge ends and weights, the form in which formulations take them."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from formulations.problem import Floats, Ints, is_symmetric

if TYPE_CHECKING:
    import networkx as nx


@dataclass(frozen=True, eq=False)
class Network:
    """A weighted graph on vertices 0..n-1 with edges (tail[e], head[e]), e = 0..m-1.

    nodes      the n vertices' labels, all different
    tail, head int64 (m,), vertex indices
    weight     float64 (m,), finite
    directed   whether (u, v) differs from (v, u)
    positions  float64 (n, 2) coordinates for drawing, or None
    attributes further numbers of the edges by name, float64 (m,) and finite, such as resources with limits

    >>> g = Network(["a", "b", "c"], np.array([0, 1, 1]), np.array([1, 2, 0]), np.array([3.0, 1.0, 2.0]))
    >>> g.n, g.m, g.edges()
    (3, 3, [('a', 'b'), ('b', 'c'), ('b', 'a')])
    >>> g.simple().edges(), g.components()[0]  # of the parallel edges of weight 3 and 2 the lightest
    ([('b', 'c'), ('b', 'a')], 1)
    """

    nodes: Sequence[Hashable]
    tail: Ints
    head: Ints
    weight: Floats
    directed: bool = False
    positions: Floats | None = None
    attributes: Mapping[str, Floats] = field(default_factory=dict)

    @property
    def n(self) -> int:
        """Number of vertices."""
        return len(self.nodes)

    @property
    def m(self) -> int:
        """Number of edges."""
        return len(self.tail)

    def subgraph(self, edges: Ints | NDArray[np.bool_]) -> Network:
        """The same vertices with only those edges (a mask, or indices in the order wanted)."""
        attributes = {name: values[edges] for name, values in self.attributes.items()}
        chosen: dict[str, Any] = {"tail": self.tail[edges], "head": self.head[edges], "weight": self.weight[edges]}
        return replace(self, **chosen, attributes=attributes)

    def edges(self) -> list[tuple[Hashable, Hashable]]:
        """The edges as pairs of labels, in the order of tail and head."""
        name = self.nodes
        return [(name[u], name[v]) for u, v in zip(self.tail.tolist(), self.head.tolist(), strict=True)]

    def simple(self, *, heaviest: bool = False) -> Network:
        """The undirected simple graph: no loops, of parallel edges the lightest or heaviest (the first on a tie)."""
        low, high = np.minimum(self.tail, self.head), np.maximum(self.tail, self.head)
        kept = without_parallels(low, high, -self.weight if heaviest else self.weight)
        keep = np.sort(kept[low[kept] != high[kept]])
        if len(keep) == self.m and not self.directed:
            return self
        return replace(self.subgraph(keep), directed=False)

    def lightest(self) -> Network:
        """The graph without loops, of parallel edges the lightest (the first on a tie); arcs remain directed."""
        if not self.directed:
            return self.simple()
        light = without_parallels(self.tail, self.head, self.weight)
        return self.subgraph(np.sort(light[self.tail[light] != self.head[light]]))

    def components(self) -> tuple[int, Ints]:
        """The number of (weakly) connected components and each vertex's component, int64 (n,)."""
        from scipy.sparse.csgraph import connected_components

        count, label = connected_components(links(self.n, self.tail, self.head), directed=False)
        return int(count), label.astype(np.int64)

    def to_networkx(self) -> nx.Graph[Any]:
        """The same graph in networkx, vertices named by index, weights in the attribute "weight".

        A multigraph only if there are parallel edges: networkx is several times slower on those.
        """
        import networkx as nx

        ends = (self.tail, self.head) if self.directed else np.sort([self.tail, self.head], axis=0)
        parallel = len(np.unique(ends[0] * self.n + ends[1])) < self.m
        kinds = (nx.MultiDiGraph, nx.MultiGraph) if parallel else (nx.DiGraph, nx.Graph)
        graph: nx.Graph[Any] = kinds[0]() if self.directed else kinds[1]()
        graph.add_nodes_from(range(self.n))
        graph.add_weighted_edges_from(zip(self.tail.tolist(), self.head.tolist(), self.weight.tolist(), strict=True))
        return graph


def links(n: int, tail: Ints, head: Ints) -> csr_array:
    """The n x n adjacency matrix, int8, with a 1 for each arc, as scipy's graph searches take it.

    >>> links(3, np.array([0, 1]), np.array([1, 2])).toarray().tolist()
    [[0, 1, 0], [0, 0, 1], [0, 0, 0]]
    """
    return csr_array((np.ones(len(tail), dtype=np.int8), (tail, head)), shape=(n, n))


def without_parallels(tail: Ints, head: Ints, cost: Floats) -> Ints:
    """Of all arcs with the same tail and head the one of least cost, the first on a tie; sorted by tail and head.

    >>> without_parallels(np.array([0, 0, 1]), np.array([1, 1, 0]), np.array([5.0, 4.0, 9.0])).tolist()
    [1, 2]
    """
    order = np.lexsort((cost, head, tail))
    first = np.ones(len(order), dtype=bool)
    first[1:] = (np.diff(tail[order]) != 0) | (np.diff(head[order]) != 0)
    light: Ints = order[first]
    return light


def square(matrix: Floats, name: str) -> Floats:
    """A copy of the matrix, float64 (n, n), with diagonal 0; `name` says what its entries are.

    Raises ValueError, naming an entry, if it is not square and finite off the diagonal.

    >>> square([[9, 2], [3, 9]], "distance").tolist()
    [[0.0, 2.0], [3.0, 0.0]]
    """
    M = np.array(matrix, dtype=np.float64)
    if M.ndim != 2 or M.shape[0] != M.shape[1]:
        raise ValueError(f"the {name} has shape {M.shape}; it must be square, a row and a column for each item")
    np.fill_diagonal(M, 0)
    if not np.isfinite(M).all():
        i, j = np.argwhere(~np.isfinite(M))[0].tolist()
        raise ValueError(f"the {name} of items {i} and {j} is {M[i, j]}; every pair needs a finite number")
    return M


def symmetric(matrix: Floats, name: str) -> Floats:
    """The same of a matrix that is symmetric as well.

    Raises ValueError, naming an entry, if it is not square, finite and symmetric off the diagonal.

    >>> symmetric([[9, 2], [2, 9]], "distance").tolist()
    [[0.0, 2.0], [2.0, 0.0]]
    """
    M = square(matrix, name)
    if not is_symmetric(M):
        i, j = np.argwhere(M != M.T)[0].tolist()
        raise ValueError(
            f"the {name} of items {i} and {j} is {M[i, j]} one way and {M[j, i]} the other; make it symmetric"
        )
    return M


def network(graph: nx.Graph[Any] | Network, weight: str = "weight", *others: str) -> Network:
    """A networkx graph as a Network, the edge attributes named in `others` as its `attributes`.

    An edge without the attribute `weight` counts 1 only if none has it. Raises ValueError, naming the edge, for a
    weight or attribute that is missing, not a number or not finite.

    >>> import networkx as nx
    >>> g = network(nx.path_graph(["a", "b", "c"]))
    >>> g.nodes, g.tail.tolist(), g.head.tolist(), g.weight.tolist()
    (['a', 'b', 'c'], [0, 1], [1, 2], [1.0, 1.0])
    """
    if isinstance(graph, Network):
        missing = [name for name in others if name not in graph.attributes]
        if missing:
            there = ", ".join(graph.attributes) or "none"
            raise ValueError(f"the network has no attribute {missing[0]!r}; there are: {there}")
        return graph
    if not (hasattr(graph, "nodes") and hasattr(graph, "is_directed")):
        raise ValueError(f"there is no graph in a {type(graph).__name__}; give a graph of networkx, or a Network")
    nodes = list(graph.nodes)
    place = {node: i for i, node in enumerate(nodes)}.__getitem__
    flat = list(chain.from_iterable(graph.edges(data=True)))  # a million tuples would set off the garbage collector
    ends, data = (flat[0::3], flat[1::3]), flat[2::3]
    unweighted = not any(weight in held for held in data)
    return Network(
        nodes=nodes,
        tail=np.fromiter(map(place, ends[0]), dtype=np.int64, count=len(data)),
        head=np.fromiter(map(place, ends[1]), dtype=np.int64, count=len(data)),
        weight=np.ones(len(data)) if unweighted else _numbers(ends, data, weight),
        directed=graph.is_directed(),
        attributes={name: _numbers(ends, data, name) for name in others},
    )


def _numbers(ends: tuple[list[Hashable], list[Hashable]], data: list[Mapping[str, Any]], name: str) -> Floats:
    """The edges' attribute `name`, float64 (m,); raises ValueError for the first that is no finite number."""
    try:
        values = np.array([held[name] for held in data], dtype=np.float64)
    except (KeyError, TypeError, ValueError, OverflowError):
        values = np.zeros(0)
    if values.shape != (len(data),):  # not all are numbers: which one is not?
        values = np.array([_number(held.get(name)) for held in data])
    for e in np.flatnonzero(~np.isfinite(values))[:1].tolist():
        u, v, given = ends[0][e], ends[1][e], data[e].get(name)
        raise ValueError(f"edge ({u!r}, {v!r}) has {name} = {given!r}; every edge needs a finite number")
    return values


def _number(value: Any) -> float:
    """The value as a float, nan if it is none."""
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return np.nan
