from __future__ import annotations

from collections.abc import Callable
from itertools import combinations, pairwise, product
from typing import get_args

import networkx as nx
import numpy as np
import pytest
from scipy.cluster.hierarchy import leaves_list, optimal_leaf_ordering

from formulations.orders.leaf_order import Linkage, linkage_tree, optimal_leaf_order
from formulations.problem import Floats, Ints

METHODS = get_args(Linkage)


def dissimilarity(n: int, seed: int, values: str = "real") -> Floats:
    g = np.random.default_rng(seed)
    x = {"real": g.random, "tied": lambda s: g.integers(0, 4, s), "signed": g.standard_normal}[values]((n, n))
    return np.triu(x, 1) + np.triu(x, 1).T


def any_tree(n: int, seed: int) -> Floats:
    """A binary tree that has nothing to do with the dissimilarities."""
    g = np.random.default_rng(seed)
    roots, size, rows = list(range(n)), [1] * n, []
    for i in range(n - 1):
        left, right = (roots.pop(int(g.integers(len(roots)))) for _ in range(2))
        size.append(size[left] + size[right])
        rows.append([left, right, i, size[-1]])
        roots.append(n + i)
    return np.array(rows, dtype=np.float64).reshape(-1, 4)


def chain(n: int) -> Floats:
    """Each row adds one item: the deepest tree."""
    rows = [[0, 1, 1, 2]] + [[n + i - 1, i + 1, i + 1, i + 2] for i in range(1, n - 1)]
    return np.array(rows, dtype=np.float64)


def clusters(tree: Floats, n: int) -> list[list[int]]:
    members = [[i] for i in range(n)]
    for left, right in tree[:, :2].astype(int):
        members.append(members[left] + members[right])
    return members


def allowed(tree: Floats, n: int) -> set[tuple[int, ...]]:
    """The orders that the tree allows, by choosing at each node which child comes first."""
    orders: list[list[tuple[int, ...]]] = [[(i,)] for i in range(n)]
    for left, right in tree[:, :2].astype(int):
        pairs = list(product(orders[left], orders[right]))
        orders.append([x + y for x, y in pairs] + [y + x for x, y in pairs])
    return set(orders[-1])


def length(d: Floats, order: Ints | tuple[int, ...]) -> float:
    return float(sum(d[u, v] for u, v in pairwise(order)))


