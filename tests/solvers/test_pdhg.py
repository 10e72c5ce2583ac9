"""Primal-dual steps against HiGHS's optimum, Dijkstra's distance, and directions that prove there is no optimum."""

from __future__ import annotations

import subprocess
import sys
import warnings
from dataclasses import replace
from functools import partial
from typing import Any

import networkx as nx
import numpy as np
import pytest
import torch
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, random_array, vstack

from solvers.linear.linear_program import Arrays
from solvers.linear.pdhg import PrimalDual, equilibrated, norm, product

INF = np.inf


def lp(c: Any, A: Any, rows: Any, columns: Any) -> Arrays:
    """From lists; rows and columns are pairs of limits, each a number or a list."""
    A = csr_array(np.asarray(A, dtype=float).reshape(-1, len(c)))
    limits = [
        np.broadcast_to(np.asarray(side, dtype=float), size).copy()
        for pair, size in zip((rows, columns), A.shape, strict=True)
        for side in pair
    ]
    return Arrays(np.asarray(c, dtype=float), A, *limits)


def random_lp(m: int, n: int, seed: int) -> Arrays:
    """Built around a solution: equal, ranged, one-sided and free rows; boxed, fixed, one-sided and free columns."""
    r = np.random.default_rng(seed)
    A = random_array((m, n), density=r.choice([0.1, 0.3, 0.8]), rng=r, data_sampler=lambda size: r.normal(size=size))
    if seed % 2:  # badly scaled
        A = A.multiply(np.exp(1.5 * r.normal(size=(m, 1)))).multiply(np.exp(1.5 * r.normal(size=(1, n))))
    A, x = csr_array(A), 3 * r.normal(size=n)

    def around(values: Any) -> tuple[Any, Any, Any]:
        """Limits on both sides, at the values or off them or infinite, and multipliers that lean on those at them."""
        slack = r.exponential(size=(2, len(values))) * (r.random((2, len(values))) < 0.5)
        low = np.where(r.random(len(values)) < 0.6, values - slack[0], -INF)
        high = np.where(r.random(len(values)) < 0.6, values + slack[1], INF)
        least, most = np.where(high == values, -INF, 0), np.where(low == values, INF, 0)
        return low, high, np.clip(r.normal(size=len(values)), least, most)

    (lower, upper, reduced), (row_lower, row_upper, y) = around(x), around(A @ x)
    return Arrays(A.T @ y + reduced, A, row_lower, row_upper, lower, upper)


def infeasible_lp(m: int, n: int, seed: int) -> Arrays:
    """A random one with a row that a combination of the others contradicts."""
    r, given = np.random.default_rng(seed), random_lp(m, n, 2 * seed)
    y = r.normal(size=m) * (r.random(m) < 0.5)
    y = np.clip(y, np.where(given.row_upper < INF, -INF, 0), np.where(given.row_lower > -INF, INF, 0))
    least = np.where(y > 0, given.row_lower, np.where(y < 0, given.row_upper, 0)) @ y
    A = csr_array(vstack([given.A, csr_array((given.A.T @ y)[None, :])], format="csr"))
    row_lower, row_upper = np.r_[given.row_lower, -INF], np.r_[given.row_upper, least - 1]
    return replace(given, A=A, row_lower=row_lower, row_upper=row_upper)


def unbounded_lp(m: int, n: int, seed: int) -> Arrays:
    """A random one, feasible as before, whose limits and costs leave a direction free."""
    r, given = np.random.default_rng(seed), random_lp(m, n, 2 * seed)
    d = r.normal(size=n) * (r.random(n) < 0.5)
    change = given.A @ d
    return Arrays(
        given.c - d * max(0, given.c @ d + 1) / (d @ d),
        given.A,
        np.where(change < 0, -INF, given.row_lower),
        np.where(change > 0, INF, given.row_upper),
        np.where(d < 0, -INF, given.lower),
        np.where(d > 0, INF, given.upper),
    )


def shortest_path(graph: Any, target: int) -> Arrays:
    """The least cost of a unit of flow from node 0 to the target."""
    b = np.zeros(len(graph))
    b[0], b[target] = 1, -1
    A = -nx.incidence_matrix(graph, nodelist=range(len(graph)), oriented=True)
    weights = [weight for _, _, weight in graph.edges(data="weight")]
    return lp(weights, A.toarray(), (b, b), (0, INF))


