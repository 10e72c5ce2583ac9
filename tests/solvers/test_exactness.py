"""Where an LP solver's tolerances leave the answer open: differences of 1e-9, against brute force."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from typing import Any

import cvxpy as cp
import networkx as nx
import numpy as np
import pytest
from commandline import answer_of
from hypothesis import given, settings
from hypothesis import strategies as st
from places import SHARED

from formulations.arithmetic.exact import number_by_number
from formulations.arithmetic.relu_bounds import cells
from formulations.arithmetic.relu_network import relu_network
from formulations.problem import Problem
from formulations.robust_network import least_margin
from formulations.shortest_path import shortest_path
from problems.shortest_path import RECIPE
from solvers import solve
from solvers.clock import Clock
from solvers.proof.branching import Leaf, proven
from solvers.proof.certificate import ExactModel
from solvers.proof.exact_simplex import solve_exactly
from solvers.proof.standard_form import standard_form

CASES = {
    "cspy94.gml": ("S", "T", ["--limit", "r=100"], -88, "S 1 3 2 T"),
    "neg4.edgelist": ("a", "d", ["--require-node", "c"], 2, "a b c d"),
    "cspy114.gml": ("Source", "Sink", ["--limit", "load=15.299999"], 0, "Source A C Sink"),
    "bytes.edgelist": ("A", "D", ["--limit", "bytes=1000000000"], 6, "A C D"),
    "toll2.edgelist": ("A", "B", ["--limit", "toll=0.3"], 10, "A C B"),
    "zerogap.gml": ("v0", "v4", ["--limit", "r=0.3"], 0, "v0 v2 v4"),
}


@pytest.mark.skipif(not SHARED.is_dir(), reason="the test data in ../shared is not here")
@pytest.mark.parametrize("solver", ["glop", "highs", "scip", "cp-sat"])
@pytest.mark.parametrize("file", CASES)
def test_paths_whose_limits_bind_by_less_than_a_tolerance(capsys: Any, file: str, solver: str) -> None:
    source, target, options, value, nodes = CASES[file]
    graph = str(SHARED / "cases/graphs" / file)
    code, answer, err = answer_of(
        RECIPE, capsys, "--graph", graph, "--source", source, "--target", target, *options, "--solver", solver
    )
    assert answer["value"] == value
    assert answer["answer"] == nodes.split()
    assert all(check["ok"] for check in answer["checks"])
    if solver in ("glop", "highs"):
        assert answer["certificate"] == {**answer["certificate"], "verified": True, "exact": True}
        assert (code, err) == (0, "")


def exactly(values: Any) -> list[Fraction]:
    numerators, denominator = number_by_number(np.asarray(values, dtype=float))
    return [Fraction(int(p), denominator) for p in numerators]


def drawn(seed: int) -> tuple[Any, Any, Any, Any, int]:
    """Costs, rows, kinds and sides that a point in the box meets but for some 1e-9 of them; the box's upper bound."""
    rng = np.random.default_rng(seed)
    n, m, top = int(rng.integers(2, 6)), int(rng.integers(1, 4)), int(rng.choice([1, 1, 3]))
    scale = float(rng.choice([1, 1e3, 1e9, 1e-6]))
    step = scale * float(rng.choice([0, 1e-6, 1e-7, 1e-8, 1e-9]))
    A = rng.choice([-1, 1, 1, 1], (m, n)) * rng.integers(1, 10, (m, n)) * scale + rng.integers(-2, 3, (m, n)) * step
    b = A @ rng.integers(0, top + 1, n) + rng.integers(-2, 3, m) * step
    c = rng.integers(-9, 10, n) / float(rng.choice([1, 10, 1e-6]))
    return c, A, rng.choice(["<=", "<=", ">=", "=="], m), b, top


