"""Hierarchies against all binary trees, against scipy, and what lies about them come to."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import cophenet, fcluster, linkage
from scipy.spatial.distance import squareform

from formulations.arithmetic.lance_williams import replay
from formulations.arithmetic.merges import cophenetic, groups, groups_below, inversions, misshapen
from formulations.bounds.hierarchy_bounds import (
    best_splits,
    eigenvalue_bound,
    merges_of_splits,
    second_eigenvalue,
    splits_bound,
    triples_bound,
)
from formulations.clustering import RULES, clustering, dasgupta, linked, open_choices, similarities
from formulations.graphs.prim import shortest_forest
from formulations.problem import Floats
from solvers import solve
from solvers.findings import Findings
from solvers.judge import judge
from solvers.judged.searched import Searched

ROUNDING = 1e-9


def points(seed: int, n: int, whole: bool = False) -> Floats:
    """Distances of n points in the plane; whole: on a grid, with ties and duplicates."""
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 4, (n, 2)).astype(float) if whole else rng.standard_normal((n, 2))
    found: Floats = np.sqrt(((x[:, None] - x) ** 2).sum(axis=2))
    return found


@st.composite
def matrices(draw: Any, most: int = 6) -> Floats:
    """Any symmetric numbers from 0, metrics or not."""
    n = draw(st.integers(1, most))
    entries = st.one_of(st.integers(0, 3).map(float), st.floats(0, 1e3).map(lambda x: round(x, 3)))
    found = np.zeros((n, n))
    for i, j in combinations(range(n), 2):
        found[i, j] = found[j, i] = draw(entries)
    return found


def trees(items: list[int]) -> Iterator[Any]:
    """All binary trees with those leaves."""
    if len(items) == 1:
        yield items[0]
        return
    first, *rest = items
    for mask in range(2 ** len(rest) - 1):
        left = [first, *(item for k, item in enumerate(rest) if mask >> k & 1)]
        right = [item for k, item in enumerate(rest) if not mask >> k & 1]
        for a in trees(left):
            yield from ((a, b) for b in trees(right))


def cost(tree: Any, w: Floats) -> tuple[float, list[int]]:
    """Dasgupta's cost by its definition, and the leaves."""
    if isinstance(tree, int):
        return 0.0, [tree]
    (x, left), (y, right) = cost(tree[0], w), cost(tree[1], w)
    return x + y + (len(left) + len(right)) * float(w[np.ix_(left, right)].sum()), left + right


def least_cost(w: Floats) -> float:
    return min(cost(tree, w)[0] for tree in trees(list(range(len(w)))))


def bottlenecks(d: Floats) -> Floats:
    """The least longest step of any path between two items, by Floyd and Warshall."""
    u = d.copy()
    for k in range(len(d)):
        u = np.minimum(u, np.maximum(u[:, k, None], u[None, k]))
    return u


@settings(max_examples=60, deadline=None)
@given(matrices())
def test_no_tree_of_all_is_cheaper_than_the_best_splits_and_no_bound_is_above(w: Floats) -> None:
    least, slack = least_cost(w), ROUNDING * (1 + w.sum() * len(w))
    table, part = best_splits(w)
    merges = merges_of_splits(part)
    form = dasgupta(w).objective
    assert misshapen(merges, len(w)) is None
    assert form.value(merges) == pytest.approx(least, abs=slack)
    assert least - slack <= splits_bound(w, table) <= least
    assert eigenvalue_bound(w, second_eigenvalue(w)) <= least
    triples = triples_bound(w, np.arange(len(w)))
    assert triples <= least
    rng = np.random.default_rng(0)
    for parts in range(1, len(w) + 1):
        assert triples_bound(w, rng.integers(0, parts, len(w))) <= triples + slack
    assert splits_bound(w, table + rng.uniform(-1, 1, len(table))) <= least


@settings(max_examples=40, deadline=None)
@given(matrices())
def test_the_best_hierarchy_of_few_items_is_proven(w: Floats) -> None:
    solution = solve(dasgupta(w))
    assert solution.proven
    assert solution.value == pytest.approx(least_cost(w), abs=ROUNDING * (1 + w.sum() * len(w)))


