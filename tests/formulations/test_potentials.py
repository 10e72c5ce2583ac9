"""Potentials and negative cycles, against networkx and against their own definition."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from formulations.graphs.potentials import potentials

arc_lists = st.integers(1, 8).flatmap(
    lambda n: st.tuples(
        st.just(n),
        st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1), st.integers(-3, 6)), max_size=24),
    )
)


@given(arc_lists, st.sampled_from([1, 2**20, 2**80]))
def test_potentials_or_a_negative_cycle(drawn: tuple[int, list[tuple[int, int, int]]], scale: int) -> None:
    n, arcs = drawn
    tail, head = (np.array([a[k] for a in arcs], dtype=np.int64) for k in (0, 1))
    cost = np.array([a[2] * scale for a in arcs], dtype=object)
    graph: nx.MultiDiGraph[int] = nx.MultiDiGraph()
    graph.add_nodes_from(range(n))
    graph.add_weighted_edges_from(arcs)
    d, cycle = potentials(n, tail, head, cost)
    if nx.negative_edge_cycle(graph):
        assert d is None
        assert cost[cycle].sum() < 0
        assert (head[cycle] == np.roll(tail[cycle], -1)).all()
    else:
        assert d is not None
        assert len(cycle) == 0
        assert (d[head] - d[tail] <= cost).all()
        ends = [min(0, *(nx.bellman_ford_path_length(graph, u, v) for u in nx.ancestors(graph, v)), 0) for v in graph]
        assert d.tolist() == [end * scale for end in ends]


@pytest.mark.parametrize("k", [5, 70, 1000])
def test_a_long_cycle_is_found_once_it_is_negative(k: int) -> None:
    tail, head = np.arange(k), (np.arange(k) + 1) % k
    cost = np.where(np.arange(k) % 2, 3, -3)
    cost[0] += -cost.sum()
    assert potentials(k, tail, head, cost)[0] is not None
    cost[0] -= 1
    d, cycle = potentials(k, tail, head, cost)
    assert d is None
    assert sorted(cycle.tolist()) == list(range(k))