def grid(width: int, seed: int) -> Any:
    r, graph = np.random.default_rng(seed), nx.convert_node_labels_to_integers(nx.grid_2d_graph(width, width))
    graph = graph.to_directed()
    nx.set_edge_attributes(graph, {edge: int(r.integers(1, 1001)) for edge in graph.edges}, "weight")
    return graph


def random_digraph(n: int, m: int, seed: int) -> Any:
    r, graph = np.random.default_rng(seed), nx.gnm_random_graph(n, m, seed, directed=True)
    nx.set_edge_attributes(graph, {edge: int(r.integers(1, 1001)) for edge in graph.edges}, "weight")
    return graph


def optimum(given: Arrays) -> float:
    rows = LinearConstraint(given.A, given.row_lower, given.row_upper) if given.A.shape[0] else ()
    result = milp(given.c, constraints=rows, bounds=Bounds(given.lower, given.upper))
    assert result.status == 0
    return float(result.fun)


def converged(given: Arrays, tolerance: float = 1e-8, most: int = 30_000, device: str = "cpu") -> PrimalDual:
    solver = PrimalDual(given, device)
    while max(solver.residuals()) > tolerance and solver.iterations < most:
        solver.run(256)
    assert max(solver.residuals()) <= tolerance, solver.residuals()
    return solver


def bound(given: Arrays, y: Any, c: Any) -> tuple[float, float]:
    """The Lagrangian bound of the multipliers at those costs, and the largest reduced cost with an infinite bound."""
    reduced = c - given.A.T @ y
    slopes = np.r_[reduced, y]
    limits = np.where(slopes > 0, np.r_[given.lower, given.row_lower], np.r_[given.upper, given.row_upper])
    limits[slopes == 0] = 0
    assert np.isfinite(limits[len(reduced) :]).all(), "y leans on an infinite side"
    endless = ~np.isfinite(limits)
    return float(limits[~endless] @ slopes[~endless]), float(abs(slopes[endless]).max(initial=0))


def outside(given: Arrays, x: Any) -> float:
    """The largest violation of a row."""
    Ax = given.A @ x
    return float(np.maximum(given.row_lower - Ax, Ax - given.row_upper).max(initial=0))


def check_optimal(given: Arrays, solver: PrimalDual, value: float) -> None:
    x, y, near = solver.x, solver.y, 1e-5 * (1 + abs(value))
    assert given.c @ x == pytest.approx(value, abs=near)
    assert (x >= given.lower).all()
    assert (x <= given.upper).all()
    assert outside(given, x) < 1e-5 * (1 + abs(x).max(initial=0))
    dual, wrong = bound(given, y, given.c)
    assert dual == pytest.approx(value, abs=near)
    assert wrong < 1e-5 * (1 + abs(given.c).max())


@pytest.mark.parametrize("seed", range(40))
def test_random_programs_against_highs(seed: int) -> None:
    r = np.random.default_rng(seed)
    given = random_lp(int(r.integers(1, 15)), int(r.integers(1, 20)), seed)
    check_optimal(given, converged(given), optimum(given))


@pytest.mark.parametrize("seed", range(4))
def test_larger_random_programs_against_highs(seed: int) -> None:
    given = random_lp(60, 80, seed)
    check_optimal(given, converged(given), optimum(given))


@pytest.mark.parametrize("graph", [grid(12, 0), random_digraph(200, 1000, 1)], ids=["grid", "random"])
def test_shortest_paths_against_dijkstra(graph: Any) -> None:
    target = len(graph) - 1
    given, distance = shortest_path(graph, target), nx.dijkstra_path_length(graph, 0, target)
    solver = converged(given)
    check_optimal(given, solver, distance)
    assert solver.y[0] - solver.y[target] == pytest.approx(distance)


