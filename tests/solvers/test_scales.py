"""The same linear program in other units: its costs, and its bounds and right-hand sides, times 1e-30 to 1e30."""

from __future__ import annotations

from typing import Any

import cvxpy as cp
import numpy as np
import pytest

from formulations.problem import Problem
from solvers import solve
from solvers.findings import Findings
from solvers.judge import judge
from solvers.proof.branching import Leaf
from solvers.proof.certificate import Dual, ExactModel
from solvers.proof.program import ExactProgram
from solvers.proof.standard_form import standard_form
from solvers.solution import Solution

SCALES = [1e-30, 1e-12, 1e-9, 1e-6, 1.0, 1e6, 1e15, 1e30]
OPEN = np.inf
KINDS = ("whole numbers", "reals", "degenerate", "least at 0", "no costs", "fixed", "open above")


def stated(c: Any, A: Any, b: Any, upper: Any, lower: Any = 0.0) -> Problem:
    """Minimize c'x over A x >= b, lower <= x <= upper."""
    x = cp.Variable(len(c), name="x", bounds=[lower, upper])
    return Problem(objective=cp.Minimize(c @ x), subject_to={"rows": A @ x >= b})


def told(problem: Problem, x: Any, y: float) -> Solution:
    """What the judge says of an x and one multiplier."""
    program = ExactProgram(problem, ExactModel(standard_form(problem), problem.families))
    proof = Leaf(Dual(np.array([-y])))  # compiled, u >= v reads -u <= -v
    return judge(program, Findings(solver="any", ended="optimal", candidates=[x], certificates=[("any", proof)]))


@pytest.mark.parametrize("upper", [1.0, OPEN])
@pytest.mark.parametrize("cost", SCALES)
@pytest.mark.parametrize("side", SCALES)
def test_in_all_units_what_is_right_is_proven_and_what_is_wrong_by_a_thousandth_is_not(
    side: float, cost: float, upper: float
) -> None:
    problem = stated(cost * np.array([1.0, 2.0]), np.ones((1, 2)), side, side * upper)
    x = np.array([side, 0.0])
    honest = cost * (1 - 1e-12)  # as rounded up, it would prove nothing where there is no upper bound
    assert told(problem, x, honest).status == "optimal"
    lower = told(problem, x, 0.999 * cost)
    assert (lower.status, lower.gap) == ("feasible", pytest.approx(1e-3))
    worse = told(problem, np.array([0.999 * side, 0.001 * side]), honest)
    assert (worse.status, worse.gap) == ("feasible", pytest.approx(1e-3, rel=0.01))
    assert told(problem, 0.999 * x, cost).status == "no_solution"


@pytest.mark.parametrize("solver", ["glop", "highs"])
@pytest.mark.parametrize(
    ("row", "side", "upper"),
    [([1, 1], 1e-9, 1e-9), ([1, 1], 1e-9, 1.0), ([1, 1], 1e-9, OPEN), ([1, 1], 1e-12, OPEN), ([1, 1], 1e-30, OPEN)],
)
def test_a_tiny_value_is_told_from_none(row: Any, side: float, upper: float, solver: str) -> None:
    problem = stated(np.array([1.0, 2.0]), np.array([row]), side, upper)
    assert told(problem, np.array([side, 0.0]), 0.0).status == "feasible"  # the bound is 0
    solution = solve(problem, solver)
    assert solution.status == "optimal"
    assert solution.value == pytest.approx(side)
    assert solution.bound == pytest.approx(side)


@pytest.mark.parametrize("solver", ["glop", "highs"])
def test_nor_does_a_tiny_coefficient_hide_one(solver: str) -> None:
    A, b = np.array([[1.0, -1e-9], [0.0, 1.0]]), np.array([0.0, 1.0])
    solution = solve(stated(np.array([1.0, 0.0]), A, b, OPEN), solver)
    assert solution.bound == pytest.approx(1e-9)  # HiGHS, asked to 1e-9 of 1, is content with 0


def drawn(kind: str, random: np.random.Generator) -> dict[str, Any]:
    """A program with a feasible point."""
    A, c = random.integers(-3, 4, (3, 4)).astype(float), random.integers(-4, 5, 4).astype(float)
    if kind in ("reals", "degenerate"):
        A, c = random.standard_normal((3, 4)), random.standard_normal(4)
    x = random.integers(0, 3, 4).astype(float)
    b, upper = A @ x, np.full(4, 3.0)
    match kind:
        case "degenerate":
            b = np.zeros(3)
        case "least at 0":
            b, c = np.minimum(b, 0), np.abs(c)
        case "no costs":
            c = np.zeros(4)
        case "open above":
            upper, c = np.full(4, OPEN), np.abs(c)
    return {"c": c, "A": A, "b": b, "upper": x if kind == "fixed" else upper, "lower": x if kind == "fixed" else 0.0}


@pytest.mark.parametrize("kind", KINDS)
def test_status_value_and_bound_are_the_same_in_all_units(kind: str) -> None:
    for seed in range(2):
        data = drawn(kind, np.random.default_rng(seed))
        usual = solve(stated(**data), "highs")
        assert usual.status == "optimal"
        assert usual.value is not None
        for scale in [1e-30, 1e-9, 1e-3, 1e6, 1e15]:  # HiGHS takes 1e20 for infinite
            for cost, side in [(scale, 1.0), (1.0, scale), (scale, scale)]:
                scaled = {name: side * part if name != "A" else part for name, part in data.items()}
                solution = solve(stated(**{**scaled, "c": cost * data["c"]}), "highs")
                assert solution.status == "optimal", (kind, seed, cost, side)
                near = pytest.approx(cost * side * usual.value, rel=1e-6, abs=1e-6 * cost * side)
                assert (solution.value, solution.bound) == (near, near)


@pytest.mark.parametrize("solver", ["glop", "highs"])
@pytest.mark.parametrize("seed", range(3))
def test_least_values_of_0_among_many_columns_are_proven_still(seed: int, solver: str) -> None:
    random = np.random.default_rng(seed)
    A, y = random.standard_normal((25, 40)), np.r_[random.random(12), np.zeros(13)]
    b = np.r_[np.zeros(12), -np.abs(random.standard_normal(13))]
    solution = solve(stated(A.T @ y, A, b, 1.0), solver)
    assert solution.status == "optimal"
    assert solution.value == pytest.approx(0, abs=1e-9)