@settings(max_examples=80, deadline=None)
@given(matrices(9))
def test_single_linkage_is_the_largest_ultrametric_below(d: Floats) -> None:
    solution = solve(clustering(d, "single"))
    assert solution.proven
    assert solution.certificate.exact
    u = cophenetic(np.array(solution.answer).reshape(-1, 4))
    assert np.array_equal(u, bottlenecks(d))
    assert (u <= d).all()
    assert (u[:, :, None] <= np.maximum(u[:, None, :], u.T[None])).all()


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("seed", range(4))
def test_heights_are_those_of_scipy_and_of_the_definition(rule: Any, seed: int) -> None:
    d = points(seed, 40)
    solution = solve(clustering(d, rule))
    merges, theirs = np.array(solution.answer), linkage(squareform(d), rule)
    assert merges[:, 2] == pytest.approx(theirs[:, 2], rel=1e-12)
    assert squareform(cophenetic(merges)) == pytest.approx(cophenet(theirs), rel=1e-12)
    assert solution.bound is not None
    assert solution.proven or solution.bound <= solution.value
    if rule != "single":
        pairs = combinations(range(40), 2)
        size = {(i, j): len(_together(merges, i, j)) for i, j in pairs}
        assert solution.value == pytest.approx(sum(w * s for w, s in _weighed(similarities(d), size)), rel=1e-12)


def _weighed(w: Floats, size: dict[tuple[int, int], int]) -> Iterator[tuple[float, int]]:
    return ((float(w[pair]), s) for pair, s in size.items())


def _together(merges: Floats, i: int, j: int) -> set[int]:
    """The least cluster with both."""
    clusters = [{k} for k in range(len(merges) + 1)]
    for left, right in merges[:, :2].astype(int).tolist():
        clusters.append(clusters[left] | clusters[right])
        if {i, j} <= clusters[-1]:
            return clusters[-1]
    raise AssertionError


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("seed", range(6))
def test_ties_and_duplicates_are_clustered_and_told(rule: Any, seed: int) -> None:
    d = points(seed, 12, whole=True)
    solution = solve(clustering(d, rule))
    assert solution.status in ("optimal", "feasible")
    assert open_choices(d, np.array(solution.answer), rule) > 0
    assert open_choices(points(seed, 12), linked(points(seed, 12), rule), rule) == 0


def judged(problem: Any, merges: Any, certificates: Any = ()) -> Any:
    found = Findings(solver="liar", ended="optimal", candidates=[merges], certificates=certificates)
    return judge(Searched(problem), found)


@pytest.mark.parametrize("rule", RULES)
def test_lies_about_merges_are_caught(rule: Any) -> None:
    d = points(3, 10)
    problem = clustering(d, rule)
    true = linked(d, rule)

    def said(change: Any) -> str:
        merges = true.copy()
        change(merges)
        return str(judged(problem, merges).message)

    assert judged(problem, true).value is not None

    def higher(merges: Floats) -> None:
        merges[4, 2] += 0.01

    def other(merges: Floats) -> None:  # not the nearest two first
        merges[0, 0], merges[1, 0] = merges[1, 0], merges[0, 0]

    def twice(merges: Floats) -> None:
        merges[0, 0] = merges[0, 1]

    def larger(merges: Floats) -> None:
        merges[4, 3] += 1

    def unmade(merges: Floats) -> None:
        merges[:, 0] = merges[::-1, 0]

    for change in (higher, other, twice, larger, unmade):
        assert "so it is no answer" in said(change), change
    assert "no answer" in str(judged(problem, true[:-1]).message)
    assert "no answer" in str(judged(problem, np.full_like(true, np.nan)).message)


def test_an_ultrametric_that_is_not_the_largest_is_not_proven() -> None:
    d = points(0, 8)
    problem = clustering(d, "single")
    lower = linked(d, "single")
    lower[:, 2] *= 0.99
    tree = shortest_forest(d)[1]
    name = problem.weak_duals[0].name
    assert judged(problem, linked(d, "single"), [(name, tree)]).proven
    assert judged(problem, lower, [(name, tree)]).status == "feasible"


def test_heights_that_fall_are_no_ultrametric_and_those_above_the_distances_are_too_high() -> None:
    d = points(0, 8)
    form = clustering(d, "single").objective
    falling, higher = linked(d, "single"), linked(d, "single")
    falling[-1, 2] = falling[-2, 2] / 2
    higher[-1, 2] = np.nextafter(higher[-1, 2], np.inf)
    assert "no merge is lower" in form.broken(falling)  # type: ignore[attr-defined]
    assert form.broken(higher) == "u <= d"  # type: ignore[attr-defined]


