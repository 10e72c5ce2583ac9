"""Unbounded linear and integer programs are called so where a point and a direction were checked, and only there."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import cvxpy as cp
import numpy as np
import pytest

from formulations.problem import Family, Floats, Problem, of_cvxpy
from solvers import solve
from solvers.clock import Clock
from solvers.findings import Ended, Findings
from solvers.integer.unbounded import direction
from solvers.judge import judge
from solvers.proof.certificate import ExactModel
from solvers.proof.descent import falls_without_end
from solvers.proof.program import ExactProgram
from solvers.proof.search import Search
from solvers.proof.standard_form import standard_form

ALL = pytest.mark.parametrize("solver", ["highs", "glop", "scip", "cp-sat", "pdlp", "descent-ascent"])
SEEDS = range(12)


def planted(seed: int, integer: bool, most: int = 8) -> tuple[cp.Problem, bool]:
    """A program with a feasible point, and whether one of its directions, which is planted, falls."""
    rng = np.random.default_rng(seed)
    m, n = rng.integers(1, most, 2)
    A = rng.integers(-3, 4, (m, n)) if integer else rng.standard_normal((m, n)).round(int(rng.integers(1, 16)))
    point, d = rng.integers(-3, 4, n), rng.integers(-2, 3, n)
    A = np.where((A @ d <= 0)[:, None], A, -A)
    near = np.abs(rng.integers(-2, 3, (2, n)))
    lower = np.where((d >= 0) & (rng.random(n) < 0.5), point - near[0], -np.inf)
    upper = np.where((d <= 0) & (rng.random(n) < 0.5), point + near[1], np.inf)
    c = rng.integers(-3, 4, n)
    c = c if c @ d < 0 else -c if c @ d > 0 else c - d
    rows = A @ cp.Variable(n, name="x", integer=integer, bounds=[lower, upper]) <= A @ point + rng.integers(0, 3, m)
    [x] = rows.variables()
    falls = bool(d.any()) and seed % 3 > 0
    constraints = [rows] if falls else [rows, cp.abs(x) <= 10]
    return cp.Problem(cp.Minimize(c @ x) if seed % 2 else cp.Maximize(-c @ x), constraints), falls


def model_of(problem: cp.Problem | Problem) -> ExactModel:
    stated = problem if isinstance(problem, Problem) else of_cvxpy(problem)
    return ExactModel(standard_form(stated), stated.families)


@ALL
def test_what_is_planted_is_told_and_proven(solver: str) -> None:
    for seed in SEEDS:
        problem, falls = planted(seed, integer=solver in ("scip", "cp-sat"))
        solution = solve(problem, solver, time_limit=20)
        assert (solution.status == "unbounded") == falls, (seed, solution.message)
        if falls:
            assert (solution.value, solution.bound, solution.certificate.kind) == (None, None, "ray")
            assert solution.proven
            assert solution.certificate.exact == (solver in ("scip", "cp-sat"))
            assert falls_without_end(model_of(problem), solution.certificate.proof)


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_but_a_direction_that_falls_is_one(seed: int) -> None:
    problem, falls = planted(seed, integer=bool(seed % 2))
    model = model_of(problem)
    d, rng = direction(model, Clock(60)), np.random.default_rng(seed)
    assert (d is not None) == falls
    for _ in range(100):
        lie = np.rint(3 * rng.standard_normal(len(model.form.c))).astype(int)
        step = model.form.A @ lie
        inside = (step[np.isfinite(model.form.row_upper)] <= 0).all() and (
            step[np.isfinite(model.form.row_lower)] >= 0
        ).all()
        inside &= (lie[np.isfinite(model.form.upper)] <= 0).all() and (lie[np.isfinite(model.form.lower)] >= 0).all()
        assert falls_without_end(model, lie) == bool(inside and model.form.c @ lie < 0)
    if d is None:
        return
    none: list[Any] = [None, -d, 0 * d, d[1:], d / 1, d * math.nan, d.tolist(), "d", d[None]]
    assert not any(falls_without_end(model, lie) for lie in none)
    assert falls_without_end(model, 10**30 * d.astype(object))


def test_large_programs_are_proven_without_exact_pivots() -> None:
    rng = np.random.default_rng(0)
    d, A, c = np.abs(rng.standard_normal(150)), rng.standard_normal((100, 150)), rng.standard_normal(150)
    A, x = np.where((A @ d > 0)[:, None], -A, A), cp.Variable(150, name="x")
    solution = solve(cp.Problem(cp.Maximize(np.sign(c @ d) * c @ x), [A @ x <= rng.random(100)]))
    assert (solution.status, solution.proven) == ("unbounded", True)


@dataclass(frozen=True)
class Liar:
    """Says of any program that it is unbounded, perhaps with an answer, and with a direction."""

    answer: Floats | None = None
    d: Any = None
    name = "liar"

    def run(self, search: Search) -> Ended:
        search.offer(self.answer)
        search.direction = self.d
        return "unbounded"


x = cp.Variable(2, name="x", nonneg=True)
BOUNDED = cp.Problem(cp.Minimize(2 * x[0] + x[1]), [x[0] + x[1] >= 1, x[0] - x[1] == 0])
EMPTY = cp.Problem(cp.Minimize(-x[0]), [cp.sum(x) <= 1, cp.sum(x) >= 2])


@pytest.mark.parametrize("answer", [None, np.ones(2)])
@pytest.mark.parametrize("d", [None, np.array([-1, -1]), np.array([0, 0]), np.array([1, 1])])
def test_the_solvers_word_alone_is_not_enough(answer: Floats | None, d: Any) -> None:
    solution = solve(BOUNDED, Liar(answer, d))
    assert solution.status in ("feasible", "no_solution")
    assert not solution.proven
    assert "liar calls it unbounded without a proof that can be checked" in solution.message
    assert solve(EMPTY, Liar(None, d)).status == "infeasible"


def test_the_judge_asks_for_a_point_and_a_direction() -> None:
    stated = of_cvxpy(cp.Problem(cp.Maximize(x[0]), [x[0] - x[1] <= 1]))
    program = ExactProgram(stated, model_of(stated))
    point, d = np.array([1.0, 0.0]), np.array([1, 1])
    found = Findings(solver="told", ended="limit", candidates=[point], ray=d)
    assert judge(program, found).status == "unbounded"
    assert judge(program, replace(found, candidates=[])).status == "no_solution"
    assert judge(program, replace(found, candidates=[np.array([5.0, 0.0])])).status == "no_solution"
    assert judge(program, replace(found, ray=np.array([1, 0]))).status == "feasible"
    told = judge(program, replace(found, ended="unbounded", ray=None, candidates=[]))
    assert (told.status, told.certificate.verified) == ("no_solution", False)
    assert "told calls the problem unbounded, without a proof" in told.message


def test_constraints_that_are_found_lazily_may_stand_in_the_way() -> None:
    nothing = Family("nothing", lambda _: None, lambda _: pytest.fail("no rows are broken"))
    stated = replace(of_cvxpy(cp.Problem(cp.Maximize(cp.sum(x)))), for_all=[nothing])
    assert not falls_without_end(model_of(stated), np.array([1, 1]))
    for solver in ("highs", "glop", Liar(np.ones(2), np.array([1, 1]))):
        assert solve(stated, solver).status in ("feasible", "no_solution")


def test_a_point_that_no_integers_have_is_not_enough() -> None:
    y = cp.Variable(2, name="y", integer=True, bounds=[-5, 5])
    n = cp.Variable(name="n", integer=True, nonneg=True)
    for solver in ("highs", "glop", "scip", "cp-sat"):
        assert solve(cp.Problem(cp.Maximize(n), [2 * y[0] + 4 * y[1] == 1]), solver).status == "infeasible"
