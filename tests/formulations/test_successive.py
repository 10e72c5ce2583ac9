"""Successive shortest paths, against networkx's network simplex and against the duality of flows."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

from formulations.graphs.potentials import potentials
from formulations.graphs.successive import successive_paths


@pytest.mark.parametrize("seed", range(60))
def test_the_paths_are_cheapest_and_the_potentials_prove_it(seed: int) -> None:
    random = np.random.default_rng(seed)
    n, k = int(random.integers(2, 9)), int(random.integers(1, 4))
    through = [random.permutation(np.arange(1, n - 1))[: int(random.integers(0, n - 1))] for _ in range(k)]
    ways = [np.r_[0, inner, n - 1] for inner in through]  # k paths that have no arc in common, as parallels count
    tail = np.concatenate([*(way[:-1] for way in ways), random.integers(0, n, 12)]).astype(np.int64)
    head = np.concatenate([*(way[1:] for way in ways), random.integers(0, n, 12)]).astype(np.int64)
    reached = np.isin(tail, np.concatenate(ways)) & np.isin(head, np.concatenate(ways))
    names, ends = np.unique(np.r_[tail[reached], head[reached]], return_inverse=True)
    tail, head = ends[: int(reached.sum())], ends[int(reached.sum()) :]
    n, t = len(names), len(names) - 1
    level = random.integers(0, 20, n) if seed % 2 else np.zeros(n, dtype=np.int64)
    cost = random.integers(0, 9, len(tail)) + level[tail] - level[head]  # without negative cycles
    low, _ = potentials(n, tail, head, cost)
    assert low is not None

    used, d, tree = successive_paths(n, tail, head, cost, t, k, low)

    graph: nx.MultiDiGraph[int] = nx.MultiDiGraph()
    graph.add_node(0, demand=-k)
    graph.add_node(t, demand=k)
    for u, v, c in zip(tail.tolist(), head.tolist(), cost.tolist(), strict=True):
        graph.add_edge(u, v, weight=c, capacity=1)
    assert cost[used].sum() == nx.network_simplex(graph)[0]
    balance = np.bincount(tail[used], minlength=n) - np.bincount(head[used], minlength=n)
    assert balance.tolist() == [k, *[0] * (n - 2), -k]
    rise = d[head] - d[tail]
    assert (rise[~used] <= cost[~used]).all()
    assert (rise[used] >= cost[used]).all()
    assert k * (d[t] - d[0]) - (rise - cost)[used].sum() == cost[used].sum()
    assert (tree >= 0).sum() == n - 1
