"""Orders to start from, against the optima they are known to be."""

from __future__ import annotations

import itertools

import networkx as nx
import numpy as np
import pytest

from formulations.orders.order_starts import frontal_orders, order_starts, spectral_order, spectral_orders, tree_order
from formulations.problem import Floats, Ints


def cost(w: Floats, order: Ints) -> float:
    place = np.argsort(order)
    return float((w * np.abs(place[:, None] - place)).sum() / 2)


def shuffled(graph: nx.Graph, seed: int) -> Floats:
    w = nx.to_numpy_array(graph)
    p = np.random.default_rng(seed).permutation(len(w))
    return w[np.ix_(p, p)]


@pytest.mark.parametrize("dimension", [3, 4, 5, 6])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_frontal_orders_of_hypercubes_are_optimal_from_any_vertex(dimension: int, seed: int) -> None:
    w = shuffled(nx.hypercube_graph(dimension), seed)
    for order in frontal_orders(w, np.arange(0, 2**dimension, 3)):
        assert cost(w, order) == 2 ** (dimension - 1) * (2**dimension - 1)  # Harper 1964


def test_each_frontal_item_leaves_the_least_cut() -> None:
    rng = np.random.default_rng(0)
    w = np.triu(rng.random((9, 9)), 1)
    w += w.T
    for order in frontal_orders(w, np.array([4, 0])):
        for q in range(1, 9):
            cuts = {v: w[np.ix_([*order[:q], v], np.setdiff1d(order[q:], v))].sum() for v in order[q:].tolist()}
            assert cuts[int(order[q])] == pytest.approx(min(cuts.values()))
    assert frontal_orders(w, np.array([4, 0]))[:, 0].tolist() == [4, 0]


def test_a_frontal_order_ends_one_side_before_it_turns_to_the_other() -> None:
    p = np.random.default_rng(4).permutation(13)
    w = nx.to_numpy_array(nx.path_graph(13))[np.ix_(p, p)]
    (order,) = frontal_orders(w, np.argsort(p)[6:7])
    assert cost(w, order) == 11 + 7  # 6, 7, ..., 12, then 5, ..., 0


def test_the_spectral_order_of_robinson_weights_is_the_hidden_one() -> None:
    """Atkins, Boman and Hendrickson 1998."""
    n = 30
    hidden = np.random.default_rng(1).permutation(n)
    place = np.argsort(hidden)
    w = (n - np.abs(place[:, None] - place)).astype(float) ** 2
    assert spectral_order(w).tolist() in (hidden.tolist(), hidden[::-1].tolist())
    assert spectral_order(w - 2000).tolist() in (hidden.tolist(), hidden[::-1].tolist())  # a constant changes no order


def test_directions_of_an_eigenspace_give_different_orders() -> None:
    w = shuffled(nx.hypercube_graph(4), 0)
    orders = spectral_orders(w, 5)
    assert len({tuple(order) for order in orders.tolist()}) == 5
    random = [cost(w, np.random.default_rng(k).permutation(16)) for k in range(200)]
    assert max(cost(w, order) for order in orders) < np.quantile(random, 0.05)
    assert np.array_equal(orders, spectral_orders(w, 5))


def test_an_eigenspace_of_all_dimensions_is_no_trouble() -> None:
    assert sorted(spectral_order(np.ones((20, 20))).tolist()) == list(range(20))


def test_parts_of_a_disconnected_graph_stay_together() -> None:
    graph = nx.disjoint_union_all([nx.path_graph(5), nx.cycle_graph(6), nx.empty_graph(2), nx.star_graph(4)])
    w = shuffled(graph, 3)
    part = {v: k for k, items in enumerate(nx.connected_components(nx.from_numpy_array(w))) for v in items}
    for order in [*spectral_orders(w, 2), tree_order(w)]:
        labels = [part[v] for v in order.tolist()]
        assert sum(a != b for a, b in itertools.pairwise(labels)) == 4  # 5 parts, 4 borders
    assert len(set(part.values())) == 5


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_complete_binary_trees_are_laid_out_level_by_level(depth: int) -> None:
    w = shuffled(nx.balanced_tree(2, depth), depth)
    assert cost(w, tree_order(w)) == depth * 2**depth  # the edges of each level take 2^depth together


def test_the_tree_of_a_path_is_the_path_and_the_heaviest_tree_counts() -> None:
    w = shuffled(nx.path_graph(12), 0)
    assert cost(w, tree_order(w)) == 11
    heavy = 0.1 * (1 - np.eye(12)) + w
    assert np.array_equal(tree_order(heavy), tree_order(w))
    assert np.array_equal(tree_order(heavy - 5), tree_order(w))


@pytest.mark.parametrize("n", [0, 1, 2, 3, 7])
@pytest.mark.parametrize("kind", ["zero", "positive", "signed", "sparse"])
def test_all_starts_are_different_permutations(n: int, kind: str) -> None:
    rng = np.random.default_rng(n)
    w = np.triu(rng.normal(size=(n, n)) if kind == "signed" else rng.random((n, n)), 1)
    if kind in ("zero", "sparse"):
        w *= (rng.random((n, n)) < 0.3) & (kind == "sparse")
    before = (w := w + w.T + np.eye(n)).copy()
    starts = order_starts(w)
    assert starts.dtype == np.int64
    assert len(starts) >= 1
    assert starts.shape[1] == n
    assert np.array_equal(np.sort(starts, axis=1), np.tile(np.arange(n), (len(starts), 1)))
    assert len({tuple(order) for order in starts.tolist()}) == len(starts)
    assert np.array_equal(w, before)


@pytest.mark.parametrize("sizes", [(1,), (3, 4), (2, 1, 5, 1)])
def test_items_of_one_component_stand_together(sizes: tuple[int, ...]) -> None:
    n, part = sum(sizes), np.repeat(np.arange(len(sizes)), sizes)
    shuffle = np.random.default_rng(n).permutation(n)
    w = (part[:, None] == part).astype(np.float64)[np.ix_(shuffle, shuffle)]
    found = part[shuffle][spectral_order(w)]
    assert np.count_nonzero(np.diff(found)) == len(sizes) - 1


def test_many_items_on_a_line_come_in_its_order_but_for_the_noise() -> None:
    rng, n = np.random.default_rng(0), 1100
    x, noise = rng.random(n), np.triu(rng.normal(0, 0.3, (n, n)), 1)
    order = spectral_order(1 - np.abs(x[:, None] - x) + noise + noise.T)
    assert abs(np.corrcoef(np.argsort(order), np.argsort(np.argsort(x)))[0, 1]) > 0.99
