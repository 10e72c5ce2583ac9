"""Held and Karp's bound against all paths of few items, whatever the potentials; Prim's trees against networkx."""

from __future__ import annotations

import itertools
import math

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formulations.bounds.held_karp import held_karp_bound, held_karp_potentials
from formulations.graphs.prim import shortest_forest
from formulations.problem import Floats


def distances(n: int, seed: int, low: int = -9) -> Floats:
    D = np.triu(np.random.default_rng(seed).integers(low, 20, (n, n)), 1).astype(float)
    return np.asarray(D + D.T)


def shortest(D: Floats) -> float:
    return float(min(sum(D[a, b] for a, b in itertools.pairwise(p)) for p in itertools.permutations(range(len(D)))))


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 6), st.integers(0, 10**6), st.sampled_from([0.0, 1.0, 30.0, 1e9]))
def test_no_potentials_prove_more_than_the_shortest_path(n: int, seed: int, spread: float) -> None:
    D = distances(n, seed)
    potentials = np.random.default_rng(seed).normal(size=n) * spread
    assert held_karp_bound(D, potentials) <= shortest(D)
    assert held_karp_bound(D, held_karp_potentials(D, 0.01)) <= shortest(D)


def test_the_ascent_closes_most_of_what_the_tree_leaves() -> None:
    left = []
    for seed in range(4):
        D = distances(7, seed, low=1)
        best, tree = shortest(D), held_karp_bound(D, np.zeros(7))
        bound = held_karp_bound(D, held_karp_potentials(D, math.inf))
        assert tree - 1e-9 <= bound <= best
        left.append((best - bound) / max(best - tree, 1e-9))
    assert np.mean(left) < 0.2


def test_points_on_a_line_are_proven_by_the_tree_alone() -> None:
    place = np.random.default_rng(0).permutation(50.0 * np.arange(50))
    D = np.abs(place[:, None] - place)
    assert held_karp_bound(D, held_karp_potentials(D, math.inf)) == pytest.approx(2450)


def test_no_distances_are_proven_to_be_none() -> None:
    assert held_karp_bound(np.zeros((6, 6)), np.full(6, 0.1)) == 0.0


def test_without_a_limit_the_same_distances_give_the_same_potentials() -> None:
    D = distances(30, 0)
    assert np.array_equal(held_karp_potentials(D, math.inf), held_karp_potentials(D, math.inf))


@pytest.mark.parametrize("spoilt", [None, np.zeros(4), np.array([0.0, np.nan, 0]), np.array([0, np.inf, 0]), "none"])
def test_what_are_no_potentials_prove_nothing(spoilt: object) -> None:
    assert held_karp_bound(distances(3, 0), spoilt) == -math.inf


@pytest.mark.parametrize("n", [1, 2, 5, 12])
def test_the_tree_is_the_shortest(n: int) -> None:
    for seed in range(5):
        D, y = distances(n, seed), np.random.default_rng(seed).normal(size=n)
        order, parent = shortest_forest(D, y)
        assert sorted(order.tolist()) == list(range(n))
        cost = D + y + y[:, None] + 100  # networkx takes 0 for no edge
        np.fill_diagonal(cost, 0)
        graph = nx.from_numpy_array(cost)
        theirs = nx.minimum_spanning_tree(graph).size(weight="weight") - 100 * (n - 1)
        ends = order[1:]
        assert (D[ends, parent[ends]] + y[ends] + y[parent[ends]]).sum() == pytest.approx(theirs)


def test_an_infinite_distance_is_no_edge() -> None:
    D = np.full((5, 5), np.inf)
    D[0, 3] = D[3, 0] = D[1, 2] = D[2, 1] = 1.0
    order, parent = shortest_forest(D)
    assert sorted(order.tolist()) == list(range(5))
    assert (parent == -1).sum() == 3
    edges = {frozenset((v, int(parent[v]))) for v in range(5) if parent[v] >= 0}
    assert edges == {frozenset((0, 3)), frozenset((1, 2))}
