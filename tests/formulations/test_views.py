"""A network as a networkx graph that is not built: the same as one that is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from formulations.graphs import Network
from formulations.graphs.views import view

networks = st.integers(1, 7).flatmap(
    lambda n: st.builds(
        lambda arcs, directed: Network(
            range(n),
            np.array([u for u, _, _ in arcs], dtype=np.int64),
            np.array([v for _, v, _ in arcs], dtype=np.int64),
            np.array([w for _, _, w in arcs], dtype=float),
            directed=directed,
        ),
        st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1), st.integers(-3, 9)), max_size=20),
        st.booleans(),
    )
)


def built(g: Network) -> nx.Graph[int]:
    """A graph of networkx with the lightest of parallel edges."""
    graph: nx.Graph[int] = nx.DiGraph() if g.directed else nx.Graph()
    graph.add_nodes_from(range(g.n))
    for u, v, w in zip(g.tail.tolist(), g.head.tolist(), g.weight.tolist(), strict=True):
        if w < graph.get_edge_data(u, v, {"weight": np.inf})["weight"]:
            graph.add_edge(u, v, weight=w)
    return graph


@given(networks)
def test_the_view_is_the_graph(g: Network) -> None:
    graph, seen = built(g), view(g)
    assert list(seen) == list(graph)
    assert seen.number_of_edges() == graph.number_of_edges()
    pair = tuple if g.directed else frozenset
    assert {(pair((u, v)), w) for u, v, w in seen.edges(data="weight")} == {
        (pair((u, v)), w) for u, v, w in graph.edges(data="weight")
    }
    for u in graph:
        assert dict(seen[u]) == dict(graph[u])
        if g.directed:
            assert set(seen.predecessors(u)) == set(graph.predecessors(u))  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "algorithm",
    [
        lambda graph: nx.single_source_bellman_ford_path_length(graph, 0),
        lambda graph: nx.bidirectional_dijkstra(graph, 0, 29)[0],
        lambda graph: nx.minimum_spanning_tree(graph.to_undirected()).size("weight"),
        lambda graph: sorted(map(sorted, nx.connected_components(graph.to_undirected()))),
    ],
)
@pytest.mark.parametrize("directed", [False, True])
def test_algorithms_find_the_same_on_it(algorithm: Callable[[Any], Any], directed: bool) -> None:
    random = np.random.default_rng(0)
    tail, head = np.r_[np.arange(29), random.integers(0, 30, 90)], np.r_[np.arange(1, 30), random.integers(0, 30, 90)]
    g = Network(range(30), tail, head, random.integers(1, 50, len(tail)).astype(float), directed=directed)
    assert algorithm(view(g)) == algorithm(built(g))


def test_nothing_can_be_added_to_it() -> None:
    g = Network(["a"], *np.zeros((2, 0), dtype=np.int64), np.zeros(0))
    for directed in (False, True):
        with pytest.raises(nx.NetworkXError, match=r"[Ff]rozen"):
            view(Network(g.nodes, g.tail, g.head, g.weight, directed=directed)).add_edge(0, 0)