EDGES = {
    "no rows": (lp([1, -2, 0], [], ([], []), ([-3, -3, -1], [5, 1e9, 1])), -3 - 2e9),
    "a column in no row": (lp([1, -1], [[2, 0]], (4, 4), (0, [INF, 1e7])), 2 - 1e7),
    "a row without entries": (lp([1, 1], [[1, 1], [0, 0]], ([1, -1], [INF, 2]), (0, INF)), 1),
    "a row without limits": (lp([1, 1], [[1, 1], [1, -1]], ([1, -INF], [INF, INF]), (0, INF)), 1),
    "no costs": (lp([0, 0], [[1, 2]], (3, 5), (-INF, INF)), 0),
    "no right-hand sides": (lp([1, -1], [[1, -1]], (0, 0), (0, 4)), 0),
    "nothing but zeros": (lp([0, 0], [[0, 0]], (0, 0), (0, INF)), 0),
    "fixed columns": (lp([1, 2, 3], [[1, 1, 1]], (6, INF), ([2, 0, 1], [2, INF, 1])), 2 + 6 + 3),
    "free columns": (lp([1, 1], [[1, 2], [2, 1]], (3, 3), (-INF, INF)), 2),
    "upper limits only": (lp([-1, -1], [[1, 2], [3, 1]], (-INF, [4, 6]), (-INF, 10)), -2.8),
    "both sides": (lp([1, -1], [[1, 1], [1, -1]], ([-1, -2], [1, 2]), (-INF, INF)), -2),
    "one entry": (lp([1], [[1e-6]], (1, INF), (0, INF)), 1e6),
}


@pytest.mark.parametrize(("given", "value"), EDGES.values(), ids=EDGES)
def test_what_may_be_missing(given: Arrays, value: float) -> None:
    assert optimum(given) == pytest.approx(value)
    check_optimal(given, converged(given), value)


def test_a_maximum_flow_converges() -> None:
    """Nothing but zeros on the right and one cost; steps only 1.5 % too long diverged on it."""
    graph = random_digraph(100, 600, 3)
    A = -nx.incidence_matrix(graph, nodelist=range(100), oriented=True).toarray()
    back = np.zeros((100, 1))
    back[0], back[99] = -1, 1
    capacities = [weight for _, _, weight in graph.edges(data="weight")]
    given = lp(np.r_[np.zeros(600), -1], np.c_[A, back], (0, 0), (0, [*capacities, INF]))
    check_optimal(given, converged(given), -nx.maximum_flow_value(graph, 0, 99, capacity="weight"))


def test_the_same_seed_takes_the_same_steps() -> None:
    given = random_lp(30, 40, 5)
    once, again = PrimalDual(given, seed=7), PrimalDual(given, seed=7)
    once.run(500)
    for steps in (1, 2, 30, 267, 200):
        again.run(steps)
    assert once.iterations == again.iterations == 500
    assert np.array_equal(once.x, again.x)
    assert np.array_equal(once.y, again.y)
    assert once.residuals() == again.residuals()


def test_the_program_stays_as_it_was_and_no_warning_is_heard() -> None:
    given = random_lp(10, 12, 4)
    copy = replace(given, A=given.A.copy(), c=given.c.copy(), lower=given.lower.copy())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        PrimalDual(given).run(100)
    assert (given.A != copy.A).nnz == 0
    assert np.array_equal(given.c, copy.c)
    assert np.array_equal(given.lower, copy.lower)


@pytest.mark.parametrize("seed", range(6))
def test_residuals_are_those_of_the_point(seed: int) -> None:
    given = random_lp(8, 10, seed)
    solver = PrimalDual(given)
    for steps in (1, 15, 40):  # in the first epoch, at its end, in a later one
        solver.run(steps)
        x, y = solver.x, solver.y
        Ax, sides = given.A @ x, np.array([given.row_lower, given.row_upper])
        b = abs(np.where(np.isfinite(sides), sides, 0)).max(axis=0)
        reduced = given.c - given.A.T @ y
        wrong = np.where(np.isinf(np.where(reduced > 0, given.lower, given.upper)), reduced, 0)
        value, dual = given.c @ x, bound(given, y, given.c)[0]
        primal = np.linalg.norm(np.clip(Ax, *sides) - Ax) / (1 + np.linalg.norm(b))
        gap = abs(value - dual) / (1 + abs(value) + abs(dual))
        expected = primal, np.linalg.norm(wrong) / (1 + np.linalg.norm(given.c)), gap
        assert solver.residuals() == pytest.approx(expected, rel=1e-6, abs=1e-9)