@pytest.mark.parametrize("values", ["real", "tied", "signed"])
@pytest.mark.parametrize("n", [2, 3, 4, 5, 6, 7, 8])
def test_the_order_is_the_best_of_all_flips(n: int, values: str) -> None:
    for seed in range(15):
        d, tree = dissimilarity(n, seed, values), any_tree(n, 100 + seed)
        orders = allowed(tree, n)
        assert len(orders) == 2 ** (n - 1)
        order, value = optimal_leaf_order(d, tree)
        assert tuple(order) in orders
        assert order[0] < order[-1]
        assert value == pytest.approx(min(length(d, o) for o in orders), abs=1e-12)
        assert value == pytest.approx(length(d, order), abs=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_it_is_never_longer_than_scipys_order_and_often_shorter(method: Linkage) -> None:
    shorter = 0
    for seed in range(60):
        n = 4 + seed % 5
        d = dissimilarity(n, seed)
        tree = linkage_tree(d, method)
        _, value = optimal_leaf_order(d, tree)
        theirs = length(d, leaves_list(optimal_leaf_ordering(tree, d[np.triu_indices(n, 1)])))
        assert value <= theirs + 1e-12
        shorter += value < theirs - 1e-9
    assert shorter >= 6


def test_a_known_order_that_scipy_misses() -> None:
    d = np.zeros((4, 4))  # from scipy's bug tracker: the tree allows 0, 1, 2, 3, which is shortest
    upper = [0.46680166, 0.7747411, 0.79942054, 0.28626558, 0.68441929, 0.74692541]
    d[np.triu_indices(4, 1)] = upper
    order, value = optimal_leaf_order(d + d.T, linkage_tree(d + d.T, "complete"))
    assert order.tolist() == [0, 1, 2, 3]
    assert value == pytest.approx(0.46680166 + 0.28626558 + 0.74692541)


def test_the_order_of_points_on_a_line_is_theirs() -> None:
    place = np.random.default_rng(3).permutation(200)
    d = np.abs(place[:, None] - place[None, :]).astype(np.float64)
    for method in METHODS:
        order, value = optimal_leaf_order(d, linkage_tree(d, method))
        assert value == 199
        assert sorted([place[order].tolist(), place[order[::-1]].tolist()])[0] == list(range(200))


def test_the_deepest_tree_and_the_same_order_every_time() -> None:
    d = dissimilarity(300, 0)
    order, value = optimal_leaf_order(d, chain(300))
    assert sorted(order.tolist()) == list(range(300))
    assert np.array_equal(order, optimal_leaf_order(d.copy(), chain(300))[0])
    # Every item after the second goes to the front or to the back of those before it.
    place, low, high = np.argsort(order), *sorted(np.argsort(order)[:2])
    assert high == low + 1
    for item in range(2, 300):
        assert place[item] in (low - 1, high + 1)
        low, high = min(low, place[item]), max(high, place[item])
    assert value < length(d, tuple(range(300)))


def test_one_item_and_two() -> None:
    order, value = optimal_leaf_order(np.zeros((1, 1)), linkage_tree(np.zeros((1, 1))))
    assert (order.tolist(), value) == ([0], 0.0)
    d = np.array([[0, 3], [3, 0]])
    order, value = optimal_leaf_order(d, linkage_tree(d, "single"))
    assert (order.tolist(), value) == ([0, 1], 3.0)


@pytest.mark.parametrize("seed", range(10))
def test_single_linkage_is_the_spanning_tree(seed: int) -> None:
    n = 20
    d = dissimilarity(n, seed)
    tree = linkage_tree(d, "single")
    graph = nx.from_numpy_array(d)
    spanning = nx.minimum_spanning_tree(graph)
    assert tree[:, 2].tolist() == pytest.approx(sorted(weight for _, _, weight in spanning.edges(data="weight")))
    for height, members in zip(tree[:, 2], clusters(tree, n)[n:], strict=True):
        lighter = [(u, v) for u, v, weight in spanning.edges(data="weight") if weight <= height]
        assert set(members) in [set(c) for c in nx.connected_components(nx.Graph(lighter))]


@pytest.mark.parametrize(("method", "of"), [("single", min), ("complete", max), ("average", np.mean)])
def test_clusters_are_as_far_apart_as_their_merger_is_high(method: Linkage, of: Callable[[list[float]], float]) -> None:
    n = 12
    d = dissimilarity(n, 5)
    tree = linkage_tree(d, method)
    members = clusters(tree, n)
    now = list(range(n))
    for i, (left, right, height, size) in enumerate(tree):
        apart = {(a, b): of([d[u, v] for u in members[a] for v in members[b]]) for a, b in combinations(now, 2)}
        assert height == pytest.approx(min(apart.values()))
        assert height == pytest.approx(apart[tuple(sorted((int(left), int(right))))])
        assert size == len(members[n + i])
        now = [c for c in now if c not in (left, right)] + [n + i]


def test_wards_heights_are_the_growth_of_the_variance() -> None:
    points = np.random.default_rng(1).random((10, 3))
    d = np.linalg.norm(points[:, None] - points[None, :], axis=2)
    tree = linkage_tree((d + d.T) / 2, "ward")
    members = clusters(tree, 10)
    scatter = [((points[m] - points[m].mean(axis=0)) ** 2).sum() for m in members]
    for i, (left, right, height, _) in enumerate(tree):
        assert height**2 == pytest.approx(2 * (scatter[10 + i] - scatter[int(left)] - scatter[int(right)]))


@pytest.mark.parametrize(
    ("d", "about"),
    [
        (np.zeros((2, 3)), "shape"),
        (np.zeros((0, 0)), "shape"),
        (np.array([[0, np.nan], [np.nan, 0]]), "finite"),
        (np.array([[0, 1.0], [2.0, 0]]), "symmetric"),
        (np.ones((2, 2)), "diagonal"),
    ],
)
def test_dissimilarities_that_are_none(d: Floats, about: str) -> None:
    with pytest.raises(ValueError, match=about):
        linkage_tree(d)
    with pytest.raises(ValueError, match=about):
        optimal_leaf_order(d, np.array([[0, 1, 1, 2.0]]))


@pytest.mark.parametrize(
    "rows",
    [
        [[0, 1, 1, 2]],  # of two leaves
        [[0, 1, 1, 2], [0, 2, 2, 3]],  # item 0 twice, the first cluster never
        [[0, 3, 1, 2], [1, 2, 2, 3]],  # a cluster merged with itself
        [0, 1, 2, 3],
    ],
)
def test_trees_that_are_none(rows: list[object]) -> None:
    with pytest.raises(ValueError, match="tree"):
        optimal_leaf_order(dissimilarity(3, 0), np.array(rows, dtype=np.float64))