def stated(c: Any, A: Any, kinds: Any, b: Any, x: Any) -> Problem:
    rows = {
        f"row {i}": A[i] @ x <= b[i] if kind == "<=" else A[i] @ x >= b[i] if kind == ">=" else A[i] @ x == b[i]
        for i, kind in enumerate(kinds)
    }
    return Problem(objective=cp.Minimize(c @ x), subject_to=rows)


def by_listing(c: Any, A: Any, kinds: Any, b: Any, top: int) -> Fraction | None:
    """The least value of all integer points, in Fractions."""
    costs, rows, sides = exactly(c), [exactly(row) for row in A], exactly(b)
    best = None
    for point in product(range(top + 1), repeat=len(c)):
        x = [Fraction(value) for value in point]
        over = [sum(map(Fraction.__mul__, row, x)) - side for row, side in zip(rows, sides, strict=True)]
        fits = {"<=": lambda r: r <= 0, ">=": lambda r: r >= 0, "==": lambda r: r == 0}
        if all(fits[kind](r) for kind, r in zip(kinds, over, strict=True)):
            value = Fraction(sum(map(Fraction.__mul__, costs, x)))
            best = value if best is None else min(best, value)
    return best


@pytest.mark.parametrize("solver", ["glop", "highs", "scip", "cp-sat"])
@settings(max_examples=30)
@given(seed=st.integers(0, 10**6))
def test_integer_programs_against_all_points(solver: str, seed: int) -> None:
    c, A, kinds, b, top = drawn(seed)
    expected = by_listing(c, A, kinds, b, top)
    solution = solve(stated(c, A, kinds, b, cp.Variable(len(c), name="x", integer=True, bounds=[0, top])), solver)
    if expected is None:
        assert solution.status == "infeasible"
        assert solution.proven
        return
    assert solution.value == pytest.approx(float(expected), rel=1e-12)
    assert solution.proven or solver in ("scip", "cp-sat")


@settings(max_examples=60)
@given(seed=st.integers(0, 10**6), fixed=st.integers(0, 3))
def test_the_exact_simplex_method_proves_what_it_finds(seed: int, fixed: int) -> None:
    c, A, kinds, b, top = drawn(seed)
    model = ExactModel(standard_form(stated(c, A, kinds, b, cp.Variable(len(c), name="x", bounds=[0, top]))), {})
    lower, upper = model.form.lower.copy(), model.form.upper.copy()
    lower[:fixed] = upper[:fixed] = 1.0
    for near in (None, np.full(len(c), 0.5)):
        found = solve_exactly(model, lower, upper, near, Clock(None))
        assert found is not None
        assert found.dual is not None
        bound = model.lower_bound(found.dual, lower, upper, feasibility=found.status == "infeasible").value
        if found.status == "infeasible":
            assert bound > 0
            continue
        assert found.x is not None
        assert bound == sum(map(Fraction.__mul__, exactly(c), found.x))
        for row, kind, side in zip(A, kinds, exactly(b), strict=True):
            activity = sum(map(Fraction.__mul__, exactly(row), found.x))
            assert {"<=": activity <= side, ">=": activity >= side, "==": activity == side}[kind]
        assert all(low <= value <= high for low, value, high in zip(lower, found.x, upper, strict=True))


def test_the_exact_simplex_method_tells_unbounded_programs_and_gives_up_on_large_ones() -> None:
    x = cp.Variable(2, name="x", nonneg=True)
    model = ExactModel(standard_form(Problem(objective=cp.Maximize(x[0]), subject_to={"r": x[0] - x[1] <= 1e-9})), {})
    found = solve_exactly(model, model.form.lower, model.form.upper, None, Clock(None))
    assert found is not None
    assert found.status == "unbounded"
    wide = cp.Variable(30_000, name="x", nonneg=True)
    large = ExactModel(standard_form(Problem(objective=cp.Minimize(cp.sum(wide)), subject_to={"r": wide[:1] >= 1})), {})
    assert solve_exactly(large, large.form.lower, large.form.upper, None, Clock(None)) is None