INFEASIBLE = {
    "contradicting rows": lp([1, 1], [[1, 1], [1, 1]], ([2, -INF], [INF, 1]), (0, INF)),
    "hardly": lp([1, 1], [[1, 1], [1, 1]], ([2, -INF], [INF, 1.999]), (0, INF)),
    "out of the box": lp([0, 0], [[1, 1]], (3, 3), (0, 1)),
    "a row without entries": lp([1, 1], [[1, 1], [0, 0]], ([2, 1], [3, INF]), (0, INF)),
    "no path": shortest_path(nx.DiGraph([(0, 1, {"weight": 1}), (1, 0, {"weight": 2}), (2, 3, {"weight": 3})]), 3),
    **{f"random {seed}": infeasible_lp(20, 30, seed) for seed in range(5)},
}


@pytest.mark.parametrize("given", INFEASIBLE.values(), ids=INFEASIBLE)
def test_multipliers_of_an_infeasible_program_head_for_a_proof(given: Arrays) -> None:
    solver = PrimalDual(given)
    solver.run(4000)
    y = solver.rays()[1]
    assert abs(y).max() == pytest.approx(1)
    value, wrong = bound(given, y, 0 * given.c)
    assert value > 5e-4
    assert wrong < 1e-6


UNBOUNDED = {
    "no rows": lp([1, -1], [], ([], []), (0, INF)),
    "a column in no row": lp([1, -1], [[1, 0]], (1, 1), (0, INF)),
    "one free direction": lp([1, -2], [[1, -1]], (-1, 1), (0, INF)),
    "a negative cycle": shortest_path(
        nx.DiGraph([(0, 1, {"weight": 1}), (1, 2, {"weight": -3}), (2, 0, {"weight": 1}), (2, 3, {"weight": 1})]), 3
    ),
    **{f"random {seed}": unbounded_lp(20, 30, seed) for seed in range(5)},
}


@pytest.mark.parametrize("given", UNBOUNDED.values(), ids=UNBOUNDED)
def test_the_point_of_an_unbounded_program_heads_downwards(given: Arrays) -> None:
    solver = PrimalDual(given)
    solver.run(4000)
    x = solver.rays()[0]
    assert abs(x).max() == pytest.approx(1)
    assert given.c @ x < -1e-3
    assert (x[np.isfinite(given.lower)] >= 0).all()
    assert (x[np.isfinite(given.upper)] <= 0).all()
    limits = np.where(np.isfinite(given.row_lower), 0, -INF), np.where(np.isfinite(given.row_upper), 0, INF)
    assert outside(replace(given, row_lower=limits[0], row_upper=limits[1]), x) < 1e-6


def test_rays_before_the_first_step_point_nowhere() -> None:
    x, y = PrimalDual(random_lp(3, 4, 0)).rays()
    assert not x.any()
    assert not y.any()


@pytest.mark.parametrize("seed", range(6))
def test_the_scaled_matrix_has_norm_at_most_one_and_lanczos_finds_it(seed: int) -> None:
    A = random_lp(40, 60, seed).A
    K, rows, columns = equilibrated(A)
    assert K.toarray() == pytest.approx(rows[:, None] * A.toarray() * columns)
    exact = np.linalg.norm(K.toarray(), 2)
    assert exact <= 1 + 1e-12
    start = torch.tensor(np.random.default_rng(seed).normal(size=60))
    assert norm(product(K, "cpu"), product(csr_array(K.T), "cpu"), start) == pytest.approx(exact, rel=1e-3)


@pytest.mark.parametrize("seed", range(4))
def test_large_programs_take_the_same_steps_with_products_by_torch(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    given = random_lp(20, 30, seed)
    small = PrimalDual(given)
    monkeypatch.setattr("solvers.linear.pdhg.TORCH_NONZEROS", 0)
    large = PrimalDual(given)
    for solver in (small, large):
        solver.run(100)
    assert large.x == pytest.approx(small.x, rel=1e-6, abs=1e-9)
    assert large.y == pytest.approx(small.y, rel=1e-6, abs=1e-9)


def test_a_matrix_of_a_million_entries_is_left_to_torch() -> None:
    M = random_array((40_000, 30_000), density=1 / 1000, format="csr", rng=np.random.default_rng(0))
    v = np.random.default_rng(1).normal(size=30_000)
    assert isinstance(product(csr_array(M), "cpu"), partial)
    assert product(csr_array(M), "cpu")(torch.tensor(v)).numpy() == pytest.approx(M @ v)


def test_importing_it_loads_no_torch() -> None:
    program = "import solvers.linear.pdhg, sys; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_on_a_gpu() -> None:
    given = shortest_path(grid(12, 0), 143)
    check_optimal(given, converged(given, device="cuda"), optimum(given))
