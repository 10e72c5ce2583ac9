"""Potentials and negative cycles, against networkx and against their own definition."""

from __future__ import annotations

from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from formulations.graphs import potentials as module
from formulations.graphs.potentials import distances, potentials

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


@given(arc_lists, st.sampled_from([1, 2**20, 2**55, 2**80]), st.sampled_from([1, 10**6, 10**40]))
def test_distances_are_networkx_own_and_exact(
    drawn: tuple[int, list[tuple[int, int, int]]], scale: int, unit: int
) -> None:
    n, arcs = drawn
    tail, head = (np.array([a[k] for a in arcs], dtype=np.int64) for k in (0, 1))
    cost = np.array([abs(a[2]) * scale + a[0] for a in arcs], dtype=object)  # sums that no float holds
    graph: nx.MultiDiGraph[int] = nx.MultiDiGraph()
    graph.add_nodes_from(range(n))
    graph.add_weighted_edges_from(zip(tail.tolist(), head.tolist(), cost.tolist(), strict=True))
    near = nx.single_source_dijkstra_path_length(graph, 0)
    d, last = distances(n, tail, head, cost, 0, unit)
    assert (d[head] - d[tail] <= cost).all()
    assert [d[v] for v in near] == list(near.values())
    assert {v for v in range(n) if last[v] >= 0} == set(near) - {0}
    for v in set(near) - {0}:
        assert (head[last[v]], d[v]) == (v, d[tail[last[v]]] + cost[last[v]])


def chain(order: np.ndarray, cost: np.ndarray) -> tuple[int, np.ndarray, np.ndarray, np.ndarray]:
    return len(order), order[:-1], order[1:], cost


def both_ways(order: np.ndarray, cost: np.ndarray) -> tuple[int, np.ndarray, np.ndarray, np.ndarray]:
    return len(order), np.r_[order[:-1], order[1:]], np.r_[order[1:], order[:-1]], np.r_[cost, 1 - cost]


def grid(k: int, cost: np.ndarray, level: np.ndarray) -> tuple[int, np.ndarray, np.ndarray, np.ndarray]:
    """k x k vertices, arcs both ways, as many of them negative as not, without a negative cycle."""
    i = np.arange(k * k).reshape(k, k)
    here, there = np.r_[i[:, :-1].ravel(), i[:-1].ravel()], np.r_[i[:, 1:].ravel(), i[1:].ravel()]
    tail, head = np.r_[here, there], np.r_[there, here]
    return k * k, tail, head, np.resize(cost, len(tail)) + level[tail] - level[head]


N = 2500
RANDOM = np.random.default_rng(0)
SHUFFLED, WEIGHT = RANDOM.permutation(N), RANDOM.integers(1, 1001, N - 1)
SHAPES = {
    "negative chain": chain(np.arange(N), -WEIGHT),
    "negative chain against its numbers": chain(np.arange(N)[::-1], -WEIGHT),
    "negative chain, shuffled": chain(SHUFFLED, -WEIGHT),
    "one negative arc": chain(SHUFFLED, np.where(np.arange(N - 1) == N // 2, -(10**9), WEIGHT)),
    "signs by turns": chain(SHUFFLED, RANDOM.integers(-10, 11, N - 1)),
    "signs by turns, both ways": both_ways(SHUFFLED, RANDOM.integers(-10, 11, N - 1)),
    "path and its reversal": both_ways(SHUFFLED, WEIGHT),
    "grid": grid(50, WEIGHT, RANDOM.integers(0, 10**6, 2500)),
    "grid with slopes": grid(50, WEIGHT, np.cumsum(RANDOM.integers(-500, 501, 2500))),
}


@pytest.mark.parametrize("name", SHAPES)
def test_no_shape_takes_more_than_a_few_looks_at_an_arc(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    n, tail, head, cost = SHAPES[name]
    lowered = [0] * n  # how often each vertex's label is: its arcs are looked at once for each time
    move = module._Tree.move

    def counted(self: Any, v: int, u: int, waiting: list[bool]) -> bool:
        lowered[v] += 1
        return move(self, v, u, waiting)

    monkeypatch.setattr(module._Tree, "move", counted)
    d, _ = potentials(n, tail, head, cost)
    assert d is not None
    assert (d[head] - d[tail] <= cost).all()
    looks = sum(times * arcs for times, arcs in zip(lowered, np.bincount(tail, minlength=n).tolist(), strict=True))
    assert 0 < looks < 20 * len(tail)  # sweeps over all arcs would take hundreds on each of these


@pytest.mark.parametrize("name", SHAPES)
def test_where_no_arc_is_negative_dijkstras_labels_stand(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    n, tail, head, cost = SHAPES[name]
    monkeypatch.setattr(module, "_Tree", None)  # what corrects labels one by one
    d, last = distances(n, tail, head, abs(cost), int(tail[0]))
    assert (d[head] - d[tail] <= abs(cost)).all()
    assert (last >= 0).sum() == n - 1