@pytest.mark.parametrize("solver", ["glop", "highs"])
def test_a_linear_program_that_is_infeasible_by_less_than_a_tolerance_is_proven_so(solver: str) -> None:
    x = cp.Variable(2, name="x", bounds=[0, 1])
    rows = {"sum": cp.sum(x) >= 1, "first": x[0] + 1e-8 <= 0.5, "second": x[1] <= 0.5}
    solution = solve(Problem(objective=cp.Minimize(x[0]), subject_to=rows), solver)
    assert solution.status == "infeasible"
    assert solution.proven
    assert all(name in solution.message for name in rows)


def test_a_row_alone_contradicts_what_the_solver_finds_only_if_it_does() -> None:
    """One row's multiplier, of the wrong sign, proves nothing."""
    x = cp.Variable(2, name="x", boolean=True)
    model = ExactModel(standard_form(Problem(objective=cp.Minimize(0), subject_to={"r": cp.sum(x) <= 1})), {})
    for sign in (1, -1):
        dual = solve_exactly(model, model.form.lower, model.form.upper, None, Clock(None))
        assert dual is not None
        assert dual.dual is not None
        wrong = type(dual.dual)(np.array([sign]), unit=1)
        assert proven(model, Leaf(wrong, infeasible=True)) < 0


@pytest.mark.parametrize("solver", ["glop", "highs"])
@pytest.mark.parametrize("toll", [0.299999, 0.29999999, 0.2999999999])
def test_a_half_that_reduced_costs_leave_empty_holds_nothing(solver: str, toll: float) -> None:
    graph = nx.Graph()
    for u, v, weight, tolls in [("S", "A", 1, 0.1), ("A", "T", 1, 0.2), ("S", "T", 5, 0.3), ("S", "B", 2, 0.0)]:
        graph.add_edge(u, v, weight=weight, toll=tolls)
    graph.add_edge("B", "T", weight=2, toll=0.1)
    solution = solve(shortest_path(graph, "S", "T", limits={"toll": toll}), solver)
    assert (solution.status, solution.value, solution.answer) == ("optimal", 4, ["S", "B", "T"])


@pytest.mark.parametrize("seed", [33, 37, 46, 51])
def test_rows_that_touch_and_are_rounded_apart_leave_answers_between(seed: int) -> None:
    """A network's least margin with layers written into both sides: rounding parts two rows where a unit is on."""
    rng = np.random.default_rng(seed)
    sizes = [2, 4, 3, 2]
    layers = [rng.normal(size=(sizes[k + 1], sizes[k])) for k in range(3)]
    network = relu_network(layers, [rng.normal(size=size) for size in sizes[1:]])
    x = rng.normal(size=2)
    bounds, a, rows = cells(network, x[None] - 0.5, x[None] + 0.5), cp.Variable(2, bounds=[x - 0.5, x + 0.5]), {}
    for k, (W, b) in enumerate(network.layers):
        low, high = np.minimum(bounds.lower[k][0], 0), np.maximum(bounds.upper[k][0], 0)
        z, s, a = W @ a + b, cp.Variable(len(b), boolean=True), cp.Variable(len(b), nonneg=True)
        rows |= {f"above {k}": a >= z, f"off {k}": a <= cp.multiply(high, s)}
        rows |= {f"on {k}": a <= z - cp.multiply(low, 1 - s)}
    W, b = network.weights[-1], network.biases[-1]
    objective = cp.Minimize((W[0] - W[1]) @ a + (b[0] - b[1]))
    found = solve(Problem(objective=objective, subject_to=rows, answer=lambda values: values))
    exact = solve(least_margin(network, x, label=0, rival=1, radius=0.5))
    assert exact.status == "optimal"
    assert found.bound <= exact.value + 1e-9
    assert found.status != "optimal" or found.value == pytest.approx(exact.value, abs=1e-9)
