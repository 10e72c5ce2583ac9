"""Programs over subsets for sums over prefixes and neighbours, against all orders; their tables, whole and spoilt."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from formulations.bounds.prefix_potentials import neighbours_bound, prefix_bound
from formulations.orders.criteria import CRITERIA, criteria
from formulations.problem import Floats, Ints, SearchProblem
from formulations.seriation import seriation
from solvers import solve
from solvers.orders.prefix_program import neighbours_program, prefix_program

SUMS = ["AR_deviations", "AR_events", "Gradient_raw", "Lazy_path_length", "RGAR"]


def orders(n: int) -> Ints:
    return np.array(list(itertools.permutations(range(n))))


def prefix_sum(costs: Floats, order: Ints) -> float:
    before, total = 0, 0.0
    for y in order.tolist():
        total += costs[y, before]
        before |= 1 << y
    return total


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("n", range(1, 7))
def test_the_least_sum_over_prefixes_is_found_and_proven(n: int, seed: int) -> None:
    rng = np.random.default_rng([n, seed])
    costs = rng.normal(size=(n, 2**n)) if seed % 2 else rng.integers(-3, 9, (n, 2**n)).astype(float)
    best = min(prefix_sum(costs, order) for order in orders(n))
    order, f = prefix_program(costs)
    assert prefix_sum(costs, order) == pytest.approx(best)
    assert best - 1e-9 <= prefix_bound(costs, f) <= best
    for _ in range(5):  # no numbers prove more than what holds
        assert prefix_bound(costs, f + rng.normal(size=2**n) * rng.choice([0.01, 1, 100])) <= best


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("n", range(1, 7))
def test_the_least_sum_over_neighbours_is_found_and_proven(n: int, seed: int) -> None:
    rng = np.random.default_rng([n, seed])
    d, weight = rng.normal(size=(n, n)), rng.normal(size=n - 1)
    values = d[orders(n)[:, :-1], orders(n)[:, 1:]] @ weight
    order, f = neighbours_program(d, weight)
    assert d[order[:-1], order[1:]] @ weight == pytest.approx(values.min())
    assert values.min() - 1e-9 <= neighbours_bound(d, weight, f) <= values.min() + 1e-15
    for _ in range(5):
        spoilt = f + rng.normal(size=f.shape) * rng.choice([0.01, 1, 100])
        assert neighbours_bound(d, weight, spoilt) <= values.min()


@pytest.mark.parametrize("table", [None, "text", np.zeros(3), np.full(8, np.nan), np.full((3, 8), np.inf)])
def test_what_is_no_table_proves_nothing(table: object) -> None:
    assert prefix_bound(np.zeros((3, 8)), table) == -np.inf
    assert neighbours_bound(np.zeros((3, 3)), np.ones(2), table) == -np.inf


def dissimilarities(n: int, seed: int) -> Floats:
    d = np.triu(np.random.default_rng(seed).integers(0, 6, (n, n)), 1) / 4
    return np.asarray(d + d.T)


@pytest.mark.parametrize("name", SUMS)
def test_criteria_are_proven_by_it(name: str) -> None:
    for n in (2, 3, 5, 7):
        d = dissimilarities(n, n)
        values = [criteria(d, order)[name] for order in orders(n)]
        solution = solve(seriation(d, name), "subsets")
        assert solution.status == "optimal"
        assert solution.certificate.kind == "potentials of all subsets"
        assert solution.value == pytest.approx(max(values) if CRITERIA[name].merit else min(values))
        assert criteria(d, np.array(solution.answer))[name] == pytest.approx(solution.value)
    solution = solve(seriation(dissimilarities(13, 0), name))
    assert solution.status == "optimal"
    assert solution.agrees


def test_a_spoilt_table_proves_no_optimum() -> None:
    problem = seriation(dissimilarities(8, 0), "AR_events")
    assert isinstance(problem, SearchProblem)
    (honest,) = [dual for dual in problem.weak_duals if dual.name == "potentials of all subsets"]
    spoilt = replace(honest, bound=lambda f: honest.bound(np.roll(f, 1)))
    solution = solve(replace(problem, weak_duals=[spoilt]), "subsets")
    assert solution.status == "feasible"


@pytest.mark.parametrize("name", ["2SUM", "Moore_stress"])
def test_other_criteria_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="sum over prefixes or neighbours"):
        solve(seriation(dissimilarities(5, 0), name), "subsets")
    with pytest.raises(ValueError, match="up to 20 items"):
        solve(seriation(dissimilarities(21, 0), "AR_events"), "subsets")