def test_what_is_no_spanning_tree_proves_nothing() -> None:
    d = points(1, 7)
    form = clustering(d, "single").objective
    tree = shortest_forest(d)[1]
    least = float(form.bound(tree))
    star = np.full(7, 0)
    star[0] = -1
    assert float(form.bound(star)) >= least  # any tree proves something
    circle = tree.copy()
    circle[np.flatnonzero(tree == -1)[0]] = 3
    two = tree.copy()
    two[np.flatnonzero(tree >= 0)[:2]] = [-1, -1]
    swapped = np.array([-1, 2, 1, 0, 0, 0, 0])
    for lie in (circle, two, swapped, tree[:-1], tree.astype(float), tree + 7, "tree", None):
        assert form.bound(lie) == math.inf


def test_lies_about_bounds_are_caught() -> None:
    d = points(2, 9)
    w = similarities(d)
    true = second_eigenvalue(w)
    assert eigenvalue_bound(w, true) > 0
    for lie in (true + 1e-3, 2 * true, math.nan, math.inf, "much"):
        assert eigenvalue_bound(w, lie) == -math.inf
    least = float(best_splits(w)[0][-1])
    table = best_splits(w)[0]
    assert splits_bound(w, table * 1.1) <= least
    for lie in (table[:-1], np.full_like(table, np.nan), None):
        assert splits_bound(w, lie) == -math.inf
    for lie in (np.arange(8), np.ones(9), None):
        assert triples_bound(w, lie) == -math.inf


def test_triples_of_an_ultrametric_prove_its_hierarchy() -> None:
    u = cophenetic(linked(points(5, 30), "average"))
    solution = solve(clustering(u, "average"))
    assert solution.proven
    assert solution.certificate.kind == "triples"


def test_centroids_may_merge_lower_and_that_is_named() -> None:
    triangle = np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0.0]])
    merges = linked(triangle, "centroid")
    assert inversions(merges).tolist() == [1]
    assert inversions(linked(triangle, "average")).tolist() == []


@pytest.mark.parametrize("rule", ["complete", "average", "ward"])
def test_groups_are_those_of_scipy(rule: Any) -> None:
    merges = linked(points(7, 25), rule)
    for k in range(1, 26):
        ours, theirs = groups(merges, k), fcluster(merges, k, "maxclust")
        assert len(np.unique(ours)) == k
        assert np.array_equal(ours[:, None] == ours, theirs[:, None] == theirs)
    for height in (0.0, 0.3, 1.0, 100.0):
        ours, theirs = groups_below(merges, height), fcluster(merges, height, "distance")
        assert np.array_equal(ours[:, None] == ours, theirs[:, None] == theirs)


def test_a_replay_names_the_first_merge_of_clusters_that_are_not_the_nearest() -> None:
    d = np.abs(np.subtract.outer([0.0, 1, 5, 7], [0.0, 1, 5, 7]))
    assert replay(d, np.array([[0, 1, 1, 2], [2, 3, 2, 2], [4, 5, 7, 4.0]]), "complete").nearer == -1
    assert replay(d, np.array([[0, 1, 1, 2], [2, 4, 5, 3], [3, 5, 7, 4.0]]), "complete").nearer == 1


@pytest.mark.parametrize(
    ("matrix", "said"),
    [
        ([[0.0, 1], [2, 0]], "one way and"),
        ([[0.0, -1], [-1, 0]], "from 0 to"),
        ([[0.0, math.nan], [math.nan, 0]], "finite"),
        ([[0.0, 1e101], [1e101, 0]], "1e\\+100"),
        (np.zeros((0, 0)), "no items|shape"),
        (np.zeros((2, 3)), "shape|square"),
    ],
)
def test_what_are_no_distances_is_refused(matrix: Any, said: str) -> None:
    for rule in RULES:
        with pytest.raises(ValueError, match=said):
            clustering(matrix, rule)


def test_an_unknown_rule_is_refused_and_so_is_a_start() -> None:
    with pytest.raises(ValueError, match="choose among single"):
        clustering(np.zeros((2, 2)), "median")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="takes no start"):
        solve(clustering(np.zeros((2, 2))), start=[[0, 1, 0, 2]])


@pytest.mark.parametrize("rule", RULES)
def test_one_and_two_items(rule: Any) -> None:
    assert solve(clustering([[0.0]], rule)).answer == []
    two = solve(clustering([[0.0, 3], [3, 0]], rule))
    assert two.proven
    assert two.answer == [[0, 1, 3, 2]]
