"""The best center for prices, and what they prove, against all sets and all partitions of few rows; lies are caught."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from formulations.arithmetic.partition_bounds import BY_TREE, Split, tree_bound
from formulations.arithmetic.partitions import SumOfSquares
from formulations.arithmetic.prices import BestCenter, Prices, prices_bound
from formulations.kmeans import kmeans
from solvers import solve
from solvers.judged.searched import Searched


def drawn(seed: int) -> tuple[SumOfSquares, np.random.Generator]:
    """Rows, some of them together, some of which are apart."""
    random = np.random.default_rng(seed)
    n, d = int(random.integers(4, 9)), int(random.integers(1, 5))
    rows = random.normal(size=(n, d)) if seed % 3 else random.integers(0, 3, size=(n, d)).astype(float)
    item = np.concatenate([[0], np.arange(n - 1)]) if seed % 2 else np.arange(n)
    apart = np.array([[1, 2], [2, 3]])[: seed % 4 if seed % 4 < 3 else 0]
    return SumOfSquares(rows - rows.mean(axis=0), int(random.integers(2, 4)), item, apart), random


def least(form: SumOfSquares) -> float:
    every = (np.array(labels) for labels in product(range(form.k), repeat=len(form.rows)))
    return min((form.value(labels) for labels in every if form.broken(labels) is None), default=np.inf)


def most_of_all_sets(form: SumOfSquares, a: np.ndarray) -> float:
    """What the best set of items is worth beyond its squares; no two in it are apart."""
    found = 0.0
    for chosen in product([False, True], repeat=len(form.weights)):
        some = np.flatnonzero(chosen)
        if len(some) and not any(i in some and j in some for i, j in form.conflicts.tolist()):
            w, x = form.weights[some], form.means[some]
            mean = np.average(x, axis=0, weights=w)
            found = max(found, float(w @ a[some] - w @ ((x - mean) ** 2).sum(axis=1)))
    return found


@pytest.mark.parametrize("seed", range(60))
def test_the_best_center_is_found_and_no_partition_beats_the_bound(seed: int) -> None:
    form, random = drawn(seed)
    a = random.exponential(size=len(form.weights)) * random.choice([0.3, 1.0, 5.0]) - 0.1
    search = BestCenter(form, a)
    assert search.closed
    assert search.most == pytest.approx(most_of_all_sets(form, a), rel=1e-9, abs=1e-12)
    bound = form.within + form.weights @ a - form.k * search.most
    assert search.bound == pytest.approx(bound, rel=1e-9, abs=1e-9)
    assert search.bound <= bound
    assert prices_bound(form, Prices(a)) <= least(form) + 1e-12


@pytest.mark.parametrize("work", [1.0, 200.0, 2_000.0])
def test_a_search_that_is_cut_short_proves_less_but_nothing_wrong(work: float) -> None:
    for seed in range(20):
        form, random = drawn(seed)
        a = random.exponential(size=len(form.weights))
        assert BestCenter(form, a, work).most >= most_of_all_sets(form, a) - 1e-12


@pytest.mark.parametrize("seed", range(20))
def test_prices_prove_as_much_where_items_are_joined(seed: int) -> None:
    form, random = drawn(4 * seed)
    prices = Prices(random.exponential(size=len(form.weights)))
    joined = form.merged(0, len(form.weights) - 1)
    item = np.zeros(len(form.weights), dtype=np.int64)
    item[form.item] = joined.item
    carried = prices.carried(form, joined, item)
    assert BestCenter(joined, carried.a).bound >= BestCenter(form, prices.a).bound - 1e-9
    assert prices_bound(joined, carried) <= least(joined) + 1e-12


def test_lies_about_prices_prove_nothing_wrong() -> None:
    rows = np.random.default_rng(1).normal(size=(12, 2))
    problem = kmeans(rows, 3)
    right = solve(problem)
    assert right.proven
    assert right.certificate.kind == BY_TREE
    a = np.full(12, 1.0)
    for lie in (-a, a * 1e9, a * 1e250, a[:-1], a * np.nan, np.full(12, np.inf), np.ones(12, dtype=int), a[:, None]):
        assert float(Searched(problem).bound(BY_TREE, Prices(lie))) <= right.value
    form = problem.objective
    assert isinstance(form, SumOfSquares)
    assert tree_bound(form, Split(0, 1, Prices(a), None)) <= right.value  # of 12 items where there are 11


def test_rows_that_overlap_are_proven_in_seconds_also_where_the_linear_program_is_not_the_value() -> None:
    random = np.random.default_rng(0)
    found = solve(kmeans(random.normal(size=(60, 2)), 3))
    assert found.status == "optimal"
    gaps = [solve(kmeans(random.integers(0, 4, size=(14, 2)).astype(float), 4)) for _ in range(6)]
    assert all(solution.status == "optimal" for solution in gaps)
    assert any(solution.stats["cases"] > 1 for solution in gaps)  # ties: the linear program mixes partitions


def test_many_rows_that_overlap_have_a_narrow_gap() -> None:
    random = np.random.default_rng(2)
    rows = random.normal(size=(4_000, 2)) + 1.5 * random.normal(size=(3, 2))[random.integers(3, size=4_000)]
    found = solve(kmeans(rows, 3), time_limit=60)
    assert found.gap is not None
    assert found.gap < 0.05
