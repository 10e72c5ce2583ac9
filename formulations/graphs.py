"""Graphs as arrays: what a formulation over vertices and edges is written in."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

if TYPE_CHECKING:
    import networkx as nx

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Network:
    """A weighted graph on vertices 0..n-1 with edges (tail[e], head[e]), e = 0..m-1.

    nodes      the n vertices' labels, all different
    tail, head int64 (m,), vertex indices
    weight     float64 (m,), finite
    directed   whether (u, v) differs from (v, u)
    positions  float64 (n, 2) coordinates for drawing, or None
    """

    nodes: Sequence[Hashable]
    tail: Ints
    head: Ints
    weight: Floats
    directed: bool = False
    positions: Floats | None = None

    @property
    def n(self) -> int:
        """Number of vertices."""
        return len(self.nodes)

    @property
    def m(self) -> int:
        """Number of edges."""
        return len(self.tail)

    def edges(self) -> list[tuple[Hashable, Hashable]]:
        """The edges as pairs of labels, in the order of tail and head."""
        name = self.nodes
        return [(name[u], name[v]) for u, v in zip(self.tail.tolist(), self.head.tolist(), strict=True)]

    def simple(self) -> Network:
        """The undirected simple graph: no loops, of parallel edges the lightest (the first on a tie)."""
        low, high = np.minimum(self.tail, self.head), np.maximum(self.tail, self.head)
        order = np.lexsort((self.weight, high, low))
        order = order[low[order] != high[order]]
        first = np.ones(len(order), dtype=bool)
        first[1:] = (np.diff(low[order]) != 0) | (np.diff(high[order]) != 0)
        keep = np.sort(order[first])
        if len(keep) == self.m and not self.directed:
            return self
        return replace(self, tail=self.tail[keep], head=self.head[keep], weight=self.weight[keep], directed=False)

    def components(self) -> tuple[int, Ints]:
        """The number of (weakly) connected components and each vertex's component, int64 (n,)."""
        from scipy.sparse.csgraph import connected_components

        arcs = csr_array((np.ones(self.m, dtype=np.int8), (self.tail, self.head)), shape=(self.n, self.n))
        count, label = connected_components(arcs, directed=False)
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


def network(graph: nx.Graph[Any] | Network, weight: str = "weight") -> Network:
    """A networkx graph as a Network; an edge without the attribute `weight` counts 1 only if none has it.

    Raises ValueError, naming the edge, for a weight that is missing, not a number or not finite.
    """
    if isinstance(graph, Network):
        return graph
    nodes = list(graph.nodes)
    index = {node: i for i, node in enumerate(nodes)}
    triples = list(graph.edges(data=weight))
    values = [value for _, _, value in triples]
    if all(value is None for value in values):
        values = [1.0] * len(values)
    weights = np.empty(len(values))
    for e, (u, v, _) in enumerate(triples):
        try:
            weights[e] = values[e]
        except (TypeError, ValueError, OverflowError):
            weights[e] = np.nan
        if not np.isfinite(weights[e]):
            raise ValueError(f"edge ({u!r}, {v!r}) has {weight} = {values[e]!r}; every edge needs a finite number")
    return Network(
        nodes=nodes,
        tail=np.array([index[u] for u, _, _ in triples], dtype=np.int64),
        head=np.array([index[v] for _, v, _ in triples], dtype=np.int64),
        weight=weights,
        directed=graph.is_directed(),
    )
