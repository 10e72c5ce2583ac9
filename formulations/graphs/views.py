"""A Network as a networkx graph that is not built: each vertex's dictionary of neighbours is made when it is asked for.

For algorithms of networkx that only read. A second graph of a million edges would take ten seconds and a gigabyte.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import networkx as nx
import numpy as np

from formulations.graphs.network import Network
from formulations.problem import Floats, Ints


class _Nodes(Mapping[int, Mapping[str, Any]]):
    """The vertices 0..n-1, without attributes."""

    def __init__(self, n: int) -> None:
        self._range = range(n)

    def __len__(self) -> int:
        return len(self._range)

    def __iter__(self) -> Iterator[int]:
        return iter(self._range)

    def __contains__(self, v: object) -> bool:
        return v in self._range

    def __getitem__(self, v: int) -> Mapping[str, Any]:
        return {"index": self._range[v]}


class _Neighbours(Mapping[int, Mapping[int, Mapping[str, float]]]):
    """vertex -> neighbour -> {"weight": that of the lightest arc}."""

    def __init__(self, n: int, tail: Ints, head: Ints, weight: Floats) -> None:
        order = np.lexsort((-weight, tail))  # of parallel arcs the lightest comes last and stays
        self._first = np.searchsorted(tail[order], np.arange(n + 1)).tolist()
        self._head, self._weight = head[order].tolist(), weight[order].tolist()

    def __len__(self) -> int:
        return len(self._first) - 1

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self)))

    def __getitem__(self, v: int) -> Mapping[int, Mapping[str, float]]:
        arcs = slice(self._first[v], self._first[v + 1])
        return {u: {"weight": c} for u, c in zip(self._head[arcs], self._weight[arcs], strict=True)}


def view(g: Network) -> nx.Graph[Any]:
    """A read-only networkx graph of the vertices 0..n-1 and their lightest edges, nx.DiGraph if directed.

    >>> g = Network(["a", "b"], np.array([0, 0]), np.array([1, 1]), np.array([3.0, 2.0]))
    >>> list(view(g).edges(data="weight")), nx.shortest_path_length(view(g), 1, 0, "weight")
    ([(0, 1, 2.0)], 2.0)
    """
    graph: Any = nx.DiGraph() if g.directed else nx.Graph()
    graph._node = _Nodes(g.n)  # as networkx's own views do
    if g.directed:
        graph._succ, graph._pred = (_Neighbours(g.n, *ends, g.weight) for ends in ((g.tail, g.head), (g.head, g.tail)))
    else:
        turned = g.tail != g.head
        ends = np.r_[g.tail, g.head[turned]], np.r_[g.head, g.tail[turned]]
        graph._adj = _Neighbours(g.n, *ends, np.r_[g.weight, g.weight[turned]])
    return nx.freeze(graph)
